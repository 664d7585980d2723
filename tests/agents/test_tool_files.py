"""The setting TOOLS: files and modules, and what is said of the wrong ones."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from twilio_rt_cli.agents.tool_files import load
from twilio_rt_cli.errors import SettingsError

GOOD = '''from twilio_rt_cli.tools import tool
@tool
def {name}(number: int) -> str:
    """Tell where an order is."""
    return "here"
'''


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty working folder; what is imported from it is forgotten afterwards."""
    before = set(sys.modules)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield tmp_path
    for name in set(sys.modules) - before:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def names(specs: str) -> list[str]:
    return [one.name for one in load(specs).definitions]


def refusal(specs: str) -> str:
    with pytest.raises(SettingsError) as caught:
        load(specs)
    assert caught.value.hint
    return caught.value.message


def test_the_sample_is_the_default() -> None:
    assert [one.name for one in load().definitions] == names("sample")
    assert "check_appointment" in names("sample")


@pytest.mark.parametrize("specs", ["", "  ", ",", " , "])
def test_an_empty_list_is_no_tools(specs: str) -> None:
    assert len(load(specs)) == 0


def test_files_and_modules_apart_by_commas_or_blanks(folder: Path) -> None:
    (folder / "orders.py").write_text(GOOD.format(name="order_status"))
    (folder / "parcels.py").write_text(GOOD.format(name="parcel_status"))
    (folder / "more").mkdir()
    (folder / "more" / "bills.py").write_text(GOOD.format(name="bill_status"))
    specs = f"orders.py, parcels  {folder}/more/bills.py,sample"
    assert names(specs) == ["order_status", "parcel_status", "bill_status", *names("sample")]
    assert names("more.bills") == ["bill_status"]


def test_a_path_may_start_at_home(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(folder))
    (folder / "orders.py").write_text(GOOD.format(name="order_status"))
    assert names("~/orders.py") == ["order_status"]


def test_the_same_file_twice_is_once(folder: Path) -> None:
    (folder / "orders.py").write_text(GOOD.format(name="order_status"))
    assert names("orders.py ./orders.py") == ["order_status"]


def test_a_file_may_import_its_neighbours_and_their_tools_come_along(folder: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "sub" / "crm_client.py").write_text(GOOD.format(name="crm_lookup"))
    (folder / "sub" / "mine.py").write_text("from crm_client import crm_lookup\n" + GOOD.format(name="order_status"))
    assert names("sub/mine.py") == ["crm_lookup", "order_status"]


def test_type_hints_may_name_what_the_file_defines(folder: Path) -> None:
    (folder / "mine.py").write_text(
        "from __future__ import annotations\n"
        "from dataclasses import dataclass\n"
        "from twilio_rt_cli.tools import tool\n"
        "@dataclass\n"
        "class Place:\n"
        "    town: str\n"
        "@tool\n"
        "def weather(place: Place) -> str:\n"
        '    return "sun"\n'
    )
    schema = load("mine.py").definitions[0].parameters
    assert "town" in str(schema["properties"])


def test_a_name_that_comes_twice_is_told_with_both_places(folder: Path) -> None:
    (folder / "one.py").write_text(GOOD.format(name="order_status"))
    (folder / "two.py").write_text("\n" + GOOD.format(name="order_status"))
    assert refusal("one.py two.py") == (
        f'TOOLS: two tools are called "order_status": {folder}/one.py, line 2 and {folder}/two.py, line 3'
    )


@pytest.mark.parametrize("spec", ["absent.py", "./absent", "~/absent-tools.py", "more/absent.py"])
def test_a_missing_file_is_told(spec: str) -> None:
    assert refusal(spec) == f"TOOLS: {spec}: there is no such file"


def test_a_file_that_is_no_python_is_told(folder: Path) -> None:
    (folder / "tools.txt").write_text("hello")
    assert refusal("./tools.txt") == "TOOLS: ./tools.txt: this is no Python file"


@pytest.mark.parametrize("spec", ["absent_module", "email.absent_module", "os.path.absent", "..x", "a-b"])
def test_a_missing_module_is_told(spec: str) -> None:
    assert spec in refusal(spec)


def test_a_module_without_tools_is_told(folder: Path) -> None:
    (folder / "empty.py").write_text("x = 1\n")
    assert refusal("empty.py") == "TOOLS: empty.py holds no tool"


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("x = 1\ny = nowhere\n", "line 2: NameError: name 'nowhere' is not defined"),
        ("x = 1\n\ndef f(:\n", "line 3: SyntaxError: invalid syntax"),
        ("import not_installed_crm\n", "line 1: ModuleNotFoundError: No module named 'not_installed_crm'"),
        ("import json\njson.loads('x')\n", "line 2: JSONDecodeError"),
        ("raise SystemExit('stop')\n", "line 1: SystemExit: stop"),
        (
            "from twilio_rt_cli.tools import tool\n\n@tool\ndef f(x):\n    return x\n",
            'line 3: parameter "x" of tool "f" has no type hint',
        ),
    ],
)
@pytest.mark.parametrize("spec", ["mine.py", "mine"])
def test_a_file_that_fails_is_told_by_file_and_line(folder: Path, source: str, told: str, spec: str) -> None:
    (folder / "mine.py").write_text(source)
    message = refusal(spec)
    assert message.startswith(f"TOOLS: {folder}/mine.py, {told}")
    assert "\n" not in message


def test_a_file_that_failed_can_be_mended_and_loaded_again(folder: Path) -> None:
    (folder / "mine.py").write_text("1/0\n")
    refusal("mine.py")
    (folder / "mine.py").write_text("# mended\n" + GOOD.format(name="order_status"))
    assert names("mine.py") == ["order_status"]

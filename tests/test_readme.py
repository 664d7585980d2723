"""The documents tell the truth: examples run, and tables of options, settings, events and routes are the code's."""

import asyncio
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
import typer

from tests.engine.fakes import stack
from tests.test_architecture import MODULES, RANKS
from twilio_rt_cli import __version__
from twilio_rt_cli.bridge.leg import Leg
from twilio_rt_cli.call.end_reason import EndReason
from twilio_rt_cli.cli.app import app
from twilio_rt_cli.engine.server import EngineServer
from twilio_rt_cli.output.exit_codes import CHECK_FAILED, EXIT_CODES, INTERRUPTED
from twilio_rt_cli.server.admission.quota import DayLimits, Quota
from twilio_rt_cli.server.admission.registry import Registry
from twilio_rt_cli.server.config import ServerConfig
from twilio_rt_cli.server.context import ServerContext
from twilio_rt_cli.server.notices import Refusal
from twilio_rt_cli.server.webhook import Webhooks
from twilio_rt_cli.settings.model import Settings

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "twilio_rt_cli"
README = (ROOT / "README.md").read_text("utf-8")
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text("utf-8")
PAGES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "docs/architecture.md", "docs/runbook.md")
OFFLINE_CALL, TESTS = "pip install -e '.[local]' && twilio-rt call-test", "pip install -e '.[local,test]' && pytest"


# Reading markdown


def section(heading: str, text: str = README) -> str:
    """What stands under a heading, up to the next one of any level."""
    found = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#+ |\Z)", _without_code_headings(text), re.M | re.S)
    assert found, f"no section {heading!r}"
    return found[1]


def _without_code_headings(text: str) -> str:
    """Comments in code blocks look like headings: indent them away."""
    return re.sub(r"^```.*?^```", lambda block: re.sub(r"^#", " #", block[0], flags=re.M), text, flags=re.M | re.S)


def blocks(language: str, text: str = README) -> list[str]:
    """The fenced code blocks of a language, without their indentation."""
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```", text, re.M | re.S)
    return [re.sub(rf"^{indent}", "", code, flags=re.M) for indent, code in found]


def rows(text: str) -> list[list[str]]:
    """The cells of the tables' rows, without their heads."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    rules = [number for number, row in enumerate(cells) if set("".join(row)) <= set("-: ")]
    return [row for number, row in enumerate(cells) if number not in rules and number + 1 not in rules]


def codes(text: str) -> list[str]:
    """What stands between backticks in prose and tables."""
    prose = re.sub(r"^ *```.*?^ *```", "", text, flags=re.M | re.S)
    return re.findall(r"`([^`]+)`", prose)


def read(page: str) -> str:
    return (ROOT / page).read_text("utf-8")


# The two commands


def test_the_readme_opens_with_one_line_and_the_two_commands() -> None:
    title, _, line, _, fence, first, second, end, *_ = README.splitlines()
    assert title == "# twilio-rt"
    assert line.endswith(".")
    assert (fence, end) == ("```sh", "```")
    assert [re.sub(r"\s+#.*", "", command) for command in (first, second)] == [OFFLINE_CALL, TESTS]


def test_ci_runs_the_two_commands_make_check_and_the_acceptance_runs() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    ran = [line for line in script.read_text().splitlines() if line.startswith('run "')]
    for command in (OFFLINE_CALL, TESTS, "make check", "make acceptance"):
        assert any(command in line for line in ran), command
    assert "\ncheck: lint test " in read("Makefile")
    assert re.search(r"^test:.*\n\t\$\(PYTHON\) -m pytest\n", read("Makefile"), re.M)


def test_every_make_target_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", read("Makefile"), re.M))
    named = {name for page in (*PAGES, ".ci/run") for name in re.findall(r"[`\"\n]make ([a-z]+)", read(page))}
    assert {"check", "acceptance"} <= named <= targets


# Commands and options


@cache
def commands() -> dict[str, typer.core.TyperCommand]:
    group = typer.main.get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    found = {name: command for name, command in group.commands.items() if isinstance(command, typer.core.TyperCommand)}
    assert found.keys() == group.commands.keys()
    return found


def options(command: str) -> dict[str, object]:
    """Long option → default."""
    params = commands()[command].params
    return {one.opts[0]: one.default for one in params if one.param_type_name == "option" and one.name != "help"}


def command_lines() -> Iterator[str]:
    for page in PAGES:
        text = read(page)
        for line in "".join(blocks("sh", text)).splitlines():
            yield from (part.strip() for part in re.sub(r"\s#.*", "", line).split("&&"))
        yield from (" ".join(code.split()) for code in codes(text))


def test_every_command_line_in_the_documents_is_one_that_the_program_takes() -> None:
    taken = 0
    for line in command_lines():
        words = shlex.split(line) if line.startswith("twilio-rt ") else []
        match words[1:]:
            case [name, *args] if not name.startswith("-"):
                assert name in commands(), line
                commands()[name].make_context(name, args)  # raises for an unknown option or a bad value
                taken += 1
            case _:
                pass
    assert taken > 15


def test_every_command_has_a_section_and_every_section_a_command() -> None:
    assert set(re.findall(r"^### `twilio-rt (\S+)`", README, re.M)) == commands().keys()


@pytest.mark.parametrize("command", ["call-test", "calls", "configure-number", "doctor", "engine", "top", "tunnel"])
def test_the_table_of_options_is_the_commands(command: str) -> None:
    table = {codes(option)[0].split()[0]: default for option, default, _ in rows(section(f"`twilio-rt {command}`"))}
    assert table.keys() == options(command).keys()
    for name, default in options(command).items():
        match default:
            case False:
                assert table[name] == "off", name
            case int() | float():
                assert float(table[name]) == default, name
            case str():
                assert table[name] == default, name
            case _:
                assert not table[name][0].isdigit(), name


def test_serve_takes_its_own_options_and_the_marked_settings() -> None:
    own = {codes(option)[0].split()[0] for option, _ in rows(section("`twilio-rt serve`"))}
    marked = {"--" + one.name.lower().replace("_", "-") for one in settings_table() if one.flag}
    assert own | marked == options("serve").keys()
    assert not own & marked


def test_exit_codes_are_those_of_the_program() -> None:
    ours = {0, CHECK_FAILED, INTERRUPTED, *EXIT_CODES.values()}
    assert {int(code) for code, _ in rows(section("Exit codes"))} == ours


# Settings


@dataclass(frozen=True)
class Setting:
    """One line of the table."""

    name: str
    default: str
    meaning: str
    flag: bool = False


def settings_table() -> list[Setting]:
    found = []
    for name, default, meaning in rows(section("Settings")):
        plain = meaning.replace("`", "")
        found.append(Setting(codes(name)[0], (codes(default) or [""])[0], plain, flag="⚑" in name))
    return found


def settings_example() -> list[Setting]:
    found = []
    for block in read(".env.example").split("\n\n"):
        *comments, last = block.strip().splitlines()
        setting = re.fullmatch(r"# ([A-Z_]+)=(.*)", last)
        if setting:
            meaning = " ".join(line.removeprefix("# ") for line in comments)
            found.append(Setting(setting[1], setting[2].strip('"'), meaning))
    return found


def test_the_table_of_settings_says_what_the_example_says() -> None:
    table = [Setting(one.name, one.default, one.meaning) for one in settings_table()]
    assert table == settings_example()


def test_the_table_of_settings_has_every_setting_and_no_other() -> None:
    assert {one.name for one in settings_table()} == {name.upper() for name in Settings.model_fields}


# Twilio's error numbers


def test_every_error_number_of_twilio_that_the_phone_knows_is_explained() -> None:
    known = {number for path in PACKAGE.rglob("*.py") for number in re.findall(r"\b319\d\d\b", path.read_text("utf-8"))}
    told = {number for number, *_ in rows(section("When it does not ring"))}
    assert told >= known | {"11200", "12100", "12300"}


# Examples


def python_files() -> dict[str, str]:
    """The Python examples by the file name in their first line."""
    found = {}
    for block in blocks("python"):
        name = re.match(r"# (\w+\.py)\n", block)
        assert name, f"an example without a file name: {block[:40]!r}"
        found[name[1]] = block
    return found


def test_a_tool_and_its_check_run_as_written(tmp_path: Path) -> None:
    for name, text in python_files().items():
        (tmp_path / name).write_text(text)
    command = [sys.executable, "check_orders.py"]
    check = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert (check.returncode, check.stderr) == (0, "")


def test_the_sdk_talks_to_the_engine_as_written(tmp_path: Path) -> None:
    told, complained = asyncio.run(asked(tmp_path))
    assert told.startswith(b"Our opening hours are nine to five.")
    assert complained == b""


async def asked(folder: Path) -> tuple[bytes, bytes]:
    """What the example prints and complains about, with an engine on a free port."""
    async with EngineServer(stack()) as engine:
        example = python_files()["ask.py"].replace("ws://127.0.0.1:8765/v1", engine.url.removesuffix("/realtime"))
        assert "8765" not in example
        (folder / "ask.py").write_text(example)
        ask = await asyncio.create_subprocess_exec(
            sys.executable, "ask.py", cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        async with asyncio.timeout(60):
            return await ask.communicate()


# Event lines and the public port


def test_the_table_of_events_has_every_type_and_no_other() -> None:
    sources = "".join(
        (PACKAGE / "reporting" / name).read_text("utf-8")
        for name in ("event_lines.py", "reporter.py", "tunnel_events.py")
    )
    made = set(re.findall(r'"((?:server|call|tunnel|number|events)\.[a-z_]+|stats)"', sources))
    table = {codes(row[0])[0] for row in rows(section("Event lines")) if len(row) == 2}
    assert made == table


def test_the_table_of_ends_is_the_codes() -> None:
    table = {codes(row[0])[0]: row[2] == "yes" for row in rows(section("Event lines")) if len(row) == 3}
    assert table == {reason.value: reason.failed for reason in EndReason}


def test_the_reasons_of_refusals_are_all_told() -> None:
    told = re.search(r"refused for one of these reasons: (.*?)\.\n\n", section("Event lines"), re.S)
    assert told
    assert codes(told[1]) == [reason.value for reason in Refusal]


def test_the_table_of_routes_is_the_servers() -> None:
    def never(*_: object) -> Leg:
        raise AssertionError

    config = ServerConfig()
    router = Webhooks(ServerContext(config, Registry(config), never, lambda _: None, Quota(DayLimits(), 0))).router()  # type: ignore[arg-type]
    served = {
        (method, getattr(route, "path", "")) for route in router.routes for method in getattr(route, "methods", ())
    }
    table = {
        (method, codes(route)[0].rpartition(" ")[2])
        for route, _ in rows(section("The public port"))
        for method in re.findall(r"GET|POST|WS", route)
    }
    assert table == {one for one in served if one[0] != "HEAD"} | {("WS", "/media-stream/{token}")}


# Links and the map of the package


def slug(heading: str) -> str:
    """The anchor that a heading gets."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES)
def test_every_relative_link_leads_somewhere(page: str) -> None:
    for target in re.findall(r"\]\((?!https?://)([^)\s]+)\)", read(page)):
        path, _, anchor = target.partition("#")
        linked = (ROOT / page).parent / path if path else ROOT / page
        assert linked.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)", _without_code_headings(linked.read_text("utf-8")), re.M)
            assert anchor in map(slug, headings), target


def test_the_changelog_has_this_version() -> None:
    assert re.search(rf"^## .*\b{re.escape(__version__)}\b", read("CHANGELOG.md"), re.M)


def test_the_ranks_in_the_architecture_are_those_that_are_enforced() -> None:
    told = {
        name: int(rank) for rank, names in rows(section("Who may import whom", ARCHITECTURE)) for name in codes(names)
    }
    assert told == {name: rank for name, rank in RANKS.items() if name}


def test_the_map_of_folders_has_every_part_of_the_package() -> None:
    told = {codes(path)[0].rstrip("/").removesuffix(".py") for path, _ in rows(section("Folders", ARCHITECTURE))}
    parts = {name.partition(".")[0] for name in MODULES} - {"", "__main__"}
    assert told == parts


def test_every_path_in_the_architecture_exists() -> None:
    everywhere = {path.name for path in PACKAGE.rglob("*.py")}
    missing = [
        name
        for name in codes(ARCHITECTURE)
        if re.fullmatch(r"[\w/]+(\.py|/)", name) and not (ROOT / name).exists() and not (PACKAGE / name).exists()
        if name not in everywhere
    ]
    assert missing == []

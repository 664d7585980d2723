"""What the pages show can be typed: commands are ours, options exist, Python runs."""

import asyncio
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.docs.pages import PAGES, ROOT, blocks, codes, read
from tests.docs.sources import commands
from tests.engine.fakes import stack
from twilio_rt_cli.engine.server import EngineServer

WITH_PYTHON = [page for page in PAGES if blocks("python", read(page))]
THE_SDK = "docs/how-to/use-the-engine-alone.md"


def command_lines(page: str) -> Iterator[str]:
    """Each command of the shell examples, without comments, and what stands in the text as code."""
    for line in "".join(blocks("sh", read(page))).splitlines():
        yield from (part.strip() for part in re.sub(r"\s#.*", "", line).removesuffix("&").split("&&"))
    for line in re.findall(r"run: (.*)", "".join(blocks("yaml", read(page)))):
        yield line
    yield from (" ".join(code.split()) for code in codes(read(page)))


@pytest.mark.parametrize("page", PAGES)
def test_every_command_line_is_one_that_the_program_takes(page: str) -> None:
    for line in command_lines(page):
        words = shlex.split(line) if line.startswith("twilio-rt ") else []
        match words[1:]:
            case [name, *args] if not name.startswith("-"):
                assert name in commands(), line
                commands()[name].make_context(name, args)  # raises for an unknown option or a bad value
            case _:
                pass


def test_the_pages_show_command_lines() -> None:
    shown = [line for page in PAGES for line in command_lines(page) if line.startswith("twilio-rt ")]
    assert {line.split()[1] for line in shown} >= commands().keys()
    assert len(shown) > 50


def test_every_extra_that_is_installed_exists() -> None:
    extras = tomllib.loads(read("pyproject.toml"))["project"]["optional-dependencies"].keys()
    for page in PAGES:
        for named in re.findall(r"pip install -e '\.\[([\w,]+)\]'", read(page)):
            assert extras >= set(named.split(",")), (page, named)


def test_every_service_that_compose_is_asked_for_exists() -> None:
    files = {name: yaml.safe_load(read(name))["services"] for name in ("docker-compose.yml", "docker-compose.test.yml")}
    asked = 0
    for page in PAGES:
        for line in re.findall(r"^docker compose (.*)", "".join(blocks("sh", read(page))), re.M):
            words = re.sub(r"\s#.*", "", line).split()
            services = files[words[words.index("-f") + 1] if "-f" in words else "docker-compose.yml"]
            named = [word for word in words[1:] if word not in ("up", "run") and not re.match(r"-|.*\.yml$", word)]
            assert set(named) <= services.keys(), line
            asked += 1
    assert asked >= 3


def test_every_error_number_of_twilio_that_the_phone_knows_is_explained() -> None:
    sources = (ROOT / "twilio_rt_cli").rglob("*.py")
    known = {number for path in sources for number in re.findall(r"\b319\d\d\b", path.read_text("utf-8"))}
    told = set(re.findall(r"^\| (\d{5}) \|", read("docs/reference/twilio-errors.md"), re.M))
    assert told >= known | {"11200", "12100", "12300"}


# Python


def python_files(page: str) -> dict[str, str]:
    """The Python examples by the file name in their first line."""
    found = {}
    for block in blocks("python", read(page)):
        name = re.match(r"# (\w+\.py)\n", block)
        assert name, f"an example without a file name: {block[:40]!r}"
        found[name[1]] = block
    return found


def test_pages_show_python() -> None:
    assert {"README.md", "docs/how-to/write-a-tool.md", THE_SDK} <= {*WITH_PYTHON}


@pytest.mark.parametrize("page", [page for page in WITH_PYTHON if page != THE_SDK])
def test_python_runs_as_written(page: str, tmp_path: Path) -> None:
    for name, text in python_files(page).items():
        (tmp_path / name).write_text(text)
    for name in python_files(page):
        ran = subprocess.run(
            [sys.executable, name], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
        )
        assert (ran.returncode, ran.stderr) == (0, ""), name


def test_the_sdk_talks_to_the_engine_as_written(tmp_path: Path) -> None:
    told, complained = asyncio.run(asked(tmp_path))
    assert told.startswith(b"Our opening hours are nine to five.")
    assert complained == b""


async def asked(folder: Path) -> tuple[bytes, bytes]:
    """What the example prints and complains about, with an engine on a free port."""
    async with EngineServer(stack()) as engine:
        written = python_files(THE_SDK)["ask.py"]
        example = written.replace("ws://127.0.0.1:8765/v1", engine.url.removesuffix("/realtime"))
        assert "8765" not in example
        (folder / "ask.py").write_text(example)
        ask = await asyncio.create_subprocess_exec(
            sys.executable, "ask.py", cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        async with asyncio.timeout(60):
            return await ask.communicate()

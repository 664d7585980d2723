"""How help reads: each command once and whole, in its group, at every width, and the same wherever it goes."""

import os
import re
import subprocess
import sys
from functools import cache

import pytest
import typer

from twilio_rt_cli.cli.app import app

GROUPS = {
    "Run": ["init", "serve", "tunnel"],
    "Number": ["configure-number"],
    "Look": ["doctor", "top", "calls"],
    "Test": ["call-test", "engine"],
}
COMMANDS = [command for commands in GROUPS.values() for command in commands]


@cache
def help_page(*words: str, columns: int = 80, **environment: str) -> str:
    kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")}
    done = subprocess.run(
        [sys.executable, "-m", "twilio_rt_cli", *words, "--help"],
        capture_output=True,
        text=True,
        check=True,
        env={**kept, "COLUMNS": str(columns), **environment},
    )
    assert done.stderr == ""
    return done.stdout


def sections(page: str) -> dict[str, list[str]]:
    """Heading → the lines below it."""
    blocks = [block.splitlines() for block in page.split("\n\n")]
    return {lines[0][:-1]: lines[1:] for lines in blocks if re.fullmatch(r"[A-Z].*:", lines[0])}


def test_at_80_columns_each_command_has_one_whole_line_in_its_group() -> None:
    page = help_page()
    told = sections(page)
    assert list(told) == ["Options", *GROUPS]
    for group, commands in GROUPS.items():
        rows = [re.fullmatch(r"  (\S+) +\S.*[a-z]\.", line) for line in told[group]]
        assert [row and row[1] for row in rows] == commands
    assert max(map(len, page.splitlines())) <= 80
    assert "…" not in page
    assert page.count("...") == 1  # [ARGS]...


def test_at_60_columns_lines_are_longer_by_one_and_not_shorter_by_words() -> None:
    wide, narrow = help_page(), help_page(columns=60)
    assert max(map(len, narrow.splitlines())) <= 60
    assert narrow.split() == wide.split()


def test_the_page_is_the_same_without_colours_and_on_a_dumb_terminal() -> None:
    assert help_page() == help_page(NO_COLOR="1") == help_page(TERM="dumb") == help_page(FORCE_COLOR="1")
    assert "\x1b" not in help_page(FORCE_COLOR="1")


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_each_command_fits_and_tells_every_option_once(command: str) -> None:
    page = help_page(command)
    assert max(map(len, page.splitlines())) <= 80
    assert not re.search(r"<=x|x>=|<str>|<list|\[\[", page), "words of the parser's own"
    group = typer.main.get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    for param in group.commands[command].params:
        assert len(re.findall(rf"^  {re.escape(param.opts[0])}\b", page, re.MULTILINE)) == (
            1 if param.param_type_name == "option" else 0
        )


def test_options_stand_in_panels_where_there_are_many() -> None:
    told = sections(help_page("call-test"))
    assert list(told)[:3] == ["Arguments", "The simulated caller", "Its line"]
    options = [line.split()[0] for line in told["A real call instead"] if line.startswith("  -")]
    assert options == ["--to", "--yes"]
    assert [line.split()[0] for line in told["Options"]] == ["-h,"]

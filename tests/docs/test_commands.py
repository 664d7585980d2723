"""The page of commands tells of each command, its options with their defaults, and the exit codes."""

import re

import pytest

from tests.docs.pages import codes, read, rows, section
from tests.docs.sources import commands
from twilio_rt_cli.output.exit_codes import CHECK_FAILED, EXIT_CODES, INTERRUPTED
from twilio_rt_cli.settings.groups import FIELDS

PAGE = read("docs/reference/commands.md")


def options(command: str) -> dict[str, object]:
    """Long option → default."""
    params = commands()[command].params
    return {one.opts[0]: one.default for one in params if one.param_type_name == "option" and one.name != "help"}


def table_of(command: str) -> dict[str, str]:
    """Long option → what the page calls its default."""
    told = {
        codes(option)[0].split()[0]: default for option, default, _ in rows(section(f"`twilio-rt {command}`", PAGE))
    }
    return {name: default for name, default in told.items() if name.startswith("-")}


def test_every_command_has_a_section_and_every_section_a_command() -> None:
    assert set(re.findall(r"^## `twilio-rt (\S+)`", PAGE, re.M)) == commands().keys()


@pytest.mark.parametrize("command", sorted(commands().keys() - {"serve"}))
def test_the_table_of_options_is_the_commands(command: str) -> None:
    table = table_of(command)
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
    told = rows(read("docs/reference/settings.md"))
    marked = {"--" + codes(name)[0].lower().replace("_", "-") for name, *_ in told if "⚑" in name}
    own = table_of("serve").keys()
    assert own | marked == options("serve").keys()
    assert not own & marked


def test_every_argument_is_told() -> None:
    for name, command in commands().items():
        arguments = [one for one in command.params if one.param_type_name == "argument"]
        told = [row for row in rows(section(f"`twilio-rt {name}`", PAGE)) if not codes(row[0])[0].startswith("-")]
        assert len(told) == len(arguments), name


def test_exit_codes_are_those_of_the_program() -> None:
    ours = {0, CHECK_FAILED, INTERRUPTED, *EXIT_CODES.values()}
    assert {int(code) for code, _ in rows(section("Exit codes", PAGE))} == ours


def test_what_serve_takes_as_an_option_is_a_setting_of_that_name() -> None:
    own = {name.removeprefix("--").replace("-", "_") for name in table_of("serve")}
    assert not own & FIELDS.keys()

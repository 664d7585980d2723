"""What the source tells of each setting is what pydantic takes, and `.env.example` tells the same."""

import re
from pathlib import Path

import pytest
from pydantic_core import PydanticUndefined

from twilio_rt_cli.settings.fields import Flag, FlaggedSetting, default_of, flagged_settings
from twilio_rt_cli.settings.groups import FIELDS, GROUPS
from twilio_rt_cli.settings.loading import bare_settings

TOKEN = "0123456789abcdef0123456789abcdef"


def flagged() -> dict[str, FlaggedSetting]:
    return {one.name: one for one in flagged_settings()}


def test_every_setting_stands_in_one_group() -> None:
    assert sum(len(group.model_fields) for group in GROUPS.values()) == len(FIELDS)


def test_the_source_tells_of_each_flag_that_is_taken() -> None:
    flags = {name: flag for name, field in FIELDS.items() for flag in field.metadata if isinstance(flag, Flag)}
    assert {name: Flag(one.metavar) for name, one in flagged().items()} == flags
    assert len(flags) > 10


@pytest.mark.parametrize("name", flagged())
def test_what_the_source_tells_is_what_is_taken(name: str) -> None:
    told, field = flagged()[name], FIELDS[name]
    assert told.meaning == field.description
    assert told.default == (None if field.default is PydanticUndefined else field.default)
    assert told.heading == next(group.__doc__ for group in GROUPS.values() if name in group.model_fields)
    assert re.search("str|Literal" if told.kind is str else told.kind.__name__, str(field.annotation))


@pytest.mark.parametrize("name", FIELDS)
def test_the_source_tells_every_default(name: str) -> None:
    default = FIELDS[name].default
    assert default_of(name) == (None if default is PydanticUndefined else default)


ENV_EXAMPLE = Path(__file__).parents[2] / ".env.example"


def told_settings() -> dict[str, tuple[str, str]]:
    """name → (meaning, value) of each commented setting."""
    found = re.findall(r"^# (.+)\n# ([A-Z_]+)=(.*)$", ENV_EXAMPLE.read_text(encoding="utf-8"), re.MULTILINE)
    return {name: (meaning, value.strip('"')) for meaning, name, value in found}


def test_env_example_lists_every_setting_with_its_meaning() -> None:
    expected = {name.upper(): field.description for name, field in FIELDS.items()}
    assert {name: meaning for name, (meaning, _) in told_settings().items()} == expected


def test_env_example_shows_the_defaults() -> None:
    shown = {name.lower(): value for name, (_, value) in told_settings().items()}
    taken = bare_settings(**(shown | {"twilio_auth_token": TOKEN, "openai_api_key": "sk-x"}))
    assert taken == bare_settings(twilio_auth_token=TOKEN, openai_api_key="sk-x")


def test_env_example_sets_nothing() -> None:
    lines = ENV_EXAMPLE.read_text(encoding="utf-8").splitlines()
    assert all(not line or line.startswith("# ") for line in lines)

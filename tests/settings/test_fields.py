"""What the source tells of each setting is what pydantic takes, and `.env.example` tells the same."""

import re
from pathlib import Path

import pytest
from pydantic_core import PydanticUndefined

from twilio_rt_cli.settings.fields import setting_fields
from twilio_rt_cli.settings.groups import FIELDS, GROUPS
from twilio_rt_cli.settings.loading import bare_settings

TOKEN = "0123456789abcdef0123456789abcdef"


def test_every_setting_stands_in_one_group() -> None:
    assert sum(len(group.model_fields) for group in GROUPS.values()) == len(FIELDS) == len(setting_fields())


@pytest.mark.parametrize("name", FIELDS)
def test_what_the_source_tells_is_what_is_taken(name: str) -> None:
    told, field = setting_fields()[name], FIELDS[name]
    assert told.meaning == field.description
    assert told.default == (None if field.default is PydanticUndefined else field.default)
    assert told.heading in {group.__doc__ for group in GROUPS.values()}


def test_a_flag_takes_what_its_setting_is() -> None:
    flags = {name: field for name, field in setting_fields().items() if field.flag}
    assert len(flags) > 10
    for name, field in flags.items():
        wanted = str(FIELDS[name].annotation)
        told = field.kind.__name__ if field.kind is not str else "str|Literal"
        assert re.search(told, wanted), name


ENV_EXAMPLE = Path(__file__).parents[2] / ".env.example"


def told_settings() -> dict[str, tuple[str, str]]:
    """name → (meaning, value) of each commented setting."""
    found = re.findall(r"^# (.+)\n# ([A-Z_]+)=(.*)$", ENV_EXAMPLE.read_text(encoding="utf-8"), re.MULTILINE)
    return {name: (meaning, value.strip('"')) for meaning, name, value in found}


def test_env_example_lists_every_setting_with_its_meaning() -> None:
    expected = {name.upper(): field.meaning for name, field in setting_fields().items()}
    assert {name: meaning for name, (meaning, _) in told_settings().items()} == expected


def test_env_example_shows_the_defaults() -> None:
    shown = {name.lower(): value for name, (_, value) in told_settings().items()}
    taken = bare_settings(**(shown | {"twilio_auth_token": TOKEN, "openai_api_key": "sk-x"}))
    assert taken == bare_settings(twilio_auth_token=TOKEN, openai_api_key="sk-x")


def test_env_example_sets_nothing() -> None:
    lines = ENV_EXAMPLE.read_text(encoding="utf-8").splitlines()
    assert all(not line or line.startswith("# ") for line in lines)

"""What the source tells of each setting is what pydantic takes, and `.env.example` tells the same."""

import ast
import re
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
from pydantic_core import PydanticUndefined

from twilio_rt_cli.settings import groups
from twilio_rt_cli.settings.fields import Flag, flagged_settings, setting_fields
from twilio_rt_cli.settings.groups import FIELDS, GROUPS
from twilio_rt_cli.settings.loading import bare_settings

TOKEN = "0123456789abcdef0123456789abcdef"


def docstrings() -> dict[str, str]:
    """name → what stands below its field, by Python's own parser."""
    bodies = [node.body for node in ast.parse(Path(groups.__file__).read_text()).body if isinstance(node, ast.ClassDef)]
    pairs = [pair for body in bodies for pair in pairwise(body)]
    return {
        field.target.id: below.value.value
        for field, below in pairs
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant) and isinstance(below.value.value, str)
    }


@cache
def readers() -> str:
    """The source of all that may read a setting."""
    package = Path(groups.__file__).parents[1]
    sources = [path for path in package.rglob("*.py") if path.name not in {"groups.py", "loading.py"}]
    return "".join(path.read_text("utf-8") for path in sources)


def test_every_setting_stands_in_one_group_and_is_read() -> None:
    assert sum(len(group.model_fields) for group in GROUPS.values()) == len(FIELDS)
    assert setting_fields().keys() == FIELDS.keys(), "a setting is a field with a docstring below it"


@pytest.mark.parametrize("name", FIELDS)
def test_every_setting_has_a_reader(name: str) -> None:
    assert re.search(rf'\.{name}\b|"{name}"', readers()), "nobody reads it: pass it on in settings/parts.py"


@pytest.mark.parametrize("name", FIELDS)
def test_what_the_source_says_is_what_is_taken(name: str) -> None:
    said, field = setting_fields()[name], FIELDS[name]
    assert said.meaning == docstrings()[name]
    assert said.default == (None if field.default is PydanticUndefined else field.default)
    assert said.heading == next(group.__doc__ for group in GROUPS.values() if name in group.model_fields)
    assert said.flag == next((one for one in field.metadata if isinstance(one, Flag)), None)


def test_a_flag_takes_what_its_setting_is() -> None:
    flagged = flagged_settings()
    assert flagged == [one for one in setting_fields().values() if one.flag is not None]
    assert len(flagged) > 10
    for one in flagged:
        wanted = "str|Literal" if one.kind is str else one.kind.__name__
        assert re.search(wanted, str(FIELDS[one.name].annotation)), (
            f"{one.name} is no text: name its type in _KINDS of settings/fields.py"
        )


ENV_EXAMPLE = Path(__file__).parents[2] / ".env.example"


def told_settings() -> dict[str, tuple[str, str]]:
    """name → (meaning, value) of each commented setting."""
    found = re.findall(r"^# (.+)\n# ([A-Z_]+)=(.*)$", ENV_EXAMPLE.read_text(encoding="utf-8"), re.MULTILINE)
    return {name: (meaning, value.strip('"')) for meaning, name, value in found}


def test_env_example_lists_every_setting_with_its_meaning() -> None:
    expected = {name.upper(): field.meaning for name, field in setting_fields().items()}
    told = {name: meaning for name, (meaning, _) in told_settings().items()}
    assert told == expected, "python -m tests.docs.tables"


def test_env_example_shows_the_defaults() -> None:
    shown = {name.lower(): value for name, (_, value) in told_settings().items()}
    taken = bare_settings(**(shown | {"twilio_auth_token": TOKEN, "openai_api_key": "sk-x"}))
    assert taken == bare_settings(twilio_auth_token=TOKEN, openai_api_key="sk-x")


def test_env_example_sets_nothing() -> None:
    lines = ENV_EXAMPLE.read_text(encoding="utf-8").splitlines()
    assert all(not line or line.startswith("# ") for line in lines)

"""What the source of `settings/groups.py` says of settings, of those that are flags above all, read without pydantic.

Pydantic takes 0.2 s to import, and `--help` must answer at once. A test holds both readings together.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

_KINDS: dict[str, type] = {"int": int, "Count": int, "float": float, "Seconds": float, "bool": bool, "Path": Path}
"""what a flag takes, by the type of its setting; text for all others"""
_GROUP = re.compile(r'^class \w+\(Group\):\n    """(.+?)"""$', re.MULTILINE)
_FIELD = re.compile(r'^    \w+: .+?\n    """.+?"""$', re.MULTILINE | re.DOTALL)

Default = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Flag:
    """Beside a field's type: `serve` takes this setting as an option too, with this word for its value."""

    metavar: str = ""


@dataclass(frozen=True, slots=True)
class SettingField:
    """One setting."""

    name: str
    """in small letters, as its field has it"""
    heading: str
    """of its group"""
    meaning: str
    """its docstring"""
    default: Default
    """None: there is none, or it depends on other settings"""
    kind: type
    """what a flag takes"""
    flag: Flag | None


def setting_fields() -> dict[str, SettingField]:
    """Every setting by its name, in the order of the source."""
    return {one.name: one for one in (_read(*found) for found in _found())}


def flagged_settings() -> list[SettingField]:
    """Those that `serve` takes as options. The others are not looked at, so this takes a millisecond."""
    return [_read(field, heading) for field, heading in _found() if "Flag(" in field]


def default_of(name: str) -> Default:
    """What holds while nobody sets it; None: nothing, or it depends on other settings."""
    (found,) = (one for one in _found() if one[0].startswith(f"    {name}: "))
    return _read(*found).default


def _found() -> Iterator[tuple[str, str]]:
    """The source of each field, and the heading of its group."""
    source = Path(__file__).with_name("groups.py").read_text(encoding="utf-8")
    _, *parts = _GROUP.split(source)
    for heading, body in zip(parts[::2], parts[1::2], strict=True):
        yield from ((found[0], heading) for found in _FIELD.finditer(body.partition("\n\n\n")[0]))


def _read(field: str, heading: str) -> SettingField:
    node, below, *_ = ast.parse(dedent(field)).body
    assert isinstance(node, ast.AnnAssign)
    assert isinstance(node.target, ast.Name)
    assert isinstance(below, ast.Expr), (
        f"settings/groups.py: below {node.target.id} its meaning is missing, a docstring"
    )
    within = list(ast.walk(node.annotation))
    kind = next((_KINDS[one.id] for one in within if isinstance(one, ast.Name) and one.id in _KINDS), str)
    flag = next((Flag(*map(ast.literal_eval, one.args)) for one in within if isinstance(one, ast.Call)), None)
    meaning = str(ast.literal_eval(below.value))
    return SettingField(node.target.id, heading, meaning, _default(node.value), kind, flag)


def _default(value: ast.expr | None) -> Default:
    if isinstance(value, ast.Call):  # Field(default=…, ge=…), or a default_factory
        value = next((one.value for one in value.keywords if one.arg == "default"), None)
    if value is None:
        return None
    default: Default = ast.literal_eval(value)
    return default

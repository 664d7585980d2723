"""What the source of `settings/groups.py` says of settings, of those that are flags above all, read without pydantic.

Pydantic takes 0.2 s to import, and `--help` must answer at once. A test holds both readings together.
"""

import ast
import re
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
class FlaggedSetting:
    """A setting that `serve` takes as an option."""

    name: str
    """in small letters, as its field has it"""
    heading: str
    """of its group"""
    meaning: str
    """its docstring"""
    default: Default
    """None: there is none, or it depends on other settings"""
    kind: type
    metavar: str


def flagged_settings() -> list[FlaggedSetting]:
    """Those with a Flag, in the order of the source."""
    _, *parts = _GROUP.split(_source())
    groups = zip(parts[::2], parts[1::2], strict=True)
    return [
        _read(found[0], heading) for heading, body in groups for found in _FIELD.finditer(body) if "Flag(" in found[0]
    ]


def default_of(name: str) -> Default:
    """What holds while nobody sets it; None: nothing, or it depends on other settings."""
    (field,) = (found[0] for found in _FIELD.finditer(_source()) if found[0].startswith(f"    {name}: "))
    node, _ = ast.parse(dedent(field)).body
    assert isinstance(node, ast.AnnAssign)
    return _default(node.value)


def _source() -> str:
    return Path(__file__).with_name("groups.py").read_text(encoding="utf-8")


def _read(field: str, heading: str) -> FlaggedSetting:
    node, below = ast.parse(dedent(field)).body
    assert isinstance(node, ast.AnnAssign)
    assert isinstance(node.target, ast.Name)
    assert isinstance(below, ast.Expr)
    within = list(ast.walk(node.annotation))
    kind = next((_KINDS[one.id] for one in within if isinstance(one, ast.Name) and one.id in _KINDS), str)
    (flag,) = (one for one in within if isinstance(one, ast.Call))
    metavar = str(ast.literal_eval(flag.args[0])) if flag.args else ""
    return FlaggedSetting(
        node.target.id, heading, str(ast.literal_eval(below.value)), _default(node.value), kind, metavar
    )


def _default(value: ast.expr | None) -> Default:
    if isinstance(value, ast.Call):  # Field(default=…, ge=…), or a default_factory
        value = next((one.value for one in value.keywords if one.arg == "default"), None)
    if value is None:
        return None
    default: Default = ast.literal_eval(value)
    return default

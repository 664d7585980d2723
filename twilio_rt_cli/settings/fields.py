"""What the source of `settings/groups.py` says of each setting, read without pydantic, which takes 0.2 s to import.

For `serve --help`, which must answer at once, and for whatever is made of the settings: `.env.example`, the reference.
"""

import ast
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_KINDS: dict[str, type] = {"int": int, "Count": int, "float": float, "Seconds": float, "bool": bool, "Path": Path}
"""what a flag takes, by the type of its setting; text for all others"""


@dataclass(frozen=True, slots=True)
class Flag:
    """Beside a field's type: `serve` takes this setting as an option too, with this word for its value."""

    metavar: str = ""


@dataclass(frozen=True, slots=True)
class SettingField:
    """One setting."""

    name: str
    """in small letters, as its field and its flag have it"""
    heading: str
    """of its group"""
    meaning: str
    """its docstring"""
    default: str | int | float | bool | None
    """None: there is none, or it depends on other settings"""
    kind: type
    flag: Flag | None


@cache
def setting_fields() -> dict[str, SettingField]:
    """Every setting by its name, in the order of the source."""
    tree = ast.parse(Path(__file__).with_name("groups.py").read_text(encoding="utf-8"))
    groups = [node for node in tree.body if isinstance(node, ast.ClassDef) and _is_group(node)]
    return {field.name: field for group in groups for field in _fields(group)}


def default_of(name: str) -> str | int | float | bool | None:
    """What holds while nobody sets it; None: nothing, or it depends on other settings."""
    return setting_fields()[name].default


def _is_group(node: ast.ClassDef) -> bool:
    return any(isinstance(base, ast.Name) and base.id == "Group" for base in node.bases)


def _fields(group: ast.ClassDef) -> list[SettingField]:
    heading = ast.get_docstring(group) or ""
    found = []
    for node, below in zip(group.body, group.body[1:], strict=False):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            meaning = str(ast.literal_eval(below.value)) if isinstance(below, ast.Expr) else ""
            kind, flag = _typed(node.annotation)
            found.append(SettingField(node.target.id, heading, meaning, _default(node.value), kind, flag))
    return found


def _typed(annotation: ast.expr) -> tuple[type, Flag | None]:
    names = [node.id for node in ast.walk(annotation) if isinstance(node, ast.Name)]
    kind = next((_KINDS[name] for name in names if name in _KINDS), str)
    for node in ast.walk(annotation):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Flag":
            return kind, Flag(*(ast.literal_eval(word) for word in node.args))
    return kind, None


def _default(value: ast.expr | None) -> str | int | float | bool | None:
    if isinstance(value, ast.Call):  # Field(default=…, ge=…), or default_factory
        value = next((one.value for one in value.keywords if one.arg == "default"), None)
    if value is None:
        return None
    default: str | int | float | bool | None = ast.literal_eval(value)
    return default

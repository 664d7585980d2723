"""Reads settings once: flag > environment > .env in the working directory > default; a sentence for each wrong one.

Their names are the fields of `settings/groups.py`. An empty value counts as not set, except where empty has a meaning
(GREETING, TOOLS, TRANSCRIPTION_MODEL).
"""

import re
from collections.abc import Collection, Mapping
from functools import cache
from typing import Any

from pydantic import ValidationError, create_model, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from twilio_rt_cli.errors import SettingsError
from twilio_rt_cli.settings.groups import FIELDS, GROUPS, Settings
from twilio_rt_cli.settings.rules import Problem, broken_rules


def load_settings(**flags: object) -> Settings:
    """The settings of this run. A flag of None was not given. Raises SettingsError: a sentence for each bad setting."""
    return _load(_Sources, flags)


def load_some(names: Collection[str], **flags: object) -> Settings:
    """The settings of a command that needs only these: what is wrong with others, or between them, is not its business.

    Others hold their default where they are wrong. Raises SettingsError.
    """
    return _load(_Sources, flags, frozenset(names))


def bare_settings(**flags: object) -> Settings:
    """Defaults and these flags alone: neither the environment nor `.env` is read. Raises SettingsError."""
    return _load(_NoSources, flags)


class _Sources(BaseSettings):
    """Where settings come from."""

    model_config = SettingsConfigDict(extra="ignore", env_file=".env", env_file_encoding="utf-8")

    @model_validator(mode="before")
    @classmethod
    def _empty_is_unset(cls, given: dict[str, object]) -> dict[str, object]:
        keep = {"greeting", "tools", "transcription_model"}
        return {
            name: value
            for name, value in given.items()
            if name in keep or not (isinstance(value, str) and not value.strip())
        }


class _NoSources(_Sources):
    @classmethod
    def settings_customise_sources(  # pydantic-settings' signature
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)


@cache
def _all_in_one(source: type[_Sources]) -> type[_Sources]:
    """A class with the fields of all groups: names in the environment are flat, and defaults depend on other groups."""
    # Fields are taken from the last base to the first, and a default may look at the fields before it.
    bases: Any = (source, *reversed(list(GROUPS.values())))
    made: type[_Sources] = create_model("AllSettings", __base__=bases)
    return made


def _grouped(flat: BaseSettings) -> Settings:
    groups: dict[str, Any] = {}
    for name, group in GROUPS.items():
        values = {field: getattr(flat, field) for field in group.model_fields}
        groups[name] = group.model_construct(flat.model_fields_set & values.keys(), **values)
    return Settings(**groups)


_WHERE = "Settings come from flags, the environment or .env; .env.example explains each of them."


def _load(source: type[_Sources], flags: Mapping[str, object], needed: frozenset[str] | None = None) -> Settings:
    given = {name: value for name, value in flags.items() if value is not None}
    unknown = (given.keys() | (needed or frozenset())) - FIELDS.keys()
    assert not unknown, f"no such settings: {unknown}"
    problems: list[Problem] = []
    try:
        flat = _read(source, given)
    except ValidationError as error:
        # A default that depends on other settings is not made beside a wrong one; that alone is nobody's mistake.
        wrong = [details for details in error.errors() if details["type"] != "default_factory_not_called"]
        problems = [_field_problem(details) for details in wrong]
        # With defaults in place of what is wrong, the rules between settings can speak up in the same breath.
        defaults = dict(_all_in_one(_NoSources)())
        flat = _read(source, given | {name: defaults[name] for name in map(str.lower, _names(problems))})
    settings = _grouped(flat)
    if needed is None:
        named = _names(problems)
        problems += [problem for problem in broken_rules(settings) if problem.name not in named]
    else:
        problems = [problem for problem in problems if problem.name.lower() in needed]
    if problems:
        hints = dict.fromkeys(problem.hint for problem in problems)
        raise SettingsError("\n".join(problem.sentence for problem in problems), hint="\n".join(hints))
    return settings


def _names(problems: list[Problem]) -> frozenset[str]:
    return frozenset(problem.name for problem in problems)


def _read(source: type[_Sources], given: Mapping[str, Any]) -> _Sources:
    try:
        return _all_in_one(source)(**given)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f".env cannot be read ({error}).", hint="It should be UTF-8 text: NAME=value lines."
        ) from None


def _field_problem(details: ErrorDetails) -> Problem:
    name = str(details["loc"][0])
    rule = _rule_broken(details)
    if name not in _UNQUOTED:
        rule += f", not {details['input']!r:.60}"
    return Problem(name.upper(), f"{name.upper()} {rule}.", _WHERE)


_UNQUOTED = frozenset(
    name for name, field in FIELDS.items() if re.search("SecretStr|Unquoted", f"{field.annotation} {field.metadata}")
)


def _rule_broken(details: ErrorDetails) -> str:
    limits = details.get("ctx", {})
    match details["type"]:
        case "int_parsing" | "int_type" | "int_from_float":
            return "must be a whole number"
        case "float_parsing" | "float_type" | "finite_number":
            return "must be a number"
        case "bool_parsing" | "bool_type":
            return "must be true or false"
        case "greater_than_equal":
            return f"must be at least {limits['ge']:g}"
        case "greater_than":
            return f"must be more than {limits['gt']:g}"
        case "less_than_equal":
            return f"must be at most {limits['le']:g}"
        case "literal_error":
            return f"must be {limits['expected']}".replace("'", "")
        case "value_error":
            return str(limits["error"])
        case _:
            return f"is not right ({details['msg']})"

"""Options that several commands have, options made of settings, and dataclasses filled with what was typed."""

import inspect
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

import typer
from typer import Option

from twilio_rt_cli.settings.fields import SettingField, flagged_settings

JsonObject = Annotated[bool, Option("--json", help="One JSON object on stdout, and nothing else there.")]
JsonLines = Annotated[bool, Option("--json", help="JSON lines on stdout, and nothing else there.")]

Typed = TypeVar("Typed")
Command = TypeVar("Command", bound=Callable[..., None])


def typed(kind: type[Typed], ctx: typer.Context, **more: object) -> Typed:
    """An object of this class, its fields from the options of their names; what was not given is as by default."""
    given = {name: ctx.params[name] for name in inspect.get_annotations(kind) if ctx.params.get(name) is not None}
    return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}, **more)


def with_settings(command: Command) -> Command:
    """The command with an option more for each setting that has a Flag. It takes them as `**flags`, by their names."""
    signature = inspect.signature(command)
    own = [one for one in signature.parameters.values() if one.kind is not inspect.Parameter.VAR_KEYWORD]
    options = [_parameter(setting) for setting in flagged_settings()]
    command.__dict__["__signature__"] = signature.replace(parameters=[*own, *options])
    return command


def _parameter(setting: SettingField) -> inspect.Parameter:
    flag = "--" + setting.name.replace("_", "-")
    name = f"{flag}/--no-{flag[2:]}" if setting.kind is bool else flag
    default = "" if setting.default in (None, "") else f": {_shown(setting.default)}"
    option = Option(
        name,
        metavar=(setting.flag and setting.flag.metavar) or None,
        help=f"{setting.meaning[0].upper()}{setting.meaning[1:]}. [{setting.name.upper()}{default}]",
        show_default=False,
        rich_help_panel=setting.heading,
    )
    kind: Any = setting.kind | None  # a type that is known only now
    annotation = Annotated[kind, option]
    return inspect.Parameter(setting.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)


def _shown(default: object) -> str:
    return f"{default:g}" if isinstance(default, float) else str(default).lower()

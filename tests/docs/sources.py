"""What the tables tell, read from where it is written once: settings, options, routes, metrics, events, reasons."""

import ast
import inspect
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cache
from itertools import groupby
from typing import Any, NoReturn

import typer
from fastapi import APIRouter, FastAPI
from fastapi.params import Depends
from fastapi.routing import APIRoute
from prometheus_client.parser import text_string_to_metric_families
from pydantic.fields import FieldInfo

from tests.docs.pages import ROOT
from tests.server.figures import CALL
from twilio_rt_cli.admin.broadcast import Broadcast
from twilio_rt_cli.admin.metrics import Metrics
from twilio_rt_cli.admin.port import create_admin_app
from twilio_rt_cli.admin.routes import AdminSource, calls_router
from twilio_rt_cli.call.figures.end_reason import EndReason
from twilio_rt_cli.call.figures.statistics import CallStatistics
from twilio_rt_cli.call.notices import ToolAnswered
from twilio_rt_cli.cli.app import app
from twilio_rt_cli.output.redaction import Redactor
from twilio_rt_cli.protocol.origin import Origins
from twilio_rt_cli.protocol.twilio import CallSid
from twilio_rt_cli.reporting.words import server_line
from twilio_rt_cli.server.admission.notices import CallRefused, Refusal
from twilio_rt_cli.server.admission.quota import DayLimits, Quota
from twilio_rt_cli.server.admission.registry import Registry
from twilio_rt_cli.server.config import ServerConfig
from twilio_rt_cli.server.context import ServerContext
from twilio_rt_cli.server.webhook import Webhooks
from twilio_rt_cli.settings.fields import setting_fields
from twilio_rt_cli.settings.groups import FIELDS, GROUPS

# Settings

_IN_ORDER = ("server", "tunnel", "twilio", "model", "hearing", "agent", "limits", "records", "log")
"""the groups in the order in which people read them"""


@dataclass(frozen=True)
class Setting:
    """One setting."""

    name: str
    default: str
    """as it stands in `.env`; empty: not set"""
    meaning: str
    option: bool = False
    """whether `serve` takes it as an option, too"""


def settings() -> dict[str, list[Setting]]:
    """Title → the settings of that group."""
    taken = commands()["serve"].params
    options = {one.name for one in taken}
    assert set(_IN_ORDER) == GROUPS.keys()
    fields, found = setting_fields(), dict[str, list[Setting]]()
    for group in (GROUPS[name] for name in _IN_ORDER):
        found[group.__doc__ or ""] = [
            Setting(name.upper(), _default(field), fields[name].meaning, name in options)
            for name, field in group.model_fields.items()
        ]
    return found


def _default(field: FieldInfo) -> str:
    """What holds beside a Twilio secret if nothing is set."""
    default = field.get_default(call_default_factory=True, validated_data={"twilio_auth_token": "secret"})
    return str(default).lower() if isinstance(default, bool) else "" if default is None else str(default)


# Commands and their options


@cache
def commands() -> dict[str, typer.core.TyperCommand]:
    group = typer.main.get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    found = {name: command for name, command in group.commands.items() if isinstance(command, typer.core.TyperCommand)}
    assert found.keys() == group.commands.keys()
    return found


@dataclass(frozen=True)
class Param:
    """An argument or an option of a command."""

    shown: str
    default: str
    meaning: str


def commands_by_kind() -> dict[str, dict[str, str]]:
    """Heading of `--help` → its commands, each with its line there."""
    found: dict[str, dict[str, str]] = {}
    for name, command in commands().items():
        kind = found.setdefault(str(command.rich_help_panel), {})
        kind[name] = (command.short_help or "").removesuffix(".")
    return found


def params(command: str) -> Iterator[Param]:
    """Arguments first. Of `serve` those alone that are no settings."""
    told = [one for one in commands()[command].params if one.name != "help" and not getattr(one, "hidden", False)]
    for one in sorted(told, key=lambda one: one.param_type_name != "argument"):
        if command != "serve" or one.name not in FIELDS:
            meaning, _, rest = (getattr(one, "help", "") or "").partition(" [")
            default = rest.rstrip("]") or _shown_default(one)
            yield Param(_shown(one), default, meaning.removesuffix("."))


def _shown(param: Any) -> str:
    metavar = (param.metavar or "").strip("[].")
    if param.param_type_name == "argument":
        return str(metavar)
    flag = getattr(param, "is_flag", False)
    return str(param.opts[0]) if flag else f"{param.opts[0]} {metavar}"


def _shown_default(param: Any) -> str:
    if getattr(param, "is_flag", False):
        return "off"
    default = param.default
    if default is None or default in ((), [], ""):
        return "–"
    return f"{default:g}" if isinstance(default, float) else str(default)


# Routes


@dataclass(frozen=True)
class Route:
    """One path, and by which methods it answers."""

    methods: str
    path: str
    purpose: str


def public_routes() -> list[Route]:
    """Those of Twilio and of who looks after the server, and the one WebSocket behind them."""

    def never(*_: object) -> NoReturn:
        raise AssertionError

    config = ServerConfig(fallback_message="", busy_message="")
    context = ServerContext(config, Registry(config), never, lambda _: None, Quota(DayLimits(), 0))
    stream = Route("WS", "/media-stream/{token}", "The Media Stream: caller audio in, agent audio out")
    found = list(_routes(Webhooks(context).router()))
    at = next(number for number, route in enumerate(found) if route.path == "/stream-ended")
    return [*found[:at], stream, *found[at:]]


def admin_routes() -> list[Route]:
    """Those of the admin port."""

    def never(*_: object) -> Any:
        raise AssertionError

    source = AdminSource(snapshot=never, detail=never, hang_up=never, metrics=never, events=Broadcast(never, never))
    origins = Origins("http://127.0.0.1:5001")
    served = create_admin_app(origins, 5001, checked=True, on_origin_changed=never, host="0.0.0.0")
    assert isinstance(served, FastAPI)
    return [*_routes(calls_router(source, Depends(never))), *_routes(served.router)]


def _routes(router: APIRouter) -> Iterator[Route]:
    for route in router.routes:
        if isinstance(route, APIRoute):
            methods = ", ".join(sorted((route.methods or set()) - {"HEAD"}))
            purpose = inspect.getdoc(route.endpoint) or ""
            yield Route(methods, route.path, purpose.partition("\n\n")[0].replace("\n", " ").removesuffix("."))


# Metrics


@dataclass(frozen=True)
class Metric:
    """One metric, without the prefix."""

    name: str
    labels: tuple[str, ...]
    kind: str
    meaning: str


def metrics() -> Iterator[Metric]:
    """What `/metrics` tells of our own, in its order."""
    for family in text_string_to_metric_families(exposition()):
        if family.name.startswith("twilio_rt_"):
            names = {re.sub(r"_(bucket|sum|count)$", "", one.name) for one in family.samples}
            assert len(names) == 1, names
            labels = dict.fromkeys(label for one in family.samples for label in one.labels if label != "le")
            name = names.pop().removeprefix("twilio_rt_")
            yield Metric(name, tuple(labels), family.type, family.documentation.removesuffix("."))


def exposition() -> str:
    """The metrics of a server that had a call with everything in it."""
    statistics = CallStatistics(model_errors={"odd": 1}, cost_usd=0.5)
    told = Metrics(capacity=1, counted=lambda: statistics, refused={}, tools=["look_up"])
    told.on_call(0.0, CallSid(CALL), ToolAnswered("call_1", "look_up", True, 1.0, ""))
    text, _ = told.exposed()
    return text.decode()


# Events, ends, refusals


@cache
def schema() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / "docs" / "events.schema.json").read_text("utf-8"))
    return found


@dataclass(frozen=True)
class Event:
    """One type of event line."""

    type: str
    meaning: str
    fields: tuple[tuple[str, str, str], ...]
    """name, what more is to be said, and where it stands only for some (`who` agent)"""


def events() -> Iterator[Event]:
    """The types in the order of the schema."""
    for one in schema()["allOf"]:
        kind = one["if"]["properties"]["type"]["const"]
        told = schema()["$defs"][kind]
        found = [(name, _meaning(it), "") for name, it in told.get("properties", {}).items() if name != "call"]
        for variant in told.get("oneOf", ()):
            (which,) = (f"`{name}` {it['const']}" for name, it in variant["properties"].items() if "const" in it)
            found += [(name, _meaning(it), which) for name, it in variant["properties"].items() if "const" not in it]
        yield Event(kind, told["description"], tuple(found))


def _meaning(described: dict[str, Any]) -> str:
    if "$ref" in described:
        described = schema()["$defs"][described["$ref"].rpartition("/")[2]]
    return str(described.get("description", "")).removesuffix(".")


def fields_by_kind(event: Event) -> Iterator[tuple[str, list[tuple[list[str], str]]]]:
    """Those of all lines of the type, then those of some; what is said of several together comes once."""
    for which, some in groupby(event.fields, key=lambda field: field[2]):
        yield which, [([one[0] for one in those], told) for told, those in groupby(some, key=lambda field: field[1])]


def ends() -> Iterator[tuple[EndReason, str]]:
    """Why calls end, those in order first."""
    told = docs_of_members(EndReason)
    yield from ((reason, told[reason.name]) for reason in sorted(EndReason, key=lambda reason: reason.failed))


def refusals() -> Iterator[tuple[Refusal, str]]:
    """Why calls are refused, in the words of the transcript."""
    yield from ((reason, server_line(CallRefused(reason), Redactor()).text) for reason in Refusal)


def statistics() -> Iterator[tuple[str, str]]:
    """What is counted of a call, in its order; last what is made of it."""
    told = docs_of_members(CallStatistics)
    yield from ((one.name, told[one.name]) for one in fields(CallStatistics))
    yield "marks_pending", inspect.getdoc(CallStatistics.marks_pending) or ""


def docs_of_members(kind: type) -> dict[str, str]:
    """Member or field → the line under it."""
    (definition,) = ast.parse(inspect.getsource(kind)).body
    assert isinstance(definition, ast.ClassDef)
    found = {}
    for member, below in zip(definition.body, definition.body[1:], strict=False):
        match member, below:
            case (
                ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(told))),
            ):
                found[name] = told
            case _:
                pass
    return found

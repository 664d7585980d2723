"""Notices as event lines for scripts: JSON lines and logfmt.

One line: `{"v":1,"ts":"…Z","type":"call.turn","call":"CA…",…}`. Within `v` things are only added. Phone numbers come in
masked unless they are to be shown; what was said comes as it was said.
"""

from dataclasses import asdict, dataclass
from typing import assert_never

import msgspec

from twilio_rt_cli.call.figures.health import health
from twilio_rt_cli.call.figures.statistics import Figure, figures
from twilio_rt_cli.call.notices import (
    AgentTurn,
    BargedIn,
    CallerTurn,
    CallOver,
    CallTrouble,
    CutOff,
    FirstAudio,
    ItemCut,
    KeyPressed,
    ModelReady,
    Notice,
    ToolAnswered,
    ToolStarted,
)
from twilio_rt_cli.live.snapshot import Snapshot
from twilio_rt_cli.output.logs import logfmt
from twilio_rt_cli.output.redaction import Redactor
from twilio_rt_cli.output.times import utc
from twilio_rt_cli.server.admission.notices import CallRefused, CallStarted, Draining, ServerNotice, StreamFailed

Value = Figure
Fields = tuple[tuple[str, Value], ...]


@dataclass(frozen=True, slots=True)
class EventLine:
    """One line about the server or a call."""

    type: str
    fields: Fields = ()

    def json(self, at: float) -> str:
        """The JSON line; `at` in seconds since the epoch."""
        return msgspec.json.encode({"v": 1, "ts": utc(at), "type": self.type, **dict(self.fields)}).decode()

    def logfmt(self, at: float) -> str:
        """The same as `ts type key=value …`, without what is nested."""
        flat = logfmt([(name, value) for name, value in self.fields if not isinstance(value, dict | list)])
        return f"{utc(at)} {self.type} {flat}".rstrip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """Where a server is found, and how it stands."""

    url: str
    public_url: str | None
    admin_url: str
    pid: int
    calls: int | None = None
    """calls on the line; None: not known, it begins just now"""
    draining: bool | None = None


def ready_event(where: Where) -> EventLine:
    """The server answers; the first line of whoever reads."""
    fields = asdict(where).items()
    return EventLine("server.ready", tuple((name, it) for name, it in fields if it is not None or name == "public_url"))


def stats_event(now: Snapshot, dropped: int) -> EventLine:
    """How the server does; `dropped` lines this reader has missed."""
    totals = now.totals
    counted = totals.statistics
    return EventLine(
        "stats",
        (
            ("calls", totals.active),
            ("max", now.capacity),
            ("v2v_p50_ms", _ms(totals.v2v_p50_ms)),
            ("v2v_p95_ms", _ms(totals.v2v_p95_ms)),
            ("loop_lag_p99_ms", _ms(now.lag.p99_ms)),
            ("rss_mb", round(now.rss_mb, 1)),
            ("cpu_percent", round(now.cpu_percent, 1)),
            ("started", totals.started),
            ("ended", totals.ended),
            ("failed", totals.failed),
            ("refused", totals.refused),
            ("degraded", totals.degraded),
            ("tokens", counted.input_tokens + counted.output_tokens),
            ("cost_usd", counted.cost_usd),
            ("dropped", dropped),
        ),
    )


def cut_off_event(lost: int) -> EventLine:
    """The last line of a reader who is too far behind."""
    return EventLine("events.cut_off", (("lost", lost), ("why", "this reader did not keep up")))


def call_event(call_sid: str, notice: Notice) -> EventLine:
    """A notice of a call as a line."""
    kind, fields = _fields(notice)
    return EventLine(kind, (("call", call_sid), *fields))


def server_event(notice: ServerNotice, redactor: Redactor) -> EventLine:
    """A notice of the server as a line."""
    match notice:
        case CallStarted():
            numbers = ("from", redactor.number(notice.from_number)), ("to", redactor.number(notice.to_number))
            return EventLine("call.started", (("call", notice.call_sid), ("stream", notice.stream_sid), *numbers))
        case CallRefused():
            why = ("reason", notice.reason.value), ("detail", redactor.text(notice.detail))
            return EventLine("call.refused", (("call", notice.call_sid), *why))
        case StreamFailed():
            what: Fields = (("side", "twilio"), ("code", "stream_failed"), ("message", redactor.text(notice.error)))
            return EventLine("call.error", (("call", notice.call_sid), ("stream", notice.stream_sid), *what))
        case Draining():
            return EventLine("server.draining", (("calls", notice.calls), ("drain_s", notice.drain_s)))
        case _:
            assert_never(notice)


def _fields(notice: Notice) -> tuple[str, Fields]:
    match notice:
        case CallerTurn():
            said: Fields = (("item_id", notice.item_id or None), ("spoken_at_ms", _ms(notice.spoken_at_ms)))
            return "call.turn", (("who", "caller"), ("text", notice.text), *said)
        case AgentTurn():
            spoken: Fields = (("v2v_ms", _ms(notice.v2v_ms)), ("interrupted", notice.interrupted))
            when: Fields = (("spoken_at_ms", _ms(notice.spoken_at_ms)),)
            return "call.turn", (("who", "agent"), ("text", notice.text), *spoken, *when)
        case FirstAudio():
            return "call.first_audio", (("elapsed_ms", _ms(notice.elapsed_ms)),)
        case BargedIn():
            heard: Fields = (("heard_ms", notice.heard_ms), ("received_ms", notice.received_ms))
            stopped: Fields = (("stop_ms", _ms(notice.stop_ms)), ("cuts", _cuts(notice.cuts)))
            return "call.barge_in", (*heard, ("item_id", notice.item_id), *stopped)
        case CutOff():
            return "call.cut_off", (("cuts", _cuts(notice.cuts)),)
        case ToolStarted():
            return "call.tool", (*_tool("started", notice), ("arguments", notice.arguments))
        case ToolAnswered():
            outcome: Fields = (("ok", notice.ok), ("elapsed_ms", _ms(notice.elapsed_ms)), ("output", notice.output))
            return "call.tool", (*_tool("answered", notice), *outcome)
        case KeyPressed():
            return "call.dtmf", (("digits", notice.digits),)
        case ModelReady():
            return "call.ready", (("connect_ms", _ms(notice.connect_ms)),)
        case CallTrouble():
            return "call.error", (("side", notice.side), ("code", notice.code), ("message", notice.message))
        case CallOver():
            return "call.ended", _ending(notice)
        case _:
            assert_never(notice)


def _tool(state: str, notice: ToolStarted | ToolAnswered) -> Fields:
    return ("state", state), ("tool_call_id", notice.tool_call_id), ("name", notice.name)


def _ending(over: CallOver) -> Fields:
    counted = over.statistics
    verdict = health(counted, over.reason)
    return (
        ("reason", over.reason.value),
        ("failed", over.reason.failed),
        ("detail", over.detail),
        ("duration_ms", _ms(over.duration_ms)),
        ("first_audio_ms", _ms(counted.first_audio_ms)),
        ("turns", counted.turns),
        ("barge_ins", counted.barge_ins),
        ("tool_calls", counted.tool_calls),
        ("health", verdict.level.value),
        ("why", verdict.why),
        ("cost_usd", counted.cost_usd),
        ("statistics", figures(counted)),
    )


def _cuts(cuts: tuple[ItemCut, ...]) -> list[Value]:
    return [{"item_id": one.item_id, "heard_ms": one.heard_ms, "received_ms": one.received_ms} for one in cuts]


def _ms(value: float | None) -> float | None:
    return None if value is None else round(value, 1)

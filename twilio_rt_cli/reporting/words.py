"""A call as a person follows it on a terminal: who speaks, what was recognised, tool calls, the interruption."""

import json
import textwrap
from dataclasses import dataclass
from typing import assert_never

from twilio_rt_cli.call.figures.end_reason import EndReason
from twilio_rt_cli.call.figures.health import Level, health
from twilio_rt_cli.call.notices import (
    AgentTurn,
    BargedIn,
    CallerTurn,
    CallOver,
    CallTrouble,
    CutOff,
    FirstAudio,
    KeyPressed,
    ModelReady,
    Notice,
    ToolAnswered,
    ToolStarted,
)
from twilio_rt_cli.output.redaction import Redactor, printable
from twilio_rt_cli.output.words import cut, plural
from twilio_rt_cli.server.admission.notices import (
    CallRefused,
    CallStarted,
    Draining,
    Refusal,
    ServerNotice,
    StreamFailed,
)

_NARROWEST = 20  # columns for words, however narrow the terminal is
_COLOURS = {"caller": "36", "agent": "32", "tool": "35", "cut": "33", "error": "31"}
_ENDINGS = {
    EndReason.CALLER_HUNG_UP: "the caller hung up",
    EndReason.AGENT_HUNG_UP: "the agent hung up",
    EndReason.TIME_LIMIT: "the time limit was reached",
    EndReason.MODEL_UNREACHABLE: "the model could not be reached",
    EndReason.MODEL_REFUSED: "the model refused the call",
    EndReason.MODEL_GONE: "the model went away",
    EndReason.MODEL_STALLED: "the model fell silent",
    EndReason.STREAM_LOST: "the stream was lost",
    EndReason.BAD_MESSAGES: "too many bad messages",
    EndReason.DRAINED: "we are stopping",
    EndReason.OPERATOR: "an operator hung up",
    EndReason.INTERNAL_ERROR: "an error of ours",
}
_ENDS = {reason.value for reason in _ENDINGS}

_REFUSALS = {
    Refusal.BUSY: "all places are taken",
    Refusal.DRAINING: "we are stopping",
    Refusal.BAD_SIGNATURE: "the signature is not Twilio's",
    Refusal.BAD_TOKEN: "the stream's token is unknown, used or expired",
    Refusal.BAD_HANDSHAKE: "that is no WebSocket upgrade",
    Refusal.TOO_OFTEN: "this address was refused too often",
    Refusal.ORIGIN: "a browser's upgrade, not Twilio's",
    Refusal.HOST: "signatures are not checked, so only this machine may call",
    Refusal.ACCOUNT: "it comes from another Twilio account",
    Refusal.NO_START: "the stream did not begin",
    Refusal.WRONG_START: "the stream belongs to another call",
    Refusal.MEDIA_FORMAT: "the stream is not µ-law at 8 kHz",
    Refusal.CALLER_BLOCKED: "BLOCK_CALLERS names the caller",
    Refusal.CALLER_NOT_ALLOWED: "ALLOW_CALLERS does not name the caller",
    Refusal.CALLER_CALLS: "the caller has had today's calls (CALLER_CALLS_PER_DAY)",
    Refusal.CALLER_MINUTES: "the caller has had today's minutes (CALLER_MINUTES_PER_DAY)",
    Refusal.DAY_CALLS: "today's calls are used up (CALLS_PER_DAY)",
    Refusal.DAY_MINUTES: "today's minutes are used up (MINUTES_PER_DAY)",
    Refusal.DAY_COST: "today's money is spent (COST_USD_PER_DAY)",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the transcript."""

    who: str
    """caller, agent, tool, cut, error, or what happened"""
    text: str
    aside: str = ""
    """a figure, shown more quietly"""
    raw: bool = False
    """data rather than words: where room is scarce, one line of it is enough"""

    def render(self, prefix: str = "", *, colour: bool = False, width: int | None = None) -> str:
        """The line as text, with or without ANSI colours; nothing in it has power over the terminal.

        With a width, in columns, words wrap under where the text began.
        """
        gap = f"{prefix}  " if prefix else ""
        below = "\n" + " " * (len(gap) + 9)
        text, aside = printable(self.text), printable(self.aside)
        words, asides, between = text, [aside] if aside else [], "  "
        if width is not None:
            room = max(_NARROWEST, width - len(below) + 1)
            lines = [cut(text, room - len(f"  {aside}" if aside else ""))] if self.raw else textwrap.wrap(text, room)
            words = below.join(lines)
            if aside and len((lines or [""])[-1]) + 2 + len(aside) > room:
                asides, between = textwrap.wrap(aside, room), below
        who = f"{self.who:<7}"
        if colour:
            who = f"\x1b[{_COLOURS.get(self.who, '1')}m{who}\x1b[0m"
            asides = [f"\x1b[2m{one}\x1b[0m" for one in asides]
        shown = f"{gap}{who}  {words}"
        return f"{shown}{between}{below.join(asides)}" if asides else shown


def call_line(notice: Notice) -> Line | None:
    """A notice of a call in words; None for what another line says: the trouble that ends a call, a first audio."""
    match notice:
        case CallerTurn():
            return Line("caller", notice.text or "(not understood)")
        case AgentTurn():
            broken_off = "…" if notice.interrupted else ""
            return Line(
                "agent",
                (notice.text or "(no transcript)") + broken_off,
                "" if notice.v2v_ms is None else f"{notice.v2v_ms:.0f} ms",
            )
        case BargedIn():
            heard = f"{notice.heard_ms / 1000:.2f} of {notice.received_ms / 1000:.2f} s heard"
            return Line("cut", "the caller interrupts the agent", heard)
        case ToolStarted():
            return Line("tool", f"{notice.name}({_arguments(notice.arguments)})")
        case ToolAnswered():
            return Line(
                "tool" if notice.ok else "error", f"→ {notice.output}", f"{notice.elapsed_ms:.0f} ms", raw=notice.ok
            )
        case KeyPressed():
            return Line("keys", notice.digits)
        case ModelReady():
            return Line("ready", "the model listens", f"{notice.connect_ms:.0f} ms")
        case FirstAudio() | CutOff():
            return None
        case CallTrouble() if notice.code in _ENDS:
            return None
        case CallTrouble():
            return Line("error", notice.message or notice.code, f"{notice.side} {notice.code}")
        case CallOver():
            return _ending(notice)
        case _:
            assert_never(notice)


def server_line(notice: ServerNotice, redactor: Redactor) -> Line:
    """A notice of the server in words."""
    match notice:
        case CallStarted():
            called = f" to {redactor.number(notice.to_number)}" if notice.to_number else ""
            return Line("call", f"from {redactor.number(notice.from_number) or 'unknown'}{called}")
        case CallRefused():
            caller = f"from {redactor.number(notice.from_number)}" if notice.from_number else ""
            aside = ", ".join(part for part in (caller, redactor.text(notice.detail)) if part)
            return Line("refused", _REFUSALS[notice.reason], aside)
        case StreamFailed():
            return Line("error", f"Twilio's stream failed: {redactor.text(notice.error)}")
        case Draining():
            return Line("stop", _draining(notice))
        case _:
            assert_never(notice)


def _draining(notice: Draining) -> str:
    if not notice.calls:
        return "no call is in progress"
    rest = f"waiting for {plural(notice.calls, 'call')}, at most {notice.drain_s:g} s"
    return f"no new calls; {rest}. Ctrl-C again ends {'it' if notice.calls == 1 else 'them'} now"


def _arguments(raw: str) -> str:
    """`day=2026-11-24, at=10:00` for a JSON object, anything else as it is."""
    try:
        arguments = json.loads(raw)
    except (ValueError, RecursionError):
        return raw
    if not isinstance(arguments, dict):
        return raw
    pairs = ", ".join(f"{name}={value}" for name, value in arguments.items())
    return pairs.encode("utf-8", "replace").decode()  # a model may write half a surrogate pair, and no JSON takes that


def _ending(over: CallOver) -> Line:
    why = _ENDINGS.get(over.reason, over.reason.value)
    wrong = over.reason.failed and over.reason is not EndReason.DRAINED
    if over.detail and wrong:
        why += f": {over.detail}"
    counted = over.statistics
    verdict = health(counted, over.reason)
    if verdict.level is Level.DEGRADED:
        why += f"; ▲ {verdict.why}"
    minutes, seconds = divmod(int(over.duration_ms / 1000), 60)
    figures = f"{minutes}:{seconds:02d}, {plural(counted.turns, 'turn')}"
    if counted.barge_ins:
        figures += f", {plural(counted.barge_ins, 'barge-in')}"
    return Line("error" if wrong else "ended", why, figures)

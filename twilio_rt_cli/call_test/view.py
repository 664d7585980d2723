"""A test call while it runs, line by line on stderr: who speaks, what was recognised, tool calls, the interruption."""

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self, assert_never

from twilio_rt_cli.call.notices import AgentTurn, CallerTurn, CallOver, CallTrouble, Notice, ToolAnswered, ToolStarted
from twilio_rt_cli.caller import events
from twilio_rt_cli.caller.events import CallEvent
from twilio_rt_cli.output import console
from twilio_rt_cli.output.line_writer import LineWriter
from twilio_rt_cli.reporting.words import Line, call_line

_MOST_CALLS = 4  # more of them at once would be unreadable; then only what ends or fails is shown


class CallView:
    """Writes lines; a slow terminal never holds up a call. Use as a context."""

    def __init__(self, calls: int, *, sees_inside: bool, clock: Callable[[], float] = time.monotonic) -> None:
        """`sees_inside`: the bridge is ours, and its notices show what was said and recognised."""
        self._calls = calls
        self._sees_inside = sees_inside
        self._clock = clock
        self._began_at = clock()
        self._after_ms: dict[int, float] = {}  # by call: how long the answer took that is not yet in words
        self._colour = console.has_colour(sys.stderr)
        self._writer = LineWriter(sys.stderr)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close()

    def event(self, call: int, event: CallEvent) -> None:
        """Something happened at the phone."""
        if self._calls > _MOST_CALLS and not isinstance(event, events.Failed | events.Ended):
            return
        if self._sees_inside and isinstance(event, events.AgentSpoke):
            if event.after_ms is not None:
                self._after_ms[call] = event.after_ms
            return
        if isinstance(event, events.CallerSpoke):
            self._after_ms.pop(call, None)
        self._write(event_line(event), call)

    def notice(self, call: int, notice: Notice) -> None:
        """Something happened inside our own bridge, in this call. The phone measures how long an answer took."""
        if self._calls > _MOST_CALLS:
            return
        after_ms = self._after_ms.pop(call, None) if isinstance(notice, AgentTurn) else None
        line = notice_line(notice, after_ms)
        if line is not None:
            self._write(line, call)

    def say(self, who: str, text: str) -> None:
        """Something to know."""
        self._write(Line(who, text))

    def _write(self, line: Line, call: int | None = None) -> None:
        prefix = f"{self._clock() - self._began_at:6.2f}"
        if self._calls > 1:
            prefix += "  " + ("" if call is None else f"#{call}").ljust(len(f"#{self._calls - 1}"))
        self._writer.write(line.render(prefix, colour=self._colour, width=console.width(sys.stderr)))


def notice_line(notice: Notice, after_ms: float | None = None) -> Line | None:
    """A line for our own bridge's notice, where the phone has no better one: `after_ms`, the wait for this answer."""
    match notice:
        case CallerTurn():
            return Line("heard", f"“{notice.text}”" if notice.text else "(not understood)")
        case AgentTurn():
            return Line("agent", notice.text + "…" * notice.interrupted, _after(after_ms))
        case ToolStarted() | ToolAnswered() | CallTrouble():
            return call_line(notice)
        case CallOver() if notice.reason.failed:
            return call_line(notice)
        case _:
            return None


def event_line(event: CallEvent) -> Line:
    """What happens at the phone, in words."""
    match event:
        case events.Answered():
            return Line("call", "the bridge answers", f"{event.webhook_ms:.0f} ms")
        case events.StreamOpened():
            return Line("call", f"the stream is open ({event.stream_sid})", f"{event.connect_ms:.0f} ms")
        case events.AgentSpoke():
            return Line("agent", "speaks", _after(event.after_ms))
        case events.CallerSpoke():
            return Line("caller", event.text, "over the agent" if event.over_agent else "")
        case events.AgentStopped():
            heard = f"{event.heard_ms / 1000:.2f} s of the answer were heard"
            return Line("cut", "the agent stops for the caller", f"after {event.stop_ms:.0f} ms; {heard}")
        case events.KeyPressed():
            return Line("keys", event.digit)
        case events.Executed():
            return Line("twiml", event.text)
        case events.Failed():
            return Line("error", event.text)
        case events.Ended():
            return Line("ended", event.text)
        case _:
            assert_never(event)


def _after(after_ms: float | None) -> str:
    return "" if after_ms is None else f"after {after_ms:.0f} ms"

"""Tells what happens, one line each, on stdout: JSON lines, logfmt, or a transcript for a person at a terminal."""

import logging
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from types import TracebackType
from typing import Self, TextIO

from twilio_rt_cli.call.notices import Notice
from twilio_rt_cli.live.snapshot import Snapshot
from twilio_rt_cli.live.terminal import can_show
from twilio_rt_cli.output import console
from twilio_rt_cli.output.line_writer import LineWriter
from twilio_rt_cli.output.redaction import Redactor
from twilio_rt_cli.output.times import time_of_day
from twilio_rt_cli.protocol.twilio import CallSid
from twilio_rt_cli.reporting.event_lines import (
    EventLine,
    Fields,
    Where,
    call_event,
    ready_event,
    server_event,
    stats_event,
)
from twilio_rt_cli.reporting.tunnel_events import tunnel_event
from twilio_rt_cli.reporting.words import Line, call_line, server_line
from twilio_rt_cli.server.admission.notices import CallRefused, Draining, ServerNotice, StreamFailed
from twilio_rt_cli.tunnel.changes import TunnelChange

log = logging.getLogger("twilio_rt.reporter")


class Form(Enum):
    """How lines look."""

    JSON = "json"
    PLAIN = "plain"
    TRANSCRIPT = "transcript"
    VIEW = "view"
    """no lines: the live view has the terminal"""


def form_for(*, json: bool, plain: bool) -> Form:
    """JSON lines when asked for; a transcript on a terminal, unless plain lines were asked for."""
    if json:
        return Form.JSON
    if plain or not console.is_terminal(sys.stdout):
        return Form.PLAIN
    return Form.VIEW if can_show(sys.stdout) else Form.TRANSCRIPT


@dataclass(frozen=True, slots=True)
class _Overhearer:
    hear: Callable[[float, EventLine], None]
    wanted: Callable[[], bool]


class Reporter:
    """Writes event lines, a listener of the hub; a slow reader never holds up a call. Close it, or use it in `with`."""

    def __init__(
        self,
        form: Form,
        redactor: Redactor,
        clock: Callable[[], float] = time.time,
        *,
        out: TextIO | None = None,
        logged: bool = False,
    ) -> None:
        """`logged`: whoever reads the transcript reads the log too, where refusals are."""
        self.form = form
        self._overhearer: _Overhearer | None = None
        self._logged = logged
        self._redactor = redactor
        self._clock = clock
        self._out = out or sys.stdout
        self._colour = console.has_colour(self._out)
        self._writer = LineWriter(self._out)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def overheard_by(self, hear: Callable[[float, EventLine], None], wanted: Callable[[], bool]) -> Iterator[None]:
        """In this context `hear` gets every event with its time; those of a number in the thread that changed it.

        `wanted`: whether anybody would read the events of calls; where nobody does, no event is made.
        """
        self._overhearer = _Overhearer(hear, wanted)
        try:
            yield
        finally:
            self._overhearer = None

    def on_call(self, at: float, call_sid: CallSid, notice: Notice) -> None:
        """A call has published a notice; `at` in seconds since the epoch."""
        if self.form is Form.TRANSCRIPT:
            self._write_line(call_line(notice), call_sid, at)
        if self._wants_events():
            self._write_event(call_event(call_sid, notice), at)

    def on_server(self, at: float, notice: ServerNotice) -> None:
        """The server has published a notice."""
        if self.form is Form.TRANSCRIPT and not (self._logged and isinstance(notice, CallRefused | StreamFailed)):
            call_sid = "" if isinstance(notice, Draining) else notice.call_sid or ""
            self._write_line(server_line(notice, self._redactor), call_sid, at)
        if self._wants_events():
            self._write_event(server_event(notice, self._redactor), at)

    def ready(self, url: str, public_url: str | None, admin_url: str) -> None:
        """The server answers from now on."""
        where = Where(url=url, public_url=public_url, admin_url=admin_url, pid=os.getpid())
        self._write(ready_event(where))

    def tunnel(self, change: TunnelChange) -> None:
        """Our tunnel is open, broke, or is back."""
        self._write(tunnel_event(change))

    def number_changed(self, number: str, old: str, new: str) -> None:
        """A number's webhook is ours now."""
        what: Fields = (("number", number), ("old", old), ("new", new))
        self._write(EventLine("number.changed", what))

    def number_restored(self, number: str, url: str, *, put_back: bool) -> None:
        """A number does again what it did before us; or somebody else had changed it, and it was left alone."""
        self._write(EventLine("number.restored", (("number", number), ("url", url), ("put_back", put_back))))

    def stats(self, now: Snapshot) -> None:
        """How the server does; the first line to go when the reader is slow."""
        event, at = stats_event(now, self._writer.dropped), self._clock()
        match self.form:
            case Form.JSON:
                self._writer.write_figures(event.json(at))
            case Form.PLAIN:
                self._writer.write_figures(event.logfmt(at))
            case Form.TRANSCRIPT | Form.VIEW:
                pass

    def stopped(self) -> None:
        """The server is gone."""
        self._write(EventLine("server.stopped"), Line("stopped", "no call is left"))

    def close(self) -> None:
        """Write what waits, for two seconds at most."""
        self._writer.close()
        if self._writer.dropped:
            log.warning("%d event lines were dropped: nobody read them", self._writer.dropped)

    def _wants_events(self) -> bool:
        if self.form in (Form.JSON, Form.PLAIN):
            return True
        return self._overhearer is not None and self._overhearer.wanted()

    def _write(self, event: EventLine, line: Line | None = None) -> None:
        """Something of the server itself, now."""
        at = self._clock()
        self._write_event(event, at)
        self._write_line(line, "", at)

    def _write_event(self, event: EventLine, at: float) -> None:
        if (overhearer := self._overhearer) is not None:  # which another thread may see go
            overhearer.hear(at, event)
        match self.form:
            case Form.JSON:
                self._writer.write(event.json(at))
            case Form.PLAIN:
                self._writer.write(event.logfmt(at))
            case Form.TRANSCRIPT | Form.VIEW:
                pass

    def _write_line(self, line: Line | None, call_sid: str, at: float) -> None:
        if line is not None and self.form is Form.TRANSCRIPT:
            prefix, width = self._prefix(call_sid, at), console.width(self._out)
            self._writer.write(line.render(prefix, colour=self._colour, width=width))

    @staticmethod
    def _prefix(call_sid: str, at: float) -> str:
        clock = time_of_day(at)
        return f"{clock} …{call_sid[-4:]}" if call_sid else clock

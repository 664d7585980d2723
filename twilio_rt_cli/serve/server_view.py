"""Watches one server: the live model with the server and the process around it. What every view asks, and may order."""

import time
from collections.abc import Callable

from twilio_rt_cli import __version__
from twilio_rt_cli.call.notices import Notice
from twilio_rt_cli.live.model import About, EventWords, LiveModel, ProcessLoad
from twilio_rt_cli.live.snapshot import CallDetail, LagFigures, Snapshot
from twilio_rt_cli.machine.vitals import Vitals
from twilio_rt_cli.output.redaction import Redactor
from twilio_rt_cli.protocol.twilio import CallSid
from twilio_rt_cli.reporting.words import Line, call_line, server_line
from twilio_rt_cli.server.admission.notices import CallRefused, CallStarted, Draining, ServerNotice, StreamFailed
from twilio_rt_cli.server.admission.registry import HungUp
from twilio_rt_cli.server.run import BridgeServer, PublicPort


def live_model(answers: str, capacity: int, redactor: Redactor) -> LiveModel:
    """What the server's notices add up to: so many calls at once may be answered, by this model."""

    def in_words(notice: Notice | ServerNotice) -> EventWords | None:
        line: Line | None
        match notice:
            case CallStarted() | CallRefused() | StreamFailed() | Draining():
                line = server_line(notice, redactor)
            case _:
                line = call_line(notice)
        return None if line is None else EventWords(line.who, line.text, line.aside)

    about = About(version=__version__, url="", model=answers, capacity=capacity)
    return LiveModel(about, in_words, redactor.number, time.monotonic)


class ServerView:
    """Ask it on the server's loop."""

    def __init__(
        self,
        model: LiveModel,
        server: BridgeServer,
        port: PublicPort,
        redactor: Redactor,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._model = model
        self._server = server
        self._port = port
        self._redactor = redactor
        self._clock = clock
        self._vitals = Vitals()

    def number_pointed(self, number: str | None) -> None:
        """This number points here now; None: none does."""
        self._model.about.number = None if number is None else self._redactor.number(number)

    def snapshot(self, first: int = 0, rows: int | None = None) -> Snapshot:
        """The server now, with these calls of all that run."""
        about, lag = self._model.about, self._server.lag.snapshot()
        about.url, about.public_url = self._port.local_url, self._port.origins.public
        figures = LagFigures(round(lag.p50_ms, 1), round(lag.p99_ms, 1), round(lag.max_ms, 1))
        vitals = self._vitals.look()
        return self._model.snapshot(self._clock(), ProcessLoad(figures, vitals.rss_mb, vitals.cpu_percent), first, rows)

    def detail(self, call_sid: str) -> CallDetail | None:
        """One running call and what was said; None when it does not run."""
        return self._model.detail(call_sid)

    def hang_up(self, call_sid: str) -> bool:
        """End a call. False when it does not run."""
        return self._server.hang_up(CallSid(call_sid)) is HungUp.DONE

    def drain(self) -> None:
        """Stop as at a first signal."""
        self._server.stop()

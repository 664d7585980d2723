"""Where every notice goes: stamped once, redacted once, and passed to all who listen, in whatever order.

A listener that fails does not hurt the call that published something, nor the other listeners: it is logged.
"""

import logging
import time
from collections.abc import Callable, Collection
from typing import Protocol

from twilio_rt_cli.bridge.bridge import Publish
from twilio_rt_cli.call.notices import CallOver, Notice
from twilio_rt_cli.output.redaction import Redactor
from twilio_rt_cli.protocol.twilio import CallSid, StreamSid
from twilio_rt_cli.server.admission.notices import CallStarted, ServerNotice

log = logging.getLogger("twilio_rt.hub")


class Listener(Protocol):
    """Wants to know what happens. Called on the loop: it must not block."""

    def on_call(self, at: float, call_sid: CallSid, notice: Notice) -> None:
        """A call has published a notice; `at` in seconds since the epoch."""

    def on_server(self, at: float, notice: ServerNotice) -> None:
        """The server has published a notice."""


class Hub:
    """One per server."""

    def __init__(
        self, redactor: Redactor, listeners: Collection[Listener], clock: Callable[[], float] = time.time
    ) -> None:
        """In whatever order: no listener may depend on what another one heard before it."""
        self._redactor = redactor
        self._clock = clock
        self._listeners = tuple(listeners)
        self._streams: dict[CallSid, StreamSid] = {}
        """of the calls on the line, for the log"""

    def publisher_for(self, call_sid: CallSid) -> Publish:
        """Where the Bridge of this call publishes its notices."""
        return lambda notice: self.publish_call(call_sid, notice)

    def publish_call(self, call_sid: CallSid, notice: Notice) -> None:
        """Pass on a notice of a call."""
        at, redacted = self._clock(), self._redactor.redacted(notice)
        for listener in self._listeners:
            try:
                listener.on_call(at, call_sid, redacted)
            except Exception:  # who only watches must not end a call
                log.exception("a listener failed on %s", type(notice).__name__, extra=self._sids(call_sid))
        if isinstance(notice, CallOver):
            self._streams.pop(call_sid, None)

    def publish_server(self, notice: ServerNotice) -> None:
        """Pass on a notice of the server."""
        at = self._clock()
        if isinstance(notice, CallStarted):
            self._streams[notice.call_sid] = notice.stream_sid
        for listener in self._listeners:
            try:
                listener.on_server(at, notice)
            except Exception:  # as above
                sids = self._sids(getattr(notice, "call_sid", None))
                log.exception("a listener failed on %s", type(notice).__name__, extra=sids)

    def _sids(self, call_sid: CallSid | None) -> dict[str, str | None]:
        return {"call": call_sid, "stream": self._streams.get(call_sid) if call_sid else None}

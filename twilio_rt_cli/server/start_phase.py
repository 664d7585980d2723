"""The start phase of a media socket: who is calling, before anybody answers.

Twilio sends `connected`, then `start`, which names the call; only a `start` that fits the token opens the call, and
with it the model's socket. Until then every message is suspect: at most 50 early ones and 20 bad ones, at most 5 s.
A probe is thanked with 1000 and leaves no trace.
"""

import asyncio
from typing import assert_never

from twilio_rt_cli.bridge.leg import Closed, Leg
from twilio_rt_cli.call.figures.end_reason import EndReason
from twilio_rt_cli.protocol import twilio
from twilio_rt_cli.protocol.twilio import (
    AccountSid,
    CallSid,
    Connected,
    Dtmf,
    Mark,
    Media,
    MediaFormat,
    Start,
    Stop,
    StreamSid,
)
from twilio_rt_cli.protocol.wire import Malformed, Unknown
from twilio_rt_cli.server.admission.notices import CallStarted, Refusal
from twilio_rt_cli.server.admission.registry import IncomingCall, LiveCall, is_sid
from twilio_rt_cli.server.context import ServerContext, call_log

_EARLY_MESSAGES = 50
_BAD_MESSAGES = 20


class StartPhase:
    """Owns a fresh leg until its `start`; then the call's bridge does."""

    def __init__(self, context: ServerContext, live: LiveCall) -> None:
        self._context = context
        self._live = live
        self._log = call_log(live.incoming.call_sid if live.incoming else CallSid(""))
        self._timer: asyncio.TimerHandle | None = None
        self._leg: Leg | None = None
        self._early = 0
        self._bad = 0
        self._reason: EndReason | None = None
        """why this phase is over, once it is"""

    def begin(self, leg: Leg) -> None:
        """The socket is open: `start` must come in time."""
        self._leg = leg
        self._live.running = self
        self._log.debug("twilio socket open")
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._context.config.start_timeout_s, self._too_late)

    def end(self, reason: EndReason) -> None:
        """Close the socket: the call ended elsewhere, or the server stops."""
        self._close(1000, reason.value, reason)

    # What the leg calls

    def on_message(self, leg: Leg, raw: bytes) -> None:
        if self._reason is not None:
            return
        event = twilio.decode(raw)
        match event:
            case Connected() | Unknown():
                pass
            case Start():
                self._on_start(leg, event)
            case Media() | Mark() | Dtmf():
                self._early += 1
                if self._early > _EARLY_MESSAGES:
                    self._refuse(1008, Refusal.NO_START, "media before start", EndReason.BAD_MESSAGES)
            case Stop():
                self._close(1000, "", EndReason.CALLER_HUNG_UP)
            case Malformed():
                self.on_breach(leg, event.why)
            case _:
                assert_never(event)

    def on_breach(self, leg: Leg, why: str) -> None:
        self._bad += 1
        if self._bad > _BAD_MESSAGES:
            self._refuse(1008, Refusal.NO_START, "too many bad messages", EndReason.BAD_MESSAGES)

    def on_paused(self, leg: Leg) -> None:
        pass  # nothing is written in this phase

    def on_resumed(self, leg: Leg) -> None:
        pass

    def on_closed(self, leg: Leg, closed: Closed) -> None:
        self._cancel_timer()
        self._leg = None
        self._log.debug("twilio socket closed before the call began: %s %s", closed.code, closed.reason)
        self._context.registry.stream_over(self._live, self._reason or EndReason.STREAM_LOST, self._context.now())

    # The start

    def _on_start(self, leg: Leg, start: Start) -> None:
        details = start.start
        self._log = call_log(details.call_sid, start.stream_sid)
        incoming = self._live.incoming or IncomingCall(call_sid=details.call_sid, account_sid=details.account_sid)
        fits = self._fits(incoming, start)
        if fits:
            self._live.stream_sid = start.stream_sid
        if not fits:
            self._refuse(1008, Refusal.WRONG_START, "not this call", EndReason.BAD_MESSAGES)
        elif details.media_format != MediaFormat():
            self._refuse(1003, Refusal.MEDIA_FORMAT, "audio must be audio/x-mulaw, 8000, 1", EndReason.BAD_MESSAGES)
        elif incoming.is_probe:
            self._close(1000, "reachable", EndReason.PROBE)
        elif self._live.incoming is None and not self._context.registry.identify(
            self._live, incoming, self._context.now()
        ):
            self._refuse(1008, Refusal.WRONG_START, "this call has a stream already", EndReason.BAD_MESSAGES)
        else:
            self._open(leg, incoming, start)

    def _fits(self, incoming: IncomingCall, start: Start) -> bool:
        details = start.start
        account_sid: AccountSid | str = self._context.config.account_sid or incoming.account_sid
        return (
            details.call_sid == incoming.call_sid
            and details.account_sid == incoming.account_sid == account_sid
            and details.stream_sid in {start.stream_sid, StreamSid("")}
            and is_sid(details.call_sid)
            and is_sid(start.stream_sid)
        )

    def _open(self, leg: Leg, incoming: IncomingCall, start: Start) -> None:
        """Hand the leg to the call's bridge. If that fails, picows logs it and closes the socket with 1011."""
        context, live = self._context, self._live
        self._cancel_timer()
        self._reason = EndReason.INTERNAL_ERROR
        call = context.open_call(
            incoming, start, leg, lambda reason: context.registry.stream_over(live, reason, context.now())
        )
        context.registry.stream_started(live, call)
        numbers = (incoming.from_number, incoming.to_number)
        context.publish(CallStarted(incoming.call_sid, start.stream_sid, *numbers, call))
        call.begin()

    # The end

    def _too_late(self) -> None:
        self._timer = None
        self._refuse(1008, Refusal.NO_START, "no start in time", EndReason.STREAM_LOST)

    def _refuse(self, code: int, refusal: Refusal, why: str, reason: EndReason) -> None:
        if self._reason is not None:
            return
        incoming = self._live.incoming
        call_sid = incoming.call_sid if incoming else None
        self._context.refuse_call(refusal, call_sid, why, stream_sid=self._live.stream_sid)
        self._close(code, why, reason)

    def _close(self, code: int, why: str, reason: EndReason) -> None:
        if self._reason is not None:
            return
        self._cancel_timer()
        self._reason = reason
        assert self._leg is not None
        self._leg.close(code, why)

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

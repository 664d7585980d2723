"""What Twilio asks and reports by HTTP about a call: what to do with it, and what became of it."""

import asyncio
import time
from contextlib import suppress

from fastapi import APIRouter, Request, Response

from twilio_rt_cli import __version__
from twilio_rt_cli.call.figures.end_reason import EndReason
from twilio_rt_cli.protocol import twiml
from twilio_rt_cli.protocol.origin import Origin
from twilio_rt_cli.protocol.twilio import PROBE_CALL_SID, CallSid, StreamSid
from twilio_rt_cli.server.admission.notices import Refusal, StreamFailed
from twilio_rt_cli.server.admission.registry import IncomingCall
from twilio_rt_cli.server.context import ServerContext, call_log, without_token
from twilio_rt_cli.server.signed_request import read_signed

_CLOSING_S = 3.0
"""how long `/stream-ended` waits for a bridge to say how its call ended; Twilio waits 15 s for the answer"""
_FINAL = frozenset({"completed", "busy", "no-answer", "canceled", "failed"})


class Webhooks:
    """The routes of the public port."""

    def __init__(self, context: ServerContext) -> None:
        self._context = context
        self._registry = context.registry

    def router(self) -> APIRouter:
        """All routes, for the app."""
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/", self.about, methods=["GET", "HEAD"])
        router.add_api_route("/healthz", self.healthy, methods=["GET", "HEAD"])
        router.add_api_route("/readyz", self.ready, methods=["GET", "HEAD"])
        router.add_api_route("/incoming-call", self.incoming_call, methods=["GET", "POST"])
        router.add_api_route("/stream-ended", self.stream_ended, methods=["POST"])
        router.add_api_route("/stream-status", self.stream_status, methods=["POST"])
        router.add_api_route("/call-status", self.call_status, methods=["POST"])
        router.add_api_route("/amd-status", self.amd_status, methods=["POST"])
        return router

    async def about(self) -> dict[str, str]:
        """Name and version."""
        return {"name": "twilio-rt", "version": __version__}

    async def healthy(self) -> dict[str, str]:
        """200 while the process lives."""
        return {"status": "ok"}

    async def ready(self, response: Response) -> dict[str, str]:
        """Whether new calls are welcome: 200, and 503 while draining."""
        if not self._registry.draining:
            return {"status": "ready"}
        response.status_code = 503
        return {"status": "draining"}

    async def incoming_call(self, request: Request) -> Response:
        """The voice webhook. Answers TwiML: connect the call to our media socket, or say that the line is busy."""
        signed = await read_signed(request, self._context)
        incoming = IncomingCall(
            call_sid=signed.call_sid,
            account_sid=signed.account_sid,
            from_number=signed.field("From"),
            to_number=signed.field("To"),
        )
        token = self._answer(incoming)
        if isinstance(token, Refusal):
            self._context.refuse_call(token, signed.call_sid, from_number=incoming.from_number)
            return _twiml(twiml.busy(self._context.config.busy_message))
        self._context.log_of(signed.call_sid).debug("webhook answered, the stream may come")
        live, origin = self._registry.find(signed.call_sid), self._context.origin
        if live is not None:
            origin = Origin(live.origin) if live.origin else origin  # asked again: the same answer
            live.origin = origin.url
        return _twiml(
            twiml.connect_stream(
                f"{origin.websocket_url}/media-stream/{token}",
                f"{origin.url}/stream-status",
                f"{origin.url}/stream-ended",
            )
        )

    async def stream_ended(self, request: Request) -> Response:
        """What Twilio asks after the stream: hang up after an end in order, else say FALLBACK_MESSAGE and hang up."""
        signed = await read_signed(request, self._context)
        reason = await self._how_it_ended(signed.call_sid)
        self._context.log_of(signed.call_sid).debug(
            "tail of the call asked: %s", reason.value if reason else "unknown call"
        )
        if reason is not None and not reason.failed:
            return _twiml(twiml.hangup())
        return _twiml(twiml.say_and_hangup(self._context.config.fallback_message))

    async def stream_status(self, request: Request) -> Response:
        """Twilio reports a stream's start, stop or error; only here a failed handshake becomes visible."""
        signed = await read_signed(request, self._context)
        stream_sid = StreamSid(signed.field("StreamSid")[:64])
        call_log(signed.call_sid, stream_sid).debug("stream status: %s", signed.field("StreamEvent")[:64])
        if signed.field("StreamEvent") == "stream-error":
            error = without_token(signed.field("StreamError")[:500])
            call_log(signed.call_sid, stream_sid).warning("stream failed at Twilio: %s", error)
            self._context.publish(StreamFailed(signed.call_sid, stream_sid, error))
            self._registry.stream_failed(signed.call_sid, self._context.now())
        return Response(status_code=204)

    async def call_status(self, request: Request) -> Response:
        """Twilio reports a call's progress; a final status ends it."""
        signed = await read_signed(request, self._context)
        status = signed.field("CallStatus")[:64]
        self._context.log_of(signed.call_sid).debug("call status: %s", status)
        if status in _FINAL:
            self._registry.completed(signed.call_sid, self._context.now())
        return Response(status_code=204)

    async def amd_status(self, request: Request) -> Response:
        """Twilio reports who answered an outgoing call, a person or a machine; logged."""
        signed = await read_signed(request, self._context)
        self._context.log_of(signed.call_sid).info("answered by %s", signed.field("AnsweredBy")[:64])
        return Response(status_code=204)

    def _answer(self, incoming: IncomingCall) -> str | Refusal:
        """A place and its token, if this caller has not had enough; who has a place is not asked again, nor a probe."""
        call_sid, caller, quota = incoming.call_sid, incoming.from_number, self._context.quota
        new = not incoming.is_probe and self._registry.find(call_sid) is None
        if new and (refusal := quota.refusal(caller, time.time())) is not None:
            return refusal
        token = self._registry.admit(incoming, self._context.now())
        if new and (live := self._registry.find(call_sid)) is not None:
            quota.answered(call_sid, caller, time.time())
            live.waiting.append(lambda: quota.left(call_sid))
        return token

    async def _how_it_ended(self, call_sid: CallSid) -> EndReason | None:
        """How the call ended, ending it if need be. Twilio may ask before the bridge has closed the model's socket."""
        if call_sid == PROBE_CALL_SID:
            return EndReason.PROBE
        live = self._registry.find(call_sid)
        if live is None:
            return self._registry.how_it_ended(call_sid)
        if live.running is not None:
            over = asyncio.Event()
            live.waiting.append(over.set)
            live.running.end(EndReason.STREAM_LOST)  # nothing, if it is ending for a reason of its own
            with suppress(TimeoutError):
                async with asyncio.timeout(_CLOSING_S):
                    await over.wait()
        reason = live.ended or EndReason.STREAM_LOST
        self._registry.finish(live, reason, self._context.now())
        return reason


def _twiml(document: str) -> Response:
    return Response(document, media_type=twiml.CONTENT_TYPE)

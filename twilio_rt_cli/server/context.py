"""What every entrance shares: the config, our origin, the book of calls, and how somebody is turned away."""

import asyncio
import logging
import re
from collections.abc import Callable, Sequence
from typing import Protocol

from twilio_rt_cli.bridge.leg import Leg
from twilio_rt_cli.call.figures.end_reason import EndReason
from twilio_rt_cli.call.figures.statistics import CallStatistics
from twilio_rt_cli.call.figures.status import CallStatus
from twilio_rt_cli.protocol.origin import Origin, Origins
from twilio_rt_cli.protocol.signature import Verifier
from twilio_rt_cli.protocol.twilio import CallSid, Start, StreamSid
from twilio_rt_cli.server.admission.limiter import RefusalLimiter
from twilio_rt_cli.server.admission.notices import CallRefused, Refusal, ServerNotice
from twilio_rt_cli.server.admission.quota import Quota
from twilio_rt_cli.server.admission.registry import IncomingCall, Registry, is_sid
from twilio_rt_cli.server.config import ServerConfig

log = logging.getLogger("twilio_rt.server")
refusals = logging.getLogger("twilio_rt.server.refused")
"""by a name of its own, since the live view shows the same as events"""

_MINUTE_S = 60.0
_REPEATED = 3
"""so many wrong signatures within a minute are no accident"""
_TOKEN = re.compile(r"(/media-stream/)[\w-]+")
_QUERY = re.compile(r"\?.*", re.DOTALL)
_HINTS = {
    Refusal.BAD_SIGNATURE: "is TWILIO_AUTH_TOKEN the account's primary token, and PUBLIC_URL the origin Twilio calls?",
    Refusal.ACCOUNT: "TWILIO_ACCOUNT_SID names another account",
    Refusal.HOST: "without signature checks only requests to this machine's loopback are served",
    Refusal.ORIGIN: "a browser asked; Twilio sends no Origin",
}

Publish = Callable[[ServerNotice], None]


class OpenedCall(Protocol):
    """One call's bridge, as far as the server needs it."""

    def begin(self) -> None:
        """Take over the phone's leg."""

    @property
    def statistics(self) -> CallStatistics:
        """Its counters, live."""

    @property
    def waiting_ms(self) -> float:
        """How long its caller has been waiting for an answer."""

    def status(self) -> CallStatus:
        """How it stands now."""

    def end(self, reason: EndReason) -> None:
        """Close both sides; again: nothing. The end is reported to the `on_over` that the call was opened with."""


OpenCall = Callable[[IncomingCall, Start, Leg, Callable[[EndReason], None]], OpenedCall]
"""Makes a call's bridge from its webhook, its `start` and its leg; the last argument wants to hear once how it ended"""


class ServerContext:
    """One per server."""

    def __init__(
        self, config: ServerConfig, registry: Registry, open_call: OpenCall, publish: Publish, quota: Quota
    ) -> None:
        self.config = config
        self.registry = registry
        self.quota = quota
        self.open_call = open_call
        self.publish = publish
        self.verifier = Verifier(config.auth_token, config.shared_key)
        self.limiter = RefusalLimiter()
        self.origins = Origins(configured=config.public_url)
        self._wrongly_signed = 0
        self._minute_ends_at = 0.0

    @property
    def origin(self) -> Origin:
        """Where we are reached now."""
        return self.origins.current

    def urls(self, target: str, call_sid: str, *, websocket: bool = False) -> list[str]:
        """What Twilio may have signed for this path and query: under our origin, and under the one that a call was
        told while it was ours."""
        live = self.registry.find(CallSid(call_sid))
        origins = [self.origin, *([Origin(live.origin)] if live is not None and live.origin else [])]
        spelled = [one.websocket_spellings if websocket else one.spellings for one in origins]
        return [spelling + target for spellings in spelled for spelling in spellings]

    def now(self) -> float:
        """Monotonic seconds."""
        return asyncio.get_running_loop().time()

    def verify(self, urls: Sequence[str], check: Callable[[str], bool], call_sid: str = "") -> bool:
        """Whether `check` passes for one of these spellings of a URL of ours. Unchecked: always.

        `call_sid` is what the request says of itself; for the log.
        """
        if not self.config.checked:
            return True
        verdict = any(check(url) for url in urls)
        if log.isEnabledFor(logging.DEBUG):
            log_of_call = self.log_of(CallSid(call_sid if is_sid(call_sid) else ""))
            log_of_call.debug("signature %s for %s", "right" if verdict else "wrong", loggable(urls[0]))
        return verdict

    def wrongly_signed(self, checked: str, guess: Callable[[], str | None]) -> None:
        """A signature was wrong for the URL that was checked. When that repeats, both URLs are logged, once a minute.

        `guess` finds the URL that was signed, if it can.
        """
        now = self.now()
        if now >= self._minute_ends_at:
            self._minute_ends_at, self._wrongly_signed = now + _MINUTE_S, 0
        self._wrongly_signed += 1
        if self._wrongly_signed != _REPEATED:
            return
        if (signed := guess()) is None:
            log.warning(
                "signatures are wrong again and again: we checked %s. Is TWILIO_AUTH_TOKEN the account's primary one?",
                loggable(checked),
            )
            return
        log.warning(
            "signatures are wrong again and again: signed by Twilio: %s, checked by us: %s. Set PUBLIC_URL=%s",
            loggable(signed),
            loggable(checked),
            "/".join(signed.split("/")[:3]),
        )

    def turn_away(self, refusal: Refusal, address: str, what: str) -> None:
        """Count a stranger; log and publish it, unless this one comes too often."""
        exceeded = self.limiter.exceeded(address, self.now())
        self.limiter.count(address, self.now())
        self.registry.refused[refusal] += 1
        if exceeded:
            return
        hint = _HINTS.get(refusal)
        log.warning("refused %s from %s: %s%s", what, address, refusal.value, f" ({hint})" if hint else "")
        self.publish(CallRefused(refusal, None, what))

    def too_often(self, address: str) -> None:
        """Count one more of a stranger who was refused too often; nothing is logged."""
        self.limiter.count(address, self.now())
        self.registry.refused[Refusal.TOO_OFTEN] += 1

    def log_of(self, call_sid: CallSid, stream_sid: StreamSid | None = None) -> "logging.LoggerAdapter[logging.Logger]":
        """A logger whose every line carries the Call SID and, once that is known, the Stream SID."""
        return call_log(call_sid, stream_sid or self.registry.stream_of(call_sid))

    def refuse_call(
        self,
        refusal: Refusal,
        call_sid: CallSid | None,
        detail: str = "",
        *,
        from_number: str = "",
        stream_sid: StreamSid | None = None,
    ) -> None:
        """Count, log and publish a call that cannot be taken."""
        self.registry.refused[refusal] += 1
        known_sid = call_sid or CallSid("")
        sids = call_log(known_sid, stream_sid or self.registry.stream_of(known_sid), refusals)
        sids.warning("call refused: %s%s", refusal.value, f" ({detail})" if detail else "")
        self.publish(CallRefused(refusal, call_sid, detail, from_number))


def call_log(
    call_sid: CallSid, stream_sid: StreamSid | None = None, logger: logging.Logger = log
) -> "logging.LoggerAdapter[logging.Logger]":
    """A logger whose every line carries the Call SID and the Stream SID."""
    return logging.LoggerAdapter(logger, {"call": call_sid, "stream": stream_sid or ""})


def without_token(text: str) -> str:
    """The text with the tokens of our stream URLs left out."""
    return _TOKEN.sub(r"\1…", text)


def loggable(url: str) -> str:
    """The URL or path as it may be logged: no token, and no query, which holds phone numbers."""
    return _QUERY.sub("?…", without_token(url))

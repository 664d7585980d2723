"""The book of calls: places, tokens, admission, drain, and how each call ended. Pure; time is an argument.

A call takes its place when its webhook is answered and moves through stages:

    ANSWERED ──token redeemed──► CONNECTED ──right `start`──► TALKING ──stream over──► CLOSING ──► OVER
       └── token expired ──► OVER      └── no or wrong `start` ──► CLOSING

CLOSING waits for `/stream-ended`, which Twilio asks once the socket is closed, at most `tail_s`. The caller's hang-up
ends a call at once from any stage. A socket without token (unchecked mode) begins at CONNECTED and gets its Call SID
from `start`. A probe (Call SID CA + 32 zeros) has a token but neither a place nor a memory.
"""

import re
import secrets
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from math import inf
from typing import Protocol

from twilio_rt_cli.call.figures.end_reason import EndReason
from twilio_rt_cli.protocol.twilio import PROBE_CALL_SID, AccountSid, CallSid, StreamSid
from twilio_rt_cli.server.admission.notices import Refusal

_SID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_GRACE_S = 10.0
"""how long after its socket is gone a call may take to say that it is over"""
_REMEMBERED_S = 600.0
_REMEMBERED = 5000
_NO_STREAM = StreamSid("")


def is_sid(text: str) -> bool:
    """Whether this could be a SID; it will stand in log lines and file names."""
    return _SID.fullmatch(text) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingCall:
    """A call as its webhook (or, unchecked, its `start`) names it."""

    call_sid: CallSid
    account_sid: AccountSid
    from_number: str = ""
    """E.164 mostly, but also "anonymous", client:… or sip:…; empty when not known"""
    to_number: str = ""

    @property
    def is_probe(self) -> bool:
        """Whether it only asks if we can be reached."""
        return self.call_sid == PROBE_CALL_SID


class Running(Protocol):
    """Whoever has the call's socket."""

    def end(self, reason: EndReason) -> None: ...


class CallStage(Enum):
    """Where a call is on its way."""

    ANSWERED = auto()
    CONNECTED = auto()
    TALKING = auto()
    CLOSING = auto()
    OVER = auto()


class HungUp(Enum):
    """What became of a wish to hang up."""

    DONE = auto()
    ENDING = auto()
    """it was over already but for Twilio's last question"""
    UNKNOWN = auto()


@dataclass(slots=True, eq=False)
class LiveCall:
    """One line in the book."""

    incoming: IncomingCall | None
    """None: a socket without token, before its `start`"""
    token: str
    stage: CallStage
    deadline: float
    """when the book moves it on by itself"""
    origin: str = ""
    """where we were reached when its webhook was answered: its TwiML names that"""
    running: Running | None = None
    ended: EndReason | None = None
    completed: bool = False
    """Twilio has said so: nobody will ask `/stream-ended`"""
    stream_sid: StreamSid = _NO_STREAM
    """from the `start` that fitted"""
    hung_up: bool = False
    """by an operator: the caller hears what is queued, and that is all"""
    waiting: list[Callable[[], None]] = field(default_factory=list)
    """called once, when the stream is over"""


class Terms(Protocol):
    """How many calls there are places for, and how long which step of one may take, in seconds."""

    @property
    def limit_concurrency(self) -> int: ...
    @property
    def token_ttl_s(self) -> float: ...
    @property
    def late_stream_s(self) -> float: ...
    @property
    def start_timeout_s(self) -> float: ...
    @property
    def tail_s(self) -> float: ...


class Registry:
    """All calls of this server; `terms` are those of its configuration."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._places: set[LiveCall] = set()
        self._probes: set[LiveCall] = set()
        self._by_sid: dict[CallSid, LiveCall] = {}
        self._tokens: dict[str, LiveCall] = {}
        self._ended: dict[CallSid, tuple[EndReason, StreamSid, float]] = {}
        self.refused: Counter[Refusal] = Counter()
        """all of them, also those of strangers who come too often for each to be logged"""
        self.draining = False

    @property
    def places(self) -> int:
        """Places taken: calls in progress and calls that may still connect."""
        return len(self._places)

    def streaming(self) -> list[LiveCall]:
        """Calls, probes among them, whose stream is not over yet."""
        return [live for live in (*self._places, *self._probes) if live.stage in _STREAMING]

    @property
    def tokens(self) -> int:
        """Tokens that could still be redeemed."""
        return len(self._tokens)

    def find(self, call_sid: CallSid) -> LiveCall | None:
        """The call with this SID, while it lives."""
        return self._by_sid.get(call_sid)

    def knows(self, token: str) -> bool:
        """Whether this token could still be redeemed."""
        return token in self._tokens

    def call_of(self, token: str | None) -> str:
        """Call SID that a token not yet redeemed belongs to; empty for any other."""
        live = self._tokens.get(token or "")
        return live.incoming.call_sid if live is not None and live.incoming is not None else ""

    # Admission

    def admit(self, incoming: IncomingCall, now: float) -> str | Refusal:
        """A place and its token for a call whose webhook is answered; asked again while it lives: the same token."""
        known = self._by_sid.get(incoming.call_sid)
        if known is not None:
            return known.token
        if self.draining:
            return Refusal.DRAINING
        if not incoming.is_probe and self.places >= self._terms.limit_concurrency:
            return Refusal.BUSY
        live = LiveCall(incoming, secrets.token_urlsafe(24), CallStage.ANSWERED, now + self._terms.token_ttl_s)
        self._tokens[live.token] = live
        if incoming.is_probe:
            self._probes.add(live)
        else:
            self._places.add(live)
            self._by_sid[incoming.call_sid] = live
        return live.token

    def redeem(self, token: str, now: float) -> LiveCall | None:
        """The call of this token, once; None when it is unknown, used or expired."""
        live = self._tokens.get(token)
        if live is None or now >= live.deadline:
            return None
        del self._tokens[token]
        self._connect(live, now)
        return live

    def admit_nameless(self, now: float) -> LiveCall | Refusal:
        """A place for a socket without token."""
        if self.draining:
            return Refusal.DRAINING
        if self.places >= self._terms.limit_concurrency:
            return Refusal.BUSY
        live = LiveCall(None, "", CallStage.CONNECTED, inf)
        self._places.add(live)
        self._connect(live, now)
        return live

    def identify(self, live: LiveCall, incoming: IncomingCall, now: float) -> bool:
        """Enter the call that a socket without token turned out to be; False when that call has a socket already."""
        other = self._by_sid.get(incoming.call_sid)
        if other is not None and other.stage in _STREAMING:
            return False
        if other is not None:  # answered or closing: this socket is the one it waited for, or its next life
            self.finish(other, other.ended or EndReason.STREAM_LOST, now)
        live.incoming = incoming
        self._by_sid[incoming.call_sid] = live
        return True

    def _connect(self, live: LiveCall, now: float) -> None:
        live.stage = CallStage.CONNECTED
        live.deadline = now + self._terms.start_timeout_s + _GRACE_S

    # The stream

    def stream_started(self, live: LiveCall, running: Running) -> None:
        """The call's `start` was right, and somebody runs it from now on."""
        live.stage = CallStage.TALKING
        live.running = running
        live.deadline = inf

    def socket_lost(self, live: LiveCall, now: float) -> None:
        """The call's socket is gone; whoever runs it has a moment to say why."""
        if live.stage in _STREAMING:
            live.deadline = now + _GRACE_S

    def stream_over(self, live: LiveCall, reason: EndReason, now: float) -> None:
        """The call's stream ended like this; `/stream-ended` may follow, unless nobody is left to ask."""
        if live.stage not in _STREAMING:
            return
        live.ended = reason
        if live.completed or reason in _NOBODY_LEFT or live.incoming is None or live.incoming.is_probe:
            self.finish(live, reason, now)
            return
        live.stage = CallStage.CLOSING
        live.deadline = now + self._terms.tail_s
        live.running = None
        _notify(live)

    # The end

    def finish(self, live: LiveCall, reason: EndReason, now: float) -> None:
        """The call is over: free its place, remember how it ended."""
        if live.stage is CallStage.OVER:
            return
        live.stage = CallStage.OVER
        live.ended = reason
        live.running = None
        self._tokens.pop(live.token, None)
        self._places.discard(live)
        if live in self._probes:
            self._probes.discard(live)
        elif live.incoming is not None:
            self._by_sid.pop(live.incoming.call_sid, None)
            self._remember(live, live.incoming.call_sid, now)
        _notify(live)

    def how_it_ended(self, call_sid: CallSid) -> EndReason | None:
        """How a call that is over ended; None for one we do not know (any more)."""
        found = self._ended.get(call_sid)
        return found[0] if found else None

    def stream_of(self, call_sid: CallSid) -> StreamSid:
        """The stream of a call that lives, or is remembered; empty before its `start`, and of one we do not know."""
        live = self._by_sid.get(call_sid)
        if live is not None:
            return live.stream_sid
        found = self._ended.get(call_sid)
        return found[1] if found else _NO_STREAM

    def completed(self, call_sid: CallSid, now: float) -> None:
        """Twilio says that this call is completed."""
        live = self._by_sid.get(call_sid)
        if live is None:
            return
        live.completed = True
        if live.stage in _STREAMING and live.running is not None:
            live.running.end(EndReason.CALLER_HUNG_UP)  # it may be ending for another reason already
            return
        self.finish(live, live.ended or EndReason.CALLER_HUNG_UP, now)

    def hang_up(self, call_sid: CallSid, now: float) -> HungUp:
        """Somebody on our side wants this call to end, wherever it is on its way."""
        live = self._by_sid.get(call_sid)
        if live is None:
            return HungUp.UNKNOWN
        if live.stage is CallStage.ANSWERED:  # its stream will be refused, and `/stream-ended` hangs up
            self.finish(live, EndReason.OPERATOR, now)
        elif live.stage in _STREAMING and live.running is not None and not live.hung_up:
            live.running.end(EndReason.OPERATOR)
        else:
            return HungUp.ENDING
        live.hung_up = True
        return HungUp.DONE

    def stream_failed(self, call_sid: CallSid, now: float) -> None:
        """Twilio says that the stream of this call failed; if it never came, its place is free."""
        live = self._by_sid.get(call_sid)
        if live is not None and live.stage is CallStage.ANSWERED:
            self.finish(live, EndReason.STREAM_LOST, now)

    def _remember(self, live: LiveCall, call_sid: CallSid, now: float) -> None:
        assert live.ended is not None
        self._ended.pop(call_sid, None)
        self._ended[call_sid] = (live.ended, live.stream_sid, now)
        if len(self._ended) > _REMEMBERED:
            del self._ended[next(iter(self._ended))]

    # Time

    def sweep(self, now: float) -> list[LiveCall]:
        """Move on what waited too long; gives the calls that broke off without a word, which is a bug of ours."""
        late = [live for live in (*self._places, *self._probes) if now >= live.deadline]
        lost = [live for live in late if live.stage in _STREAMING]
        for live in late:
            broke_off = EndReason.INTERNAL_ERROR if live.stage in _STREAMING else EndReason.STREAM_LOST
            self.finish(live, live.ended or broke_off, now)
        while self._ended and now - next(iter(self._ended.values()))[2] > _REMEMBERED_S:
            del self._ended[next(iter(self._ended))]
        return lost

    def drain(self, now: float) -> None:
        """Take no new calls. Streams of webhooks answered before are still taken for a while."""
        self.draining = True
        for live in self._tokens.values():
            live.deadline = min(live.deadline, now + self._terms.late_stream_s)

    def end_all(self, reason: EndReason, now: float) -> None:
        """End every call, and forget those that have no stream yet. The ends of streams arrive by `stream_over`."""
        for live in (*self._places, *self._probes):
            if live.stage is CallStage.ANSWERED:
                self.finish(live, EndReason.STREAM_LOST, now)
            elif live.stage in _STREAMING and live.running is not None:
                live.running.end(reason)


_STREAMING = frozenset({CallStage.CONNECTED, CallStage.TALKING})
_NOBODY_LEFT = frozenset({EndReason.CALLER_HUNG_UP, EndReason.PROBE})


def _notify(live: LiveCall) -> None:
    waiting, live.waiting = live.waiting, []
    for callback in waiting:
        callback()

"""The phone that Twilio would put on the line: one Media Stream's far side, without socket and clock. Pure.

Stages: WAITING until `pick_up`, TALKING until `hang_up` (we sent `stop`) or `server_closed`, then OVER for good.
While talking, `frames` gives one 20 ms media frame for every 20 ms of the stream's own clock, which runs from `pick_up`
and never drifts; `receive` takes what the server sends and plays it from the modelled buffer; marks are echoed by
`receive` and `wake` when they were played. `deadline` names the next moment at which `wake` or `frames` has work.

Their mistakes are data: every breach of the protocol is noted with the number of the warning that Twilio would log, and
the message is ignored as Twilio ignores it. Source: Twilio Media Streams, "WebSocket messages"; error dictionary.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import assert_never

from twilio_rt_cli.audio.rate import FRAME_BYTES, PER_S
from twilio_rt_cli.caller.loudness import SILENCE, is_audible, speech_bounds
from twilio_rt_cli.caller.playout import Cleared, PlayoutBuffer
from twilio_rt_cli.errors import LocalProtocolError
from twilio_rt_cli.protocol import twilio
from twilio_rt_cli.protocol.twilio import AccountSid, CallSid, StreamSid
from twilio_rt_cli.protocol.wire import Malformed

FRAME_S = 0.02

UNDECODABLE = 31950
INVALID = 31951
OVERFLOW = 31931
UNSUPPORTED = 31924

_FRAMES_AT_ONCE = 5  # after a stall of ours the rest follows 5 ms later, so that the server sees no burst
_LARGEST_MESSAGE = 1 << 20  # Twilio names no limit; nobody sends two minutes of audio in one message on purpose
_GRACE_S = 1.0  # a message that was on its way when `stop` left is nobody's mistake
_MOST_KINDS = 50


@dataclass(frozen=True, slots=True)
class Identity:
    """Who is on the line."""

    call_sid: CallSid
    account_sid: AccountSid
    stream_sid: StreamSid
    custom_parameters: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class Violation:
    """A breach of the protocol, with the number of Twilio's warning; equal ones are counted."""

    code: int
    text: str
    at_ms: int
    """since the stream began; of the first one"""
    count: int = 1


@dataclass(frozen=True, slots=True)
class Spoken:
    """When the caller's words begin and end, on the clock of `pick_up`; equal when nothing of it can be heard."""

    onset_at: float
    end_at: float


@dataclass(frozen=True, slots=True)
class AgentAudio:
    """The server sent audio."""

    at: float
    position: int
    """of its first byte"""
    audible: bool
    fresh: bool
    """nothing audible was left to play before it: an answer begins here"""


@dataclass(frozen=True, slots=True)
class AgentCut:
    """The server cleared the buffer."""

    cut: Cleared


Effect = bytes | AgentAudio | AgentCut
"""What came of a message: bytes are a text frame to send."""


class PhoneStage(Enum):
    """Where the stream is in its life."""

    WAITING = auto()
    TALKING = auto()
    OVER = auto()


@dataclass(slots=True)
class PhoneCounters:
    """Frames and marks, as the phone saw them."""

    frames_sent: int = 0
    frames_received: int = 0
    marks_received: int = 0
    marks_echoed: int = 0


class Phone:
    """One bidirectional Media Stream, seen from Twilio's side."""

    def __init__(
        self, identity: Identity, *, buffer_delay_ms: int = 0, loses: Callable[[], bool] = lambda: False
    ) -> None:
        """`loses` is asked once a frame whether the line swallows it before Twilio makes a message of it."""
        self.identity = identity
        self.counters = PhoneCounters()
        self.violations: list[Violation] = []
        self.cuts: list[Cleared] = []
        """every clear; what was played of the audio sent since the clear before is the difference of their positions"""
        self.spoken = bytearray()
        """what the caller's side was since `pick_up`, silence included, before any loss"""
        self._loses = loses
        self._buffer = PlayoutBuffer(buffer_delay_ms)
        self._mouth = bytearray()
        self._stage = PhoneStage.WAITING
        self._start_at = self._over_at = self._batch_at = 0.0
        self._sequence = self._frames_made = self._last_audible = 0

    # What the caller does

    def pick_up(self, now: float) -> tuple[bytes, bytes]:
        """`connected` and `start`; the stream's clock runs from here."""
        if self._stage is not PhoneStage.WAITING:
            raise LocalProtocolError("a phone picks up once")
        self._stage = PhoneStage.TALKING
        self._start_at = now
        identity = self.identity
        details = twilio.StartDetails(
            identity.call_sid,
            identity.account_sid,
            identity.stream_sid,
            custom_parameters=dict(identity.custom_parameters),
        )
        return twilio.connected_text(), twilio.start_text(details, self._next_sequence())

    def say(self, mulaw: bytes) -> Spoken:
        """Speaks from the next frame on, after anything still being said; gives when the words begin and end."""
        begins_at = self._start_at + self._frames_made * FRAME_S + len(self._mouth) / PER_S
        self._mouth += mulaw
        onset, end = speech_bounds(mulaw) or (0, 0)
        return Spoken(begins_at + onset / PER_S, begins_at + end / PER_S)

    def press(self, digit: str) -> bytes:
        """A key press."""
        return twilio.dtmf_text(self.identity.stream_sid, self._next_sequence(), digit)

    def frames(self, now: float) -> tuple[bytes, ...]:
        """The media frames that are due: one each 20 ms, a few more after a stall, none while not talking.

        A frame that the line lost makes no message: sequence number and chunk count messages and go on without a hole
        (the socket is TCP), only `timestamp` jumps.
        """
        if self._stage is not PhoneStage.TALKING:
            return ()
        due = min(int((now - self._start_at) / FRAME_S + 1e-6) - self._frames_made, _FRAMES_AT_ONCE)
        if due > 0:
            self._batch_at = now
        return tuple(frame for _ in range(due) if (frame := self._frame()) is not None)

    def hang_up(self, now: float) -> bytes:
        """`stop`; the stream is over, and what was not played by now is never heard."""
        if self._stage is not PhoneStage.TALKING:
            raise LocalProtocolError("only a call in progress can be hung up")
        details = twilio.StopDetails(self.identity.call_sid, self.identity.account_sid)
        stop = twilio.stop_text(self.identity.stream_sid, self._next_sequence(), details)
        self._end(now)
        return stop

    # What the server does

    def receive(self, raw: bytes, now: float) -> tuple[Effect, ...]:
        """What one text frame of the server leads to, after the echoes of the marks that were reached before it."""
        if self._stage is PhoneStage.OVER:
            if now - self._over_at > _GRACE_S:
                self.breach(INVALID, "a message after stop", now)
            return ()
        reached: tuple[Effect, ...] = self.wake(now)
        if len(raw) > _LARGEST_MESSAGE:
            self.breach(UNSUPPORTED, "a message above 1 MiB", now)
            return reached
        message = twilio.decode_outgoing(raw)
        if isinstance(message, Malformed):
            self.breach(INVALID, message.why, now)
            return reached
        if message.stream_sid != self.identity.stream_sid:
            self.breach(INVALID, "wrong streamSid", now)
            return reached
        match message:
            case twilio.SendMedia():
                return (*reached, *self._media(message, now))
            case twilio.SendMark():
                return (*reached, *self._mark(message.mark.name, now))
            case twilio.Clear():
                return (*reached, *self._clear(now))
            case _:
                assert_never(message)

    def receive_binary(self, now: float) -> None:
        """A binary frame: Twilio cannot decode it."""
        self.breach(UNDECODABLE, "a binary frame", now)

    def server_closed(self, now: float) -> None:
        """The server closed the socket: what was not played by now is never heard."""
        if self._stage is PhoneStage.TALKING:
            self._end(now)

    def breach(self, code: int, text: str, now: float) -> None:
        """Notes a breach of the protocol."""
        for known in self.violations:
            if (known.code, known.text) == (code, text):
                known.count += 1
                return
        if len(self.violations) < _MOST_KINDS:
            self.violations.append(Violation(code, text, max(0, round((now - self._start_at) * 1000))))

    # Time

    def wake(self, now: float) -> tuple[bytes, ...]:
        """Echoes of the marks that were reached by now."""
        if self._stage is not PhoneStage.TALKING:
            return ()
        return tuple(self._echo(name) for name in self._buffer.reached(now))

    def frame_due_at(self) -> float:
        """When the next media frame is due; after a full batch a little later than it should have been."""
        return max(self._start_at + (self._frames_made + 1) * FRAME_S, self._batch_at + 0.005)

    def deadline(self) -> float | None:
        """When to call `wake` and `frames` next; None when the call is over or has not begun."""
        if self._stage is not PhoneStage.TALKING:
            return None
        mark_at = self._buffer.deadline()
        return self.frame_due_at() if mark_at is None else min(mark_at, self.frame_due_at())

    # What one can know

    @property
    def stage(self) -> PhoneStage:
        """Where the stream is in its life."""
        return self._stage

    @property
    def start_at(self) -> float:
        """When the caller picked up."""
        return self._start_at

    @property
    def speaking(self) -> bool:
        """Whether the caller has words left to say."""
        return bool(self._mouth)

    def agent_audible(self, now: float) -> bool:
        """Whether the agent could be heard in the last 20 ms."""
        return is_audible(self._buffer.recent(now, FRAME_BYTES))

    def agent_talking(self, now: float) -> bool:
        """Whether agent audio worth hearing is being played or waits to be."""
        return self._last_audible > self._buffer.position(self._clock(now))

    def position(self, now: float) -> int:
        """Bytes of agent audio played since the stream began."""
        return self._buffer.position(self._clock(now))

    def heard(self, now: float) -> tuple[tuple[float, bytes], ...]:
        """What the caller heard until now: when each gapless stretch began, and its µ-law audio."""
        return self._buffer.runs(self._clock(now))

    # Below here: how

    def _clock(self, now: float) -> float:
        return min(now, self._over_at) if self._stage is PhoneStage.OVER else now

    def _end(self, now: float) -> None:
        self._stage = PhoneStage.OVER
        self._over_at = now
        self._mouth.clear()

    def _next_sequence(self) -> int:
        self._sequence += 1
        return self._sequence

    def _frame(self) -> bytes | None:
        audio = bytes(self._mouth[:FRAME_BYTES]).ljust(FRAME_BYTES, SILENCE)
        del self._mouth[:FRAME_BYTES]
        self.spoken += audio
        timestamp_ms = self._frames_made * 20
        self._frames_made += 1
        if self._loses():
            return None
        self.counters.frames_sent += 1
        chunk = self.counters.frames_sent
        return twilio.media_text(self.identity.stream_sid, self._next_sequence(), chunk, timestamp_ms, audio)

    def _media(self, message: twilio.SendMedia, now: float) -> tuple[Effect, ...]:
        audio = message.media.payload
        if not audio:
            self.breach(INVALID, "an empty payload", now)
            return ()
        self.counters.frames_received += 1
        fresh = not self.agent_talking(now)
        position = self._buffer.end
        if self._buffer.append(audio, now):
            self.breach(OVERFLOW, "more than ten minutes of audio wait; the rest is dropped", now)
        bounds = speech_bounds(audio)
        if bounds is not None:
            self._last_audible = min(position + bounds[1], self._buffer.end)
        return (AgentAudio(now, position, bounds is not None, fresh),)

    def _mark(self, name: str, now: float) -> tuple[bytes, ...]:
        self.counters.marks_received += 1
        return (self._echo(name),) if self._buffer.mark(name, now) else ()

    def _clear(self, now: float) -> tuple[Effect, ...]:
        cut, names = self._buffer.clear(now)
        self._last_audible = min(self._last_audible, cut.position)
        self.cuts.append(cut)
        return (AgentCut(cut), *(self._echo(name) for name in names))

    def _echo(self, name: str) -> bytes:
        self.counters.marks_echoed += 1
        return twilio.mark_echo_text(self.identity.stream_sid, self._next_sequence(), name)

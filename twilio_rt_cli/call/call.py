"""One call: takes events, answers with commands. Theory of operation in the package's docstring.

What comes several times a second is told by `type(…) is`: of a type of msgspec's, a `case` that does not fit takes ten
times as long.
"""

from collections import deque
from collections.abc import Sequence
from enum import Enum, auto
from math import inf

from twilio_rt_cli.call.arrivals import Arrivals
from twilio_rt_cli.call.commands import Command, HangUp
from twilio_rt_cli.call.conversation import HOPELESS, Conversation
from twilio_rt_cli.call.end_reason import EndReason
from twilio_rt_cli.call.events import (
    BadMessage,
    Began,
    EndRequested,
    Event,
    ModelClosed,
    ModelFailed,
    ModelOpened,
    ModelPaused,
    ModelResumed,
    PhoneClosed,
    PhonePaused,
    PhoneResumed,
    UnknownMessage,
    Woken,
)
from twilio_rt_cli.call.generation import PER_MS, PER_S
from twilio_rt_cli.call.keypad import Keypad
from twilio_rt_cli.call.notices import CallOver, CallTrouble, KeyPressed, ModelReady
from twilio_rt_cli.call.plan import CallPlan
from twilio_rt_cli.call.setup import SessionSetup
from twilio_rt_cli.call.statistics import CallStatistics
from twilio_rt_cli.call.status import CallStatus
from twilio_rt_cli.protocol.realtime import AudioDelta, ErrorReported, SessionCreated, SessionUpdated, TranscriptDelta
from twilio_rt_cli.protocol.realtime_client import AppendAudio
from twilio_rt_cli.protocol.twilio import Connected, Dtmf, Mark, Media, Start, Stop, StreamSid

MOST_BAD_MESSAGES = 20
FLOOD_S = 5.0
FLOOD = 1000
"""Media messages that no phone sends within FLOOD_S: Twilio sends 50 a second"""
FAREWELL_S = 3.5
"""Longest wait for what is queued at Twilio to be heard before a call that has to end is hung up"""
LONGEST_PAYLOAD = PER_S
"""Samples in one media message; Twilio sends 160"""
BETWEEN_LOOKS = 3
"""Media messages that come before the next one looks whether agent audio that waits may go: room for 200 ms of it is
needed anyway. A mask: one less than a power of two"""
LONG_PAYLOAD = 800
"""Samples in a media message after which too much time has passed for others to be waited for"""
HOLE_MS = 35
"""From one media message to the next: more than one that carries 20 ms, less than two"""
_SESSION_OVER = frozenset({"session_expired"})


class CallState(Enum):
    """Where a call stands; forwards only."""

    CONNECTING = auto()
    CONFIGURING = auto()
    TALKING = auto()
    ENDING = auto()
    OVER = auto()


_TALKING, _OVER = CallState.TALKING, CallState.OVER  # for the media path: looking up a member of an Enum is slow


class Call:
    """The core of one call: `receive` for every event, `Began` first, and `Woken` when `deadline` has come."""

    def __init__(self, plan: CallPlan, stream_sid: StreamSid, now: float) -> None:
        self.statistics = CallStatistics(cost_usd=None if plan.prices is None else 0.0)
        self._arrivals = Arrivals(self.statistics)
        self.state = CallState.CONNECTING
        self.end_reason: EndReason | None = None
        self._why = ""
        self._stream_sid = stream_sid
        self._started_at = now
        self._setup = SessionSetup(plan.session)
        self._setup_due_at = now + plan.model_timeout_s
        self._over_due_at = now + plan.max_call_s
        self._held: deque[bytes] = deque(maxlen=plan.hold_messages)
        self._model_paused = False
        self._sequence_number = 0
        self._hole_after_ms: float = inf
        """a timestamp above this one shows that audio before it is missing"""
        self._flood_began_at = now
        self._flood_at_frame = FLOOD
        self._keypad = Keypad()
        self._early_digits = ""
        self._conversation = Conversation(plan, self.statistics, self._arrivals, now)
        self._hang_up = HangUp(EndReason.INTERNAL_ERROR)

    def receive(self, event: Event, now: float) -> Sequence[Command]:
        """One fact, at a monotonic time in seconds; answers what to do about it, in order."""
        if self.state is _OVER:
            return ()
        if type(event) is Media:
            return self._caller_audio(event, now)
        if type(event) is AudioDelta and self.state is _TALKING:
            return self._conversation.audio(event, now)
        if type(event) is TranscriptDelta:
            self._conversation.words(event, now)
            return ()
        if type(event) is Mark:
            self._follow(event.sequence_number)
            self.statistics.marks_echoed += 1
            commands = self._conversation.mark_echoed(event.mark.name, now)
            return commands if self.state is _TALKING else [*commands, *self._heard_out(now)]
        match event:
            case Woken():
                return self._wake(now)
            case Began():
                return self._conversation.playout.probe(now)
            case PhonePaused():
                self._conversation.playout.pause()
                return ()
            case PhoneResumed():
                return self._conversation.playout.resume(now)
            case Dtmf() | Stop() | Start() | Connected() | PhoneClosed():
                return self._phone(event, now)
            case ModelOpened() | ModelFailed() | ModelPaused() | ModelResumed() | ModelClosed():
                return self._model_socket(event, now)
            case SessionCreated() | SessionUpdated() | ErrorReported() if self.state is not CallState.ENDING:
                return self._session(event, now)
            case BadMessage():
                return self._bad_message(event, now)
            case UnknownMessage():
                kinds = self.statistics.unknown_messages
                if event.kind in kinds or len(kinds) < 100:
                    kinds[event.kind] = kinds.get(event.kind, 0) + 1
                return ()
            case EndRequested():
                return self._end(event.reason, now)
            case _ if self.state is _TALKING:
                return self._judged(self._conversation.receive(event, now), now)
            case _:
                return ()

    def passes(self, event: Media) -> bool:
        """Whether this is caller audio as nearly all is: in order, the model takes it, and there is nothing else to do.

        Then it is counted, and has to be sent to the model; if not, it has to be told to `receive`.
        """
        media, sequence_number = event.media, event.sequence_number
        samples = len(media.payload)
        counters, playout = self.statistics, self._conversation.playout
        frames = counters.frames_in
        if (
            self.state is not _TALKING
            or self._model_paused
            or sequence_number != self._sequence_number + 1
            or media.timestamp > self._hole_after_ms
            or event.stream_sid != self._stream_sid
            or not 0 < samples <= LONGEST_PAYLOAD
            or frames >= self._flood_at_frame
            or playout.cuts
            or (playout.queue and (samples > LONG_PAYLOAD or not frames & BETWEEN_LOOKS))
        ):
            return False
        self._sequence_number = sequence_number
        self._hole_after_ms = media.timestamp + HOLE_MS
        counters.frames_in = frames + 1
        counters.bytes_in += samples
        return True

    def arrived(self, event: Media, now: float) -> None:
        """Caller audio came; every eighth message is enough. Told before it passes or is received."""
        details = event.media
        position = self._conversation.appended + len(details.payload)
        self._arrivals.arrived(details.timestamp, position, now)

    def waiting_ms(self, now: float) -> float:
        """How long the caller has been waiting for an answer; 0: is not."""
        return self._conversation.waiting_ms(now)

    def status(self, now: float) -> CallStatus:
        """The call at this moment, for somebody who watches."""
        state = self._conversation.state(now) if self.state is _TALKING else self.state.name.lower()
        state = "connecting" if self.state in _SETTING_UP else state
        playout = self._conversation.playout
        buffered = playout.unheard(now) // PER_MS, playout.at_twilio(now) // PER_MS
        return CallStatus(state, *buffered, round(playout.overdue_s(now) * 1000))

    def deadline(self) -> float | None:
        """When to tell `Woken`, in monotonic seconds; None when nothing is awaited any more."""
        times = [self._over_due_at, self._keypad.deadline(), self._conversation.deadline()]
        if self.state in _SETTING_UP:
            times.append(self._setup_due_at)
        return None if self.state is CallState.OVER else min(at for at in times if at is not None)

    def break_off(self) -> None:
        """An error of ours: nothing more is ordered."""
        self._become(CallState.OVER)
        self.end_reason = EndReason.INTERNAL_ERROR

    def over(self, now: float) -> CallOver:
        """The last notice, for when both sockets are closed."""
        reason = self.end_reason or EndReason.INTERNAL_ERROR
        return CallOver(reason, self._why, (now - self._started_at) * 1000, self.statistics)

    def _wake(self, now: float) -> Sequence[Command]:
        commands = self._conversation.wake(now)
        if (digits := self._keypad.wake(now)) is not None:
            commands += self._keys(digits, now)
        if self.state is CallState.ENDING:
            commands += self._heard_out(now)
        elif self.state is not CallState.TALKING and self._setup_due_at <= now:
            commands += self._end(EndReason.MODEL_UNREACHABLE, now, "the model gave no session in time")
        elif self._over_due_at <= now:
            commands += self._end(EndReason.TIME_LIMIT, now)
        return self._judged(commands, now)

    # The phone's side

    def _caller_audio(self, event: Media, now: float) -> Sequence[Command]:
        payload = event.media.payload
        samples = len(payload)
        self._follow_audio(event)
        if event.stream_sid != self._stream_sid and event.stream_sid:
            return self._bad_message(BadMessage(from_model=False, why="media of another stream"), now)
        if not 0 < samples <= LONGEST_PAYLOAD:
            return self._bad_message(BadMessage(from_model=False, why=f"{samples} samples in one media message"), now)
        counters, playout = self.statistics, self._conversation.playout
        looks = playout.cuts or samples > LONG_PAYLOAD or not counters.frames_in & BETWEEN_LOOKS
        counters.frames_in += 1
        counters.bytes_in += samples
        if counters.frames_in > self._flood_at_frame:
            if now < self._flood_began_at + FLOOD_S:
                return self._end(EndReason.BAD_MESSAGES, now, "a flood of media", close_code=1008)
            self._flood_began_at, self._flood_at_frame = now, counters.frames_in + FLOOD
        released = playout.media(now) if looks else ()
        if self.state is _TALKING and not self._model_paused:
            append = AppendAudio(payload)
            return [append, *released] if released else (append,)
        self._conversation.unsent += samples
        self._hold(payload)
        ending = self._heard_out(now) if self.state is CallState.ENDING else []
        return [*released, *ending]

    def _hold(self, payload: bytes) -> None:
        if self.state is CallState.ENDING:
            return
        if len(self._held) == self._held.maxlen:
            self.statistics.caller_audio_dropped += 1
        self._held.append(payload)

    def _flush_held(self) -> list[Command]:
        held = list(self._held)
        self._held.clear()
        self._conversation.unsent -= sum(map(len, held))
        return [AppendAudio(payload) for payload in held]

    def _phone(self, event: Dtmf | Stop | Start | Connected | PhoneClosed, now: float) -> Sequence[Command]:
        match event:
            case Dtmf():
                self._follow(event.sequence_number)
                digits = self._keypad.press(event.dtmf.digit, now)
                return self._keys(digits, now) if digits is not None else ()
            case Stop():
                return self._end(EndReason.CALLER_HUNG_UP, now)
            case PhoneClosed():
                return self._end(EndReason.STREAM_LOST, now, f"Twilio closed with {event.code} {event.reason}".strip())
            case Start():
                return self._end(EndReason.BAD_MESSAGES, now, "a second start", close_code=1008)
            case Connected():
                return self._bad_message(BadMessage(from_model=False, why="connected again"), now)

    def _keys(self, digits: str, now: float) -> list[Command]:
        if self.state is not CallState.TALKING:
            self._early_digits += digits
            return [KeyPressed(digits)]
        return [KeyPressed(digits), *self._conversation.keys(digits, now)]

    def _follow(self, sequence_number: int) -> None:
        """Twilio numbers all its messages; a hole means that audio was lost on the way to us."""
        if sequence_number:
            if self._sequence_number and sequence_number > self._sequence_number + 1:
                self.statistics.media_gaps += 1
            self._sequence_number = sequence_number

    def _follow_audio(self, event: Media) -> None:
        """Packets that the telephone network lost leave no hole in the numbers, but one in the stream's time."""
        gaps, timestamp_ms = self.statistics.media_gaps, event.media.timestamp
        self._follow(event.sequence_number)
        if timestamp_ms > self._hole_after_ms and self.statistics.media_gaps == gaps:
            self.statistics.media_gaps += 1
        self._hole_after_ms = timestamp_ms + HOLE_MS

    # The model's side

    def _model_socket(
        self, event: ModelOpened | ModelFailed | ModelPaused | ModelResumed | ModelClosed, now: float
    ) -> Sequence[Command]:
        match event:
            case ModelOpened():
                if self.state is CallState.CONNECTING:
                    self._become(CallState.CONFIGURING)
                    return (self._setup.ask(),)
            case ModelFailed():
                reason = EndReason.MODEL_REFUSED if event.refused else EndReason.MODEL_UNREACHABLE
                return self._end(reason, now, event.message)
            case ModelClosed():
                refused = 3000 <= event.code < 5000  # OpenAI's own codes: a key or a session it will not have
                reason = EndReason.MODEL_REFUSED if refused else EndReason.MODEL_GONE
                return self._end(reason, now, f"the model closed with {event.code} {event.reason}".strip())
            case ModelPaused():
                self._model_paused = True
            case ModelResumed():
                self._model_paused = False
                if self.state is CallState.TALKING:
                    return self._flush_held()
        return ()

    def _session(self, event: SessionCreated | SessionUpdated | ErrorReported, now: float) -> Sequence[Command]:
        if isinstance(event, ErrorReported):
            return self._model_error(event, now)
        if isinstance(event, SessionCreated) or self.state is not CallState.CONFIGURING:
            return ()
        if (wrong := self._setup.wrong_format(event)) is not None:
            return self._end(EndReason.MODEL_REFUSED, now, wrong)
        self._become(CallState.TALKING)
        self.statistics.model_connect_ms = (now - self._started_at) * 1000
        held = [] if self._model_paused else self._flush_held()
        keys = self._conversation.keys(self._early_digits, now) if self._early_digits else []
        return [ModelReady(self.statistics.model_connect_ms), *self._conversation.greet(now), *keys, *held]

    def _model_error(self, event: ErrorReported, now: float) -> Sequence[Command]:
        error = event.error
        code = error.name
        if code in _SESSION_OVER:
            return self._end(EndReason.MODEL_GONE, now, error.text)
        if self.state is CallState.CONFIGURING:
            again = None if code in HOPELESS else self._setup.refused(error)
            return self._end(EndReason.MODEL_REFUSED, now, error.text) if again is None else again
        return self._judged(self._conversation.receive(event, now), now)

    def _bad_message(self, event: BadMessage, now: float) -> Sequence[Command]:
        counters = self.statistics
        if event.from_model:
            counters.bad_messages_model += 1
        else:
            counters.bad_messages_twilio += 1
        side = "model" if event.from_model else "twilio"
        if (counters.bad_messages_model if event.from_model else counters.bad_messages_twilio) <= MOST_BAD_MESSAGES:
            return (CallTrouble(side, "bad_message", event.why),)
        detail = f"more than {MOST_BAD_MESSAGES} bad messages from {side}"
        if event.from_model:
            return self._end(EndReason.MODEL_GONE, now, detail)
        return self._end(EndReason.BAD_MESSAGES, now, detail, close_code=1008)

    # The end

    def _judged(self, commands: list[Command], now: float) -> Sequence[Command]:
        """End the call if the conversation cannot go on."""
        verdict, self._conversation.verdict = self._conversation.verdict, None
        ending = self._end(verdict, now) if verdict is not None and self.state is not _OVER else []
        return [*commands, *ending]

    def _end(self, reason: EndReason, now: float, why: str = "", close_code: int = 1000) -> list[Command]:
        """Begin to end: what is queued at Twilio is heard first, unless the caller is gone or misbehaves."""
        if self.state is CallState.ENDING:
            return self._over(now) if reason.at_once else []
        self.end_reason, self._why = reason, why
        self._hang_up = HangUp(reason, close_code)
        self._become(CallState.ENDING)
        self._held.clear()
        trouble: list[Command] = [CallTrouble(reason.side, reason.value, why)] if reason.failed else []
        if reason.at_once:
            return trouble + self._over(now)
        self._over_due_at = now + FAREWELL_S
        return trouble + self._heard_out(now)

    def _heard_out(self, now: float) -> list[Command]:
        """While ending: hang up once the caller has heard all there is."""
        if self.state is not CallState.ENDING:
            return []
        if self._conversation.playout.unheard(now) and now < self._over_due_at:
            return []
        return self._over(now)

    def _over(self, now: float) -> list[Command]:
        self._become(CallState.OVER)
        return [*self._conversation.break_off(now), self._hang_up]

    def _become(self, state: CallState) -> None:
        assert state.value >= self.state.value, f"{self.state} cannot become {state}"
        self.state = state


_SETTING_UP = frozenset({CallState.CONNECTING, CallState.CONFIGURING})

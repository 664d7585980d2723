"""One call: takes events, answers with commands. Theory of operation in the package's docstring.

What comes several times a second is told apart by `type(…) is`: of a type of msgspec's, a `case` that does not fit
takes ten times as long.
"""

from collections.abc import Callable, Sequence
from enum import Enum, auto

from twilio_rt_cli.audio.rate import PER_MS
from twilio_rt_cli.call.arrivals import Arrivals
from twilio_rt_cli.call.caller_audio import CallerAudio
from twilio_rt_cli.call.commands import Command, HangUp
from twilio_rt_cli.call.conversation import Answered, Conversation
from twilio_rt_cli.call.events import (
    BadMessage,
    Began,
    EndRequested,
    Event,
    HostEvent,
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
from twilio_rt_cli.call.figures.end_reason import Ending, EndReason
from twilio_rt_cli.call.figures.statistics import CallStatistics
from twilio_rt_cli.call.figures.status import CallStatus
from twilio_rt_cli.call.keypad import Keypad
from twilio_rt_cli.call.model_link import ModelLink
from twilio_rt_cli.call.notices import CallOver, CallTrouble, KeyPressed, ModelReady
from twilio_rt_cli.call.plan import CallPlan
from twilio_rt_cli.call.playout import Playout
from twilio_rt_cli.protocol.realtime import (
    AudioDelta,
    ErrorReported,
    ServerEvent,
    SessionCreated,
    SessionUpdated,
    TranscriptDelta,
)
from twilio_rt_cli.protocol.realtime_client import AppendAudio
from twilio_rt_cli.protocol.twilio import Connected, Dtmf, Mark, Media, Start, Stop, StreamSid

MOST_BAD_MESSAGES = 20
FAREWELL_S = 3.5
"""Longest wait for what is queued at Twilio to be heard before a call that has to end is hung up"""


class CallState(Enum):
    """Where a call stands; forwards only."""

    SETTING_UP = auto()
    TALKING = auto()
    ENDING = auto()
    OVER = auto()


# For the media path: looking up a member of an Enum is slow.
_TALKING, _ENDING, _OVER = CallState.TALKING, CallState.ENDING, CallState.OVER


class Call:
    """The core of one call: `receive` for every event, `Began` first, and `Woken` when `deadline` has come."""

    def __init__(self, plan: CallPlan, stream_sid: StreamSid, now: float) -> None:
        self.statistics = CallStatistics(cost_usd=None if plan.prices is None else 0.0)
        self.state = CallState.SETTING_UP
        self._ending: Ending | None = None
        self._started_at = now
        self._over_due_at = now + plan.max_call_s
        self._keypad = Keypad()
        self._early_digits = ""
        arrivals = Arrivals(self.statistics)
        self._link = ModelLink(plan, self.statistics, now)
        self._conversation = Conversation(plan, self._link, arrivals, now)
        self._caller_audio = CallerAudio(stream_sid, self._link, self.playout, arrivals, now)

    @property
    def playout(self) -> Playout:
        """What the caller has heard: to look at, for a recording."""
        return self._conversation.playout

    @property
    def passes(self) -> Callable[[Media, Callable[[], float]], bool]:
        """`CallerAudio.passes`, to be kept by whoever asks it for every frame; `receive` takes all frames too."""
        return self._caller_audio.passes

    def receive(self, event: Event, now: float) -> Sequence[Command]:
        """One fact, at a monotonic time in seconds; answers what to do about it, in order."""
        if self.state is _OVER:
            return self._after_the_end(event, now)
        if type(event) is Media:
            taken = self._caller_audio.take(event, now)
            if not isinstance(taken, list):
                return self._refused(taken, now)
            return [*taken, *self._heard_out(now)] if self.state is _ENDING else taken
        if type(event) is AudioDelta and self.state is _TALKING:
            return self._conversation.audio(event, now)
        if type(event) is TranscriptDelta:
            self._conversation.words(event, now)
            return ()
        if type(event) is Mark:
            self._caller_audio.follow(event.sequence_number)
            self.statistics.marks_echoed += 1
            commands = self._conversation.mark_echoed(event.mark.name, now)
            return commands if self.state is _TALKING else [*commands, *self._heard_out(now)]
        return self._seldom(event, now)

    def waiting_ms(self, now: float) -> float:
        """How long the caller has been waiting for an answer; 0: is not."""
        return self._conversation.waiting_ms(now)

    def status(self, now: float) -> CallStatus:
        """The call at this moment, for somebody who watches."""
        state = self._conversation.state(now) if self.state is _TALKING else self.state.name.lower()
        state = "connecting" if self.state is CallState.SETTING_UP else state
        playout = self.playout
        buffered = playout.unheard(now) // PER_MS, playout.at_twilio(now) // PER_MS
        return CallStatus(state, *buffered, round(playout.overdue_s(now) * 1000))

    def deadline(self) -> float | None:
        """When to tell `Woken`, in monotonic seconds; None when nothing is awaited any more."""
        times = [self._over_due_at, self._keypad.deadline(), self._conversation.deadline()]
        if self.state is CallState.SETTING_UP:
            times.append(self._link.deadline())
        return None if self.state is _OVER else min(at for at in times if at is not None)

    def break_off(self) -> None:
        """An error of ours: nothing more is ordered."""
        self._become(_OVER)
        self._link.end()
        self._ending = Ending(EndReason.INTERNAL_ERROR, self._ending.why if self._ending else "")

    def over(self, now: float) -> CallOver:
        """The last notice, for when both sockets are closed."""
        ending = self._ending or Ending(EndReason.INTERNAL_ERROR)
        return CallOver(ending.reason, ending.why, (now - self._started_at) * 1000, self.statistics)

    def _seldom(
        self, event: ServerEvent | HostEvent | Dtmf | Stop | Start | Connected, now: float
    ) -> Sequence[Command]:
        match event:
            case Woken():
                return self._wake(now)
            case Began():
                return [self._link.dial(), *self.playout.probe(now)]
            case PhonePaused():
                self.playout.pause()
                return ()
            case PhoneResumed():
                return self.playout.resume(now)
            case Dtmf() | Stop() | Start() | Connected() | PhoneClosed():
                return self._phone(event, now)
            case ModelOpened() | ModelFailed() | ModelPaused() | ModelResumed() | ModelClosed():
                return self._ordered(self._link.socket(event), now)
            case SessionCreated() | SessionUpdated() | ErrorReported() if self.state is not _ENDING:
                return self._session(event, now)
            case BadMessage():
                return self._bad_message(event, now)
            case UnknownMessage():
                kinds = self.statistics.unknown_messages
                if event.kind in kinds or len(kinds) < 100:
                    kinds[event.kind] = kinds.get(event.kind, 0) + 1
                return ()
            case EndRequested():
                return self._end(Ending(event.reason), now)
            case _ if self.state is _TALKING:
                return self._answered(self._conversation.receive(event, now), now)
            case _:
                return ()

    def _wake(self, now: float) -> Sequence[Command]:
        commands, ending = self._conversation.wake(now)
        if (digits := self._keypad.wake(now)) is not None:
            commands += self._keys(digits, now)
        if self.state is _ENDING:
            commands += self._heard_out(now)
        elif (overdue := self._link.wake(now)) is not None:
            commands += self._end(overdue, now)
        elif self._over_due_at <= now:
            commands += self._end(Ending(EndReason.TIME_LIMIT), now)
        return self._answered((commands, ending), now)

    # The phone's side

    def _refused(self, why: BadMessage | Ending, now: float) -> Sequence[Command]:
        return self._end(why, now) if isinstance(why, Ending) else self._bad_message(why, now)

    def _phone(self, event: Dtmf | Stop | Start | Connected | PhoneClosed, now: float) -> Sequence[Command]:
        match event:
            case Dtmf():
                self._caller_audio.follow(event.sequence_number)
                digits = self._keypad.press(event.dtmf.digit, now)
                return self._keys(digits, now) if digits is not None else ()
            case Stop():
                return self._end(Ending(EndReason.CALLER_HUNG_UP), now)
            case PhoneClosed():
                why = f"Twilio closed with {event.code} {event.reason}".strip()
                return self._end(Ending(EndReason.STREAM_LOST, why), now)
            case Start():
                return self._end(Ending(EndReason.BAD_MESSAGES, "a second start", close_code=1008), now)
            case Connected():
                return self._bad_message(BadMessage(from_model=False, why="connected again"), now)

    def _keys(self, digits: str, now: float) -> list[Command]:
        if self.state is not _TALKING:
            self._early_digits += digits
            return [KeyPressed(digits)]
        return [KeyPressed(digits), *self._conversation.keys(self._keypad.message(digits), now)]

    # The model's side

    def _session(self, event: SessionCreated | SessionUpdated | ErrorReported, now: float) -> Sequence[Command]:
        match event:
            case SessionUpdated() if (agreed := self._link.agree(event)) is not None:
                return self._end(agreed, now) if isinstance(agreed, Ending) else self._talk(agreed, now)
            case ErrorReported():
                if (commands := self._link.refused(event.error)) is not None:
                    return self._ordered(commands, now)
                return self._answered(self._conversation.receive(event, now), now)
        return ()

    def _talk(self, held: Sequence[AppendAudio], now: float) -> list[Command]:
        """The session is agreed: the model gets what the caller did meanwhile. Keys are answered before a greeting."""
        self._become(_TALKING)
        self.statistics.model_connect_ms = connect_ms = (now - self._started_at) * 1000
        early = self._early_digits
        keys = self._conversation.keys(self._keypad.message(early), now) if early else []
        return [ModelReady(connect_ms), *self._conversation.greet(now), *keys, *held]

    def _bad_message(self, event: BadMessage, now: float) -> Sequence[Command]:
        counters = self.statistics
        if event.from_model:
            counters.bad_messages_model += 1
        else:
            counters.bad_messages_twilio += 1
        side = "model" if event.from_model else "twilio"
        if (counters.bad_messages_model if event.from_model else counters.bad_messages_twilio) <= MOST_BAD_MESSAGES:
            return (CallTrouble(side, "bad_message", event.why),)
        why = f"more than {MOST_BAD_MESSAGES} bad messages from {side}"
        if event.from_model:
            return self._end(Ending(EndReason.MODEL_GONE, why), now)
        return self._end(Ending(EndReason.BAD_MESSAGES, why, close_code=1008), now)

    # The end

    def _ordered(self, ordered: Sequence[Command] | Ending, now: float) -> Sequence[Command]:
        return self._end(ordered, now) if isinstance(ordered, Ending) else ordered

    def _answered(self, answered: Answered, now: float) -> Sequence[Command]:
        """End the call if the conversation cannot go on."""
        commands, ending = answered
        if ending is None or self.state is _OVER:
            return commands
        return [*commands, *self._end(ending, now)]

    def _end(self, ending: Ending, now: float) -> list[Command]:
        """Begin to end: what is queued at Twilio is heard first, unless the caller is gone or misbehaves."""
        reason = ending.reason
        if self.state is _ENDING:
            return self._over(now) if reason.at_once else []
        self._ending = ending
        self._become(_ENDING)
        self._link.end()
        trouble: list[Command] = [CallTrouble(reason.side, reason.value, ending.why)] if reason.failed else []
        if reason.at_once:
            return trouble + self._over(now)
        self._over_due_at = now + FAREWELL_S
        return trouble + self._heard_out(now)

    def _heard_out(self, now: float) -> list[Command]:
        """While ending: hang up once the caller has heard all there is."""
        if self.state is not _ENDING:
            return []
        if self.playout.unheard(now) and now < self._over_due_at:
            return []
        return self._over(now)

    def _over(self, now: float) -> list[Command]:
        assert self._ending is not None, "it says how to hang up"
        self._become(_OVER)
        return [*self._conversation.break_off(now), HangUp(self._ending.reason, self._ending.close_code)]

    def _after_the_end(self, event: Event, now: float) -> Sequence[Command]:
        if type(event) is Media:
            self._caller_audio.sample(event, now)
        return ()

    def _become(self, state: CallState) -> None:
        assert state.value >= self.state.value, f"{self.state} cannot become {state}"
        self.state = state

"""The way to the model: dialling it, agreeing on the session, and the caller audio that waits while it takes none.

States, moved by `_become` alone:

    NEW ── dial ──► DIALLING ── its socket is open ──► CONFIGURING ── session.updated with µ-law both ways ──► UP

and from each of them to ENDED, when the call ends. A way back to DIALLING would start here, and nowhere else.

What is held is bounded, and the oldest goes first. Whatever came and was not written, for any reason, is known here:
the model tells times as positions in the audio that was written to it.
"""

from collections import deque
from collections.abc import Sequence
from enum import Enum, auto

from twilio_rt_cli.call.commands import Command, DialModel
from twilio_rt_cli.call.events import ModelClosed, ModelFailed, ModelOpened, ModelPaused, ModelResumed
from twilio_rt_cli.call.figures.end_reason import Ending, EndReason
from twilio_rt_cli.call.figures.statistics import CallStatistics
from twilio_rt_cli.call.plan import CallPlan
from twilio_rt_cli.call.setup import SessionSetup
from twilio_rt_cli.protocol.realtime import ErrorDetails, SessionUpdated
from twilio_rt_cli.protocol.realtime_client import AppendAudio
from twilio_rt_cli.protocol.realtime_errors import HOPELESS, SESSION_OVER

ModelSocketEvent = ModelOpened | ModelFailed | ModelPaused | ModelResumed | ModelClosed
FIRST = 0
"""Index of the endpoint that is dialled first"""


class LinkState(Enum):
    """Where the way to the model stands."""

    NEW = auto()
    DIALLING = auto()
    CONFIGURING = auto()
    UP = auto()
    ENDED = auto()


class ModelLink:
    """One call's way to the model: `dial` first."""

    def __init__(self, plan: CallPlan, statistics: CallStatistics, now: float) -> None:
        self.state = LinkState.NEW
        self.takes_audio = False
        """whether caller audio may be written at once: up, and not paused. Asked at every frame, so it is kept"""
        self._paused = False
        self._setup = SessionSetup(plan.session)
        self._due_at = now + plan.model_timeout_s
        self._held: deque[bytes] = deque(maxlen=plan.hold_messages)
        self._unsent = 0
        """samples of caller audio that came and were not written: held, or dropped"""
        self.statistics = statistics

    @property
    def appended(self) -> int:
        """Samples of caller audio written to the model's input buffer."""
        return self.statistics.bytes_in - self._unsent

    def dial(self) -> DialModel:
        """The order to dial; once."""
        assert self.state is LinkState.NEW, "a call begins once"
        self._become(LinkState.DIALLING)
        return DialModel(FIRST)

    def deadline(self) -> float | None:
        """When the session is overdue."""
        return self._due_at if self.state in _SETTING_UP else None

    def wake(self, now: float) -> Ending | None:
        """Time passed: the end, if the session is overdue."""
        due_at = self.deadline()
        if due_at is None or now < due_at:
            return None
        return Ending(EndReason.MODEL_UNREACHABLE, "the model gave no session in time")

    def socket(self, event: ModelSocketEvent) -> Sequence[Command] | Ending:
        """What to do about what the model's socket does."""
        match event:
            case ModelOpened():
                assert self.state is not LinkState.NEW, "nobody has dialled"
                if self.state is LinkState.DIALLING:
                    self._become(LinkState.CONFIGURING)
                    return (self._setup.ask(),)
            case ModelFailed():
                return Ending(EndReason.MODEL_REFUSED if event.refused else _UNREACHABLE, event.message)
            case ModelClosed():
                refused = 3000 <= event.code < 5000  # OpenAI's own codes: a key or a session it will not have
                why = f"the model closed with {event.code} {event.reason}".strip()
                return Ending(EndReason.MODEL_REFUSED if refused else EndReason.MODEL_GONE, why)
            case ModelPaused():
                self._pause(paused=True)
            case ModelResumed():
                self._pause(paused=False)
                return self._flush()
        return ()

    def agree(self, event: SessionUpdated) -> Sequence[AppendAudio] | Ending | None:
        """The model told its session: what it is to hear first, or why it cannot be used; None: we knew it."""
        if self.state is not LinkState.CONFIGURING:
            return None
        if (wrong := self._setup.wrong_format(event)) is not None:
            return Ending(EndReason.MODEL_REFUSED, wrong)
        self._become(LinkState.UP)
        return self._flush()

    def refused(self, error: ErrorDetails) -> Sequence[Command] | Ending | None:
        """The model told an error: what to do about the session; None: it is not about that."""
        if error.name in SESSION_OVER:
            return Ending(EndReason.MODEL_GONE, error.text)
        if self.state is not LinkState.CONFIGURING:
            return None
        again = None if error.name in HOPELESS else self._setup.refused(error)
        return Ending(EndReason.MODEL_REFUSED, error.text) if again is None else again

    def hold(self, payload: bytes) -> None:
        """Caller audio came while the model takes none; of an ending call nothing is kept."""
        self._unsent += len(payload)
        if self.state is LinkState.ENDED:
            return
        if len(self._held) == self._held.maxlen:
            self.statistics.caller_audio_dropped += 1
        self._held.append(payload)

    def end(self) -> None:
        """The call ends: the model hears no more of the caller."""
        self._held.clear()
        if self.state is not LinkState.ENDED:
            self._become(LinkState.ENDED)

    def _flush(self) -> Sequence[AppendAudio]:
        if not self.takes_audio:
            return ()
        held = list(self._held)
        self._held.clear()
        self._unsent -= sum(map(len, held))
        return [AppendAudio(payload) for payload in held]

    def _pause(self, *, paused: bool) -> None:
        self._paused = paused
        self._become(self.state)

    def _become(self, state: LinkState) -> None:
        assert state.value >= self.state.value, f"{self.state} cannot become {state}"
        self.state = state
        self.takes_audio = state is LinkState.UP and not self._paused


_UNREACHABLE = EndReason.MODEL_UNREACHABLE
_SETTING_UP = frozenset({LinkState.NEW, LinkState.DIALLING, LinkState.CONFIGURING})

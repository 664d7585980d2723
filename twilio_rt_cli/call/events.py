"""What the host tells a Call beside the wire's own messages."""

from msgspec import Struct

from twilio_rt_cli.call.figures.end_reason import EndReason
from twilio_rt_cli.protocol.realtime import AudioDelta, ServerEvent, ToolCallId, TranscriptDelta
from twilio_rt_cli.protocol.twilio import FromTwilio, Mark, Media


class Began(Struct, frozen=True):
    """The stream's `start` was checked: first of all events."""


class Woken(Struct, frozen=True):
    """The time that `deadline` named has come."""


class ModelOpened(Struct, frozen=True):
    """The model's socket is open."""


class ModelFailed(Struct, frozen=True):
    """The model's socket could not be opened."""

    message: str
    refused: bool = False
    """it answered, and said no: another try would not help"""


class ModelPaused(Struct, frozen=True):
    """The model's socket takes nothing more for now."""


class ModelResumed(Struct, frozen=True):
    """The model's socket takes data again."""


class PhonePaused(Struct, frozen=True):
    """Twilio's socket takes nothing more for now."""


class PhoneResumed(Struct, frozen=True):
    """Twilio's socket takes data again."""


class ModelClosed(Struct, frozen=True):
    """The model's socket is gone."""

    code: int
    reason: str = ""


class PhoneClosed(Struct, frozen=True):
    """Twilio's socket is gone."""

    code: int
    reason: str = ""


class BadMessage(Struct, frozen=True):
    """A side sent what cannot be read, or what it may not send."""

    from_model: bool
    why: str


class UnknownMessage(Struct, frozen=True):
    """A side sent a kind we do not use."""

    from_model: bool
    kind: str


class ToolFinished(Struct, frozen=True):
    """A tool answered, failed or timed out; `output` goes to the model either way."""

    tool_call_id: ToolCallId
    output: str
    ok: bool
    elapsed_ms: float


class EndRequested(Struct, frozen=True):
    """Somebody outside wants the call to end: a drain deadline, a person at the live view."""

    reason: EndReason


HostEvent = (
    Began
    | Woken
    | ModelOpened
    | ModelFailed
    | ModelPaused
    | ModelResumed
    | PhonePaused
    | PhoneResumed
    | ModelClosed
    | PhoneClosed
    | BadMessage
    | UnknownMessage
    | ToolFinished
    | EndRequested
)
Event = FromTwilio | ServerEvent | HostEvent

QUIET = frozenset({Media, Mark, AudioDelta, TranscriptDelta, UnknownMessage})
"""Events that come often and bring no deadline nearer: what waits in the playout goes out as they come"""

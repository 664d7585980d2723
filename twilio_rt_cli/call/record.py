"""How a call ended, and what was counted on the way."""

from dataclasses import dataclass, field
from enum import Enum


class EndReason(Enum):
    """Why a call is over."""

    CALLER_HUNG_UP = "caller_hung_up"
    AGENT_HUNG_UP = "agent_hung_up"
    TIME_LIMIT = "time_limit"
    PROBE = "probe"
    MODEL_UNREACHABLE = "model_unreachable"
    MODEL_REFUSED = "model_refused"
    MODEL_GONE = "model_gone"
    MODEL_STALLED = "model_stalled"
    STREAM_LOST = "stream_lost"
    BAD_MESSAGES = "bad_messages"
    DRAINED = "drained"
    INTERNAL_ERROR = "internal_error"

    @property
    def failed(self) -> bool:
        """Whether the caller, if still there, is owed the fallback message."""
        return self not in _IN_ORDER


_IN_ORDER = frozenset({EndReason.CALLER_HUNG_UP, EndReason.AGENT_HUNG_UP, EndReason.TIME_LIMIT, EndReason.PROBE})


@dataclass(slots=True)
class CallStatistics:
    """Counters of one call; plain numbers that the media path adds to."""

    frames_in: int = 0
    """media messages from Twilio"""
    bytes_in: int = 0
    """µ-law bytes from Twilio"""
    frames_out: int = 0
    """media messages to Twilio"""
    bytes_out: int = 0
    """µ-law bytes to Twilio"""
    caller_audio_dropped: int = 0
    """messages of caller audio dropped while the model could not take them"""
    agent_audio_dropped_bytes: int = 0
    """µ-law bytes of agent audio that were never sent: cut off by a barge-in, or too much waiting"""
    media_gaps: int = 0
    """holes in Twilio's sequence numbers"""
    marks_sent: int = 0
    marks_echoed: int = 0
    bad_messages_twilio: int = 0
    bad_messages_model: int = 0
    unknown_messages: dict[str, int] = field(default_factory=dict)
    """kind → how often"""
    model_errors: dict[str, int] = field(default_factory=dict)
    """error code → how often, harmless ones too"""
    turns: int = 0
    """caller turns the model heard"""
    barge_ins: int = 0
    tool_calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    first_audio_ms: float | None = None
    """`start` → first agent audio sent"""
    model_connect_ms: float | None = None
    """`start` → session configured"""

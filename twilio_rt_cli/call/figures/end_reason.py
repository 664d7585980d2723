"""How a call ended."""

from dataclasses import dataclass
from enum import Enum


class EndReason(Enum):
    """Why a call is over. The line under each is its row in docs/reference/event-lines.md."""

    CALLER_HUNG_UP = "caller_hung_up"
    """the caller hung up"""
    AGENT_HUNG_UP = "agent_hung_up"
    """the agent ended the call"""
    TIME_LIMIT = "time_limit"
    """MAX_CALL_SECONDS are over"""
    PROBE = "probe"
    """a reachability probe, Call SID CA and 32 zeros; leaves no trace"""
    MODEL_UNREACHABLE = "model_unreachable"
    """the model cannot be reached, or gave no session within 6 s"""
    MODEL_REFUSED = "model_refused"
    """wrong key, unknown model, no credit, or a session that is not µ-law"""
    MODEL_GONE = "model_gone"
    """the model's socket closed, its session expired, or it failed twice in a row"""
    MODEL_STALLED = "model_stalled"
    """the model left a request unanswered for 10 s, or fell silent within an answer for 30 s"""
    STREAM_LOST = "stream_lost"
    """Twilio's socket broke, or never came"""
    BAD_MESSAGES = "bad_messages"
    """more than 20 messages that break the protocol, a flood of media, or a wrong `start`"""
    DRAINED = "drained"
    """we stopped, and the call was not over in time"""
    OPERATOR = "operator"
    """somebody hung up from the live view or the admin port"""
    INTERNAL_ERROR = "internal_error"
    """a bug of ours; the log has the traceback"""

    @property
    def failed(self) -> bool:
        """Whether the caller, if still there, is owed the fallback message."""
        return self not in _IN_ORDER

    @property
    def at_once(self) -> bool:
        """Whether what is still to be heard is not waited for: nobody listens any more, or nobody should."""
        return self in _AT_ONCE

    @property
    def side(self) -> str:
        """Whose doing it was: model, twilio or bridge."""
        if self.value.startswith("model"):
            return "model"
        return "twilio" if self in (EndReason.STREAM_LOST, EndReason.BAD_MESSAGES) else "bridge"


_AT_ONCE = frozenset(
    {
        EndReason.CALLER_HUNG_UP,
        EndReason.OPERATOR,
        EndReason.STREAM_LOST,
        EndReason.BAD_MESSAGES,
        EndReason.INTERNAL_ERROR,
        EndReason.PROBE,
    }
)
_IN_ORDER = frozenset(
    {
        EndReason.CALLER_HUNG_UP,
        EndReason.AGENT_HUNG_UP,
        EndReason.TIME_LIMIT,
        EndReason.OPERATOR,
        EndReason.PROBE,
    }
)


@dataclass(frozen=True, slots=True)
class Ending:
    """How a call is to end."""

    reason: EndReason
    why: str = ""
    """in words; empty: the reason says it all"""
    close_code: int = 1000
    """towards Twilio; anything but 1000 shows up as error 31921 in its debugger"""

"""How a call ended."""

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
    OPERATOR = "operator"
    INTERNAL_ERROR = "internal_error"

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

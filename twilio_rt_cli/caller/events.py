"""What happens on a simulated call, published to whoever watches it (a screen, a test). Facts, never one a frame."""

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Answered:
    """The voice webhook gave TwiML."""

    webhook_ms: float


@dataclass(frozen=True, slots=True)
class StreamOpened:
    """The media socket is open and `start` was sent."""

    stream_sid: str
    connect_ms: float


@dataclass(frozen=True, slots=True)
class AgentSpoke:
    """The first audio of the greeting or of an answer arrived."""

    after_ms: float | None
    """since `start`, or since the end of the caller's words; None when those were not over"""


@dataclass(frozen=True, slots=True)
class CallerSpoke:
    """The caller begins to say something."""

    text: str
    over_agent: bool


@dataclass(frozen=True, slots=True)
class AgentStopped:
    """The server cut the agent because the caller spoke."""

    stop_ms: float
    heard_ms: float


@dataclass(frozen=True, slots=True)
class KeyPressed:
    """The caller pressed a key."""

    digit: str


@dataclass(frozen=True, slots=True)
class Executed:
    """Twilio executed a TwiML verb other than the stream: what it did, in words."""

    text: str


@dataclass(frozen=True, slots=True)
class Failed:
    """Something did not go as it should."""

    text: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The call is over: by whom, and why."""

    text: str


CallEvent: TypeAlias = (
    Answered | StreamOpened | AgentSpoke | CallerSpoke | AgentStopped | KeyPressed | Executed | Failed | Ended
)

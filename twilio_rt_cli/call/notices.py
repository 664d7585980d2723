"""Facts for people: what the live view, the log and the event lines tell about a call. Never on the media path."""

from msgspec import Struct

from twilio_rt_cli.call.record import CallStatistics, EndReason


class ModelReady(Struct, frozen=True):
    """The model took our session; audio flows from now on."""

    connect_ms: float
    """since `start`"""


class CallerTurn(Struct, frozen=True):
    """What the caller said, as the model's recogniser understood it."""

    text: str


class AgentTurn(Struct, frozen=True):
    """The agent answered; told when the response is done, so possibly before it was heard to the end."""

    text: str
    v2v_ms: float | None
    """from the end of the caller's speech to the first audio sent; None when nobody had spoken before"""
    interrupted: bool = False


class BargedIn(Struct, frozen=True):
    """The caller spoke over the agent and the agent was cut."""

    heard_ms: int
    """what the caller heard of the cut item"""
    received_ms: int
    """what we had received of it"""
    item_id: str


class ToolStarted(Struct, frozen=True):
    """The model called a tool."""

    tool_call_id: str
    name: str
    arguments: str


class ToolAnswered(Struct, frozen=True):
    """A tool's result went to the model."""

    tool_call_id: str
    name: str
    ok: bool
    elapsed_ms: float
    output: str


class KeyPressed(Struct, frozen=True):
    """The caller pressed keys."""

    digits: str


class CallTrouble(Struct, frozen=True):
    """Something went wrong that somebody may want to look at; the call may go on."""

    side: str
    """twilio, model, tool or bridge"""
    code: str
    message: str


class CallOver(Struct, frozen=True):
    """The call ended; told once, last."""

    reason: EndReason
    detail: str
    duration_ms: float
    statistics: CallStatistics


Notice = (
    ModelReady | CallerTurn | AgentTurn | BargedIn | ToolStarted | ToolAnswered | KeyPressed | CallTrouble | CallOver
)

"""Facts for people: what the live view, the log and the event lines tell about a call. Never on the media path."""

from msgspec import Struct

from twilio_rt_cli.call.figures.end_reason import EndReason
from twilio_rt_cli.call.figures.statistics import CallStatistics


class ModelReady(Struct, frozen=True):
    """The model took our session; audio flows from now on."""

    connect_ms: float
    """since `start`"""


class FirstAudio(Struct, frozen=True):
    """The agent's first audio went to the caller."""

    elapsed_ms: float
    """since `start`"""


class CallerTurn(Struct, frozen=True):
    """What the caller said, as the model's recogniser understood it; may come later than the answer to it."""

    text: str
    item_id: str = ""
    spoken_at_ms: float | None = None
    """when the caller began, since `start`; orders the transcript. None: not told by the model"""


class SpokenItem(Struct, frozen=True):
    """The words of one conversation item that the agent spoke."""

    item_id: str
    text: str


class AgentTurn(Struct, frozen=True):
    """The agent answered; told when the response is done, so possibly before it was heard to the end."""

    text: str
    v2v_ms: float | None
    """from the end of the caller's speech to the first audio sent; None when nobody had spoken before"""
    interrupted: bool = False
    spoken_at_ms: float | None = None
    """when its first audio went out, since `start`; None: no audio did"""
    items: tuple[SpokenItem, ...] = ()
    """`text` by item"""
    unheard: tuple[str, ...] = ()
    """items of which all audio came too late, after the barge-in: nobody heard anything of them"""


class ItemCut(Struct, frozen=True):
    """An item of which the caller did not hear all."""

    item_id: str
    heard_ms: int
    received_ms: int
    """what we had received of it"""


class BargedIn(Struct, frozen=True):
    """The caller spoke over the agent and the agent was cut."""

    heard_ms: int
    """what the caller heard of the cut item"""
    received_ms: int
    """what we had received of it"""
    item_id: str
    stop_ms: float | None = None
    """from the caller's first sound to our clear; None when the model did not say when the caller began"""
    cuts: tuple[ItemCut, ...] = ()
    """all items that were cut, the one being heard first"""


class CutOff(Struct, frozen=True):
    """The call ended while the agent was still to be heard; told just before the end."""

    cuts: tuple[ItemCut, ...]


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
    ModelReady
    | FirstAudio
    | CallerTurn
    | AgentTurn
    | BargedIn
    | CutOff
    | ToolStarted
    | ToolAnswered
    | KeyPressed
    | CallTrouble
    | CallOver
)

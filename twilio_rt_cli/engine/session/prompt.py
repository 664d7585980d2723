"""What the brain is asked, and what it may answer: plain data between the session and whatever thinks for it."""

from dataclasses import dataclass
from typing import Literal

from twilio_rt_cli.engine.session.config import FunctionTool, ToolChoice


@dataclass(frozen=True, slots=True)
class Said:
    """Words in the conversation: the caller's, the agent's as far as they were heard, or a system text."""

    speaker: Literal["caller", "agent", "system"]
    text: str


@dataclass(frozen=True, slots=True)
class ToolCalled:
    """The agent called a tool; `arguments` is a JSON text."""

    tool_call_id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class ToolAnswered:
    """What that call gave: JSON or plain text."""

    tool_call_id: str
    output: str


Turn = Said | ToolCalled | ToolAnswered


@dataclass(frozen=True, slots=True)
class Prompt:
    """Everything a decision depends on, apart from today's date.

    `instructions` are the session's, `request` the response's own (what to do just now), None when it has none.
    """

    instructions: str
    request: str | None
    turns: tuple[Turn, ...]
    tools: tuple[FunctionTool, ...]
    choice: ToolChoice


@dataclass(frozen=True, slots=True)
class Say:
    """Decision: speak this text."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One tool to call; `arguments` is a JSON text."""

    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class CallTools:
    """Decision: call these tools and wait for their outputs."""

    calls: tuple[ToolCall, ...]


Decision = Say | CallTools

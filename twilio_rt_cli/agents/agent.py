"""An agent: who answers a call, whatever model, line and server it answers by."""

import hashlib
from dataclasses import dataclass
from typing import Protocol

from twilio_rt_cli.tools.registry import ToolBox


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Agent:
    """What it knows, what it says first, what it can do, and the model and the voice that speak for it."""

    name: str
    """of its prompt's file; `sample` is the bundled one"""
    prompt: str
    greeting: str
    """empty: it waits for the caller"""
    tools: ToolBox
    model: str
    """model, or deployment at Azure"""
    voice: str

    @property
    def tool_names(self) -> tuple[str, ...]:
        """Names of the tools the model may call."""
        return tuple(definition.name for definition in self.tools.definitions)

    @property
    def prompt_sha256(self) -> str:
        """What tells one version of the prompt from another."""
        return hashlib.sha256(self.prompt.encode()).hexdigest()


class Agents(Protocol):
    """Who answers which call."""

    def everyone(self) -> tuple[Agent, ...]:
        """All there are: what takes long is made for each of them before the first call."""

    def answering(self, to_number: str) -> Agent:
        """One of them: who answers calls to this number."""


@dataclass(frozen=True, slots=True)
class OneForAll:
    """One agent, whatever number was dialled."""

    agent: Agent

    def everyone(self) -> tuple[Agent, ...]:
        """That one."""
        return (self.agent,)

    def answering(self, to_number: str) -> Agent:
        """That one."""
        return self.agent

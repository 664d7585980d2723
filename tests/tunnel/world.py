"""What the tests of tunnels share: a configuration for the stand-in, a story with a bound, and a memory of changes."""

import asyncio
import os
import signal
from collections.abc import Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from tests.ngrok_agent.install import NO_AGENT, TOKEN, agents, install
from twilio_rt_cli.tunnel import Tunnel, TunnelChange, TunnelConfig, open_tunnel

T = TypeVar("T")
PORT = 59_998
"""nobody listens there"""


def run(story: Coroutine[Any, Any, T]) -> T:
    """Live through a story, within 20 s."""

    async def bounded() -> T:
        async with asyncio.timeout(20):
            return await story

    return asyncio.run(bounded())


def config(folder: Path, **changes: Any) -> TunnelConfig:
    """For an agent that is the stand-in, installed in this folder."""
    given: dict[str, Any] = {
        "port": PORT,
        "authtoken": TOKEN,
        "api_url": NO_AGENT,
        "ngrok_path": install(folder),
        "poll_s": 0.1,
        "retry_s": 0.05,
    }
    return TunnelConfig(**given | changes)


def opened(wanted: TunnelConfig) -> Tunnel:
    """A tunnel that was open for a moment."""

    async def story() -> Tunnel:
        async with open_tunnel(wanted, Changes()) as tunnel:
            return tunnel

    return run(story())


@dataclass
class Changes:
    """What a tunnel told."""

    told: list[TunnelChange] = field(default_factory=list)
    _more: asyncio.Event = field(default_factory=asyncio.Event)

    def __call__(self, change: TunnelChange) -> None:
        self.told.append(change)
        self._more.set()

    async def until(self, kind: type[TunnelChange]) -> Any:
        """The first change of this kind."""
        while True:
            for one in self.told:
                if isinstance(one, kind):
                    return one
            self._more.clear()
            await self._more.wait()


def left(state: Path) -> list[object]:
    """Agents that run and files that lie about; none, when all was put away."""
    return [*agents(state), *state.rglob("*ngrok*")]


def kill(pid: int) -> None:
    """End a stand-in the hard way."""
    os.kill(pid, signal.SIGKILL)


async def some_agent(folder: Path) -> None:
    """Wait until a stand-in runs that was started from this folder."""
    loop, there = asyncio.get_running_loop(), asyncio.Event()

    def look() -> None:
        if agents(folder):
            there.set()
        else:
            loop.call_later(0.01, look)

    look()
    async with asyncio.timeout(10):
        await there.wait()

"""A line to a far away model: passes bytes on after half a round trip, each way, and lets nothing overtake.

Connecting costs a round trip on a real line before anything can be sent; here the first bytes wait that much longer.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager


class End(asyncio.Protocol):
    """One end of the line; what comes in goes out at the other."""

    def __init__(self, line: "FarAway", other: "End | None" = None) -> None:
        self.line = line
        self.other = other
        self.transport: asyncio.Transport | None = None
        self._waiting: deque[tuple[float, bytes]] = deque()
        self._hold_until = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]  # a TCP transport writes; uvloop's has other bases
        if self.other is None:
            now = time.monotonic()
            self.line.connected_at.append(now)
            self._hold_until = now + self.line.rtt_s
            self.line.spawn(self._open())

    async def _open(self) -> None:
        loop = asyncio.get_running_loop()
        _, self.other = await loop.create_connection(lambda: End(self.line, self), "127.0.0.1", self.line.target)
        self._pass_on()

    def data_received(self, data: bytes) -> None:
        due_at = max(time.monotonic(), self._hold_until) + self.line.rtt_s / 2
        self._waiting.append((due_at, data))
        if self._timer is None:
            self._pass_on()

    def _pass_on(self) -> None:
        self._timer = None
        if self.other is None or self.other.transport is None:
            return
        now = time.monotonic()
        while self._waiting and self._waiting[0][0] <= now + 0.0005:
            self.other.transport.write(self._waiting.popleft()[1])
        if self._waiting:
            self._timer = asyncio.get_running_loop().call_later(max(0.0, self._waiting[0][0] - now), self._pass_on)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self.other is not None and self.other.transport is not None:
            self.other.transport.close()


class FarAway:
    """All connections of the line; `port` is its near end."""

    def __init__(self, target: int, rtt_s: float) -> None:
        self.target = target
        self.rtt_s = rtt_s
        self.port = 0
        self.connected_at: list[float] = []
        """when connections were opened, in order"""
        self._tasks: set[asyncio.Task[None]] = set()

    def spawn(self, work: Coroutine[None, None, None]) -> None:
        """Keep a task."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


@asynccontextmanager
async def far_away(target: int, rtt_s: float) -> AsyncIterator[FarAway]:
    """A line to this loopback port."""
    line = FarAway(target, rtt_s)
    server = await asyncio.get_running_loop().create_server(lambda: End(line), "127.0.0.1", 0)
    line.port = server.sockets[0].getsockname()[1]
    try:
        yield line
    finally:
        server.close()

"""A raw byte relay: what it costs to stand between two sockets and look at nothing. The floor of every comparison.

`python -m tests.bench.relay HOST PORT` listens on a free port, says `{"port":…}` and passes bytes to and from there.
"""

import asyncio
import json
import sys

import uvloop


class Side(asyncio.Protocol):
    """One of the two sockets of a call."""

    def __init__(self, other: "Side | None" = None) -> None:
        self.transport: asyncio.Transport | None = None
        self.other = other
        self.early: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]  # a TCP transport writes; uvloop's has other bases

    def data_received(self, data: bytes) -> None:
        other = self.other
        if other is None or other.transport is None:
            self.early.append(data)
        else:
            other.transport.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.close()


class Entrance(Side):
    """The phone's socket: opens the other one."""

    def __init__(self, host: str, port: int, tasks: set[asyncio.Task[None]]) -> None:
        super().__init__()
        self._target = host, port
        self._tasks = tasks

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        task = asyncio.get_running_loop().create_task(self._open())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _open(self) -> None:
        _, exit_side = await asyncio.get_running_loop().create_connection(lambda: Side(self), *self._target)
        self.other = exit_side
        for data in self.early:
            exit_side.transport.write(data)  # type: ignore[union-attr]  # connected: create_connection returned
        self.early.clear()


async def relay(host: str, port: int) -> None:
    """Pass bytes until the process is told to stop."""
    tasks: set[asyncio.Task[None]] = set()
    server = await asyncio.get_running_loop().create_server(lambda: Entrance(host, port, tasks), "127.0.0.1", 0)
    sys.stdout.write(json.dumps({"port": server.sockets[0].getsockname()[1]}) + "\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(relay(sys.argv[1], int(sys.argv[2])))

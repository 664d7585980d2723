"""uvicorn's opening and closing of a port, without signals, main loop and lifespan: closed when all have left."""

import asyncio
import logging
import socket
from contextlib import suppress
from functools import partial
from typing import Any

import uvicorn

http_config = partial(
    uvicorn.Config,
    ws="none",
    lifespan="off",
    log_config=None,
    log_level=logging.WARNING,
    access_log=False,
    proxy_headers=False,
)
"""uvicorn's settings for a port of ours: no upgrade, no log line (paths hold tokens), no forwarded header believed"""
_AT_ONCE_S = 0.1
"""how long connections may take to leave before uvicorn's own patience begins, which looks every tenth of a second"""


class HttpServer(uvicorn.Server):
    """`startup` with sockets opens the port; `shutdown` closes it, and may be waited for at any time after that."""

    def __init__(self, config: uvicorn.Config) -> None:
        config.load()
        super().__init__(config)
        self.lifespan = config.lifespan_class(config)
        self._connections = self.server_state.connections = _Connections()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Ask every connection to leave; wait for them and for what they are still answering.

        uvicorn's would sleep for a tenth of a second also where nobody is connected.
        """
        for server in self.servers:
            server.close()
        for connection in list(self._connections):
            connection.shutdown()
        with suppress(TimeoutError):
            async with asyncio.timeout(_AT_ONCE_S):
                await self._connections.left()
        if self._connections or self.server_state.tasks:
            await super().shutdown(sockets)
        # Since Python 3.12 a port is closed only when the last connection is, and somebody may never read our answer.
        with suppress(TimeoutError):
            async with asyncio.timeout(_AT_ONCE_S):
                for server in self.servers:
                    await server.wait_closed()


class _Connections(set[Any]):
    """uvicorn's set of open connections, which shows when the last one has left."""

    def __init__(self) -> None:
        super().__init__()
        self._left = asyncio.Event()

    def discard(self, connection: Any) -> None:
        super().discard(connection)
        if not self:
            self._left.set()

    async def left(self) -> None:
        self._left.clear()
        if self:
            await self._left.wait()

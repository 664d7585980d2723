"""The model's port: each connection is a line that knows from its first moment for which call it is.

A call may want its dial unanswered; then its line stays bare TCP. All others become WebSockets with a talker.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Protocol

from picows import WSAutoPingStrategy, WSListener, WSTransport
from picows.picows import WSProtocol  # type: ignore[attr-defined]  # inner: a server chooses before it knows the peer

from tests.soak.addresses import call_at

log = logging.getLogger("soak.model")


class Interruptible(Protocol):
    """Who speaks on a line."""

    def barge_in(self) -> None: ...


class Line:
    """One connection, from accept to the end."""

    def __init__(self, wire: asyncio.Transport) -> None:
        self.wire = wire
        self.ws: WSTransport | None = None
        """once the upgrade is answered"""
        self.talker: Interruptible | None = None


class Owner(Protocol):
    """Whose line it is."""

    def line_made(self, line: Line) -> None: ...
    def line_dialled(self, line: Line) -> None: ...
    def line_lost(self, line: Line) -> None: ...


class Switchboard(Protocol):
    """Says what becomes of a connection."""

    def owner_of(self, number: int) -> Owner: ...
    def talker_for(self, number: int, line: Line) -> WSListener | None:
        """Who speaks on the line; None leaves the upgrade without an answer."""


class Unanswered(asyncio.Protocol):
    """A line that takes the request for an upgrade and says nothing."""

    def __init__(self, line: Line, owner: Owner) -> None:
        self._line, self._owner = line, owner
        self._head = b""

    def data_received(self, data: bytes) -> None:
        self._head += data
        if self._head.endswith(b"\r\n\r\n"):
            self._owner.line_dialled(self._line)

    def connection_lost(self, exc: Exception | None) -> None:
        self._owner.line_lost(self._line)


class Answered(WSProtocol):  # type: ignore[misc]  # picows is typed, but not this inner class
    """A line that becomes a WebSocket."""

    def __init__(self, talker: WSListener, lost: Callable[[], None]) -> None:
        strategy = WSAutoPingStrategy.PING_WHEN_IDLE
        pings = (False, 20.0, 20.0, strategy, True)
        super().__init__(
            None, None, False, lambda _request: talker, log, True, 5.0, *pings, 1 << 20, None, 16_384
        )  # as picows.ws_create_server does it
        self._lost = lost

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._lost()


class Accepted(asyncio.Protocol):
    """A connection of which nothing is known yet but where it comes from."""

    def __init__(self, board: Switchboard) -> None:
        self._board = board

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        number = call_at(transport.get_extra_info("peername")[0])
        line = Line(transport)  # type: ignore[arg-type]  # a TCP transport writes; uvloop's has other bases
        owner = self._board.owner_of(number)
        owner.line_made(line)
        talker = self._board.talker_for(number, line)
        if talker is None:
            line.wire.set_protocol(Unanswered(line, owner))
            return
        answered = Answered(talker, lambda: owner.line_lost(line))
        line.wire.set_protocol(answered)
        answered.connection_made(transport)


@asynccontextmanager
async def open_port(board: Switchboard) -> AsyncIterator[int]:
    """Listen on a free port of loopback, which it gives."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Accepted(board), "127.0.0.1", 0, backlog=2048)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()

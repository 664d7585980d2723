"""The admin port: what commands on this machine ask of a running server, and announce to it. Never the public port.

Whoever may change something here must be on this machine: a loopback Host, and no Origin, which a page in a browser
would send. What callers say can be read here, so while the port is a loopback one nobody is answered who names another
Host.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Annotated

import uvicorn
from fastapi import Depends, FastAPI, HTTPException, Request
from pydantic import AfterValidator, BaseModel
from starlette.types import ASGIApp

from twilio_rt_cli.admin.routes import AdminSource, calls_router
from twilio_rt_cli.errors import ServerError
from twilio_rt_cli.machine.listen import listen
from twilio_rt_cli.protocol.origin import Origins, is_loopback, is_loopback_host, origin_text
from twilio_rt_cli.server.http_server import HttpServer, http_config
from twilio_rt_cli.server.loopback import LoopbackOnly

_NEXT_PORTS = 50
"""how many ports behind a busy one are tried"""
_SEND_BUFFER_BYTES = 65_536
"""what the kernel may hold for one who does not read; left alone it grows to megabytes"""
_CLOSE_S = 0.5
"""how long those who are being answered may take to hear the end of it"""


class AnnouncedOrigin(BaseModel):
    """What `tunnel` announces: where Twilio reaches the server on this port; null takes it back."""

    origin: Annotated[str, AfterValidator(origin_text)] | None
    port: int


class KnownOrigin(BaseModel):
    """Where the server is reached now, and its public port."""

    origin: str
    port: int


def create_admin_app(
    origins: Origins,
    port: int,
    *,
    checked: bool,
    on_origin_changed: Callable[[], None],
    source: AdminSource | None = None,
    host: str = "127.0.0.1",
) -> ASGIApp:
    """The routes. `on_origin_changed` hears that another origin may hold now; with a `source` calls can be looked at.

    `host` is where the admin port listens.
    """
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)

    async def known() -> KnownOrigin:
        """Where Twilio reaches us, and the port that is for it."""
        return KnownOrigin(origin=origins.current.url, port=port)

    async def announce(announced: AnnouncedOrigin) -> KnownOrigin:
        """What `twilio-rt tunnel` announces: Twilio reaches us there from now on."""
        if not checked:
            raise HTTPException(409, "Twilio's signatures are not checked here: only this machine may call.")
        if announced.port != port:
            raise HTTPException(409, f"This server listens on port {port}, not {announced.port}.")
        origins.announced = announced.origin
        on_origin_changed()
        return await known()

    app.add_api_route("/origin", known, methods=["GET"])
    app.add_api_route("/origin", announce, methods=["PUT"], dependencies=[Depends(_from_this_machine)])
    if source is not None:
        app.include_router(calls_router(source, Depends(_from_this_machine)))
    return LoopbackOnly(app) if is_loopback(host) else app


async def _from_this_machine(request: Request) -> None:
    if not is_loopback_host(request.headers.get("host")) or "origin" in request.headers:
        raise HTTPException(403, "Only programs on this machine may change anything.")


@asynccontextmanager
async def admin_port(
    app: ASGIApp, host: str, port: int, on_close: Callable[[], None] = lambda: None
) -> AsyncIterator[str]:
    """Serve the app on this port, or on the next free one; gives its URL. Raises ServerError when there is none.

    `on_close` is called when it closes, before anybody is waited for: the moment to end streams of events.
    """
    sockets = _listen(host, port)
    server = HttpServer(http_config(app))
    await server.startup(sockets)
    try:
        yield _url(sockets[0].getsockname())
    finally:
        on_close()
        with suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_S):
                await server.shutdown()
        await _cut_off(server)


async def _cut_off(server: uvicorn.Server) -> None:
    """Whoever does not read what we write, or left a request unfinished, is not waited for."""
    for connection in list(server.server_state.connections):
        if connection.transport is not None:
            connection.transport.abort()
    if server.server_state.tasks:
        await asyncio.wait(server.server_state.tasks, timeout=_CLOSE_S)


def _listen(host: str, port: int) -> list[socket.socket]:
    last = ServerError(f"No port from {port} on is free for the admin port.")
    for candidate in range(port, port + _NEXT_PORTS if port else 1):
        try:
            sockets = listen(host, candidate, 64)
        except ServerError as error:
            last = error
            continue
        for one in sockets:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
        return sockets
    raise last


def _url(address: tuple[str, int, int, int] | tuple[str, int]) -> str:
    host, port = address[0], address[1]
    if host in ("0.0.0.0", "::"):
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

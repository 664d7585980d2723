"""The admin port: what other commands on this machine ask and tell a running server. Never the public port.

Whoever may change something here must be on this machine: a loopback Host, and no Origin, which a page in a browser
would send.
"""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Annotated

import uvicorn
from fastapi import Depends, FastAPI, HTTPException, Request
from pydantic import AfterValidator, BaseModel
from starlette.types import ASGIApp

from twilio_rt_cli.errors import ServerError
from twilio_rt_cli.server.http_server import HttpServer
from twilio_rt_cli.server.listen import listen
from twilio_rt_cli.server.origin import Origins, is_loopback_host
from twilio_rt_cli.setting_types import origin_text

_NEXT_PORTS = 50
"""how many ports behind a busy one are tried"""


class ToldOrigin(BaseModel):
    """What `tunnel` tells: where Twilio reaches the server on this port; null takes it back."""

    origin: Annotated[str, AfterValidator(origin_text)] | None
    port: int


class KnownOrigin(BaseModel):
    """Where the server is reached now, and its public port."""

    origin: str
    port: int


def create_admin_app(origins: Origins, port: int, *, checked: bool, on_told: Callable[[], None]) -> FastAPI:
    """The routes. `on_told` hears that another origin may hold from now on."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)

    async def known() -> KnownOrigin:
        return KnownOrigin(origin=origins.current.url, port=port)

    async def tell(told: ToldOrigin) -> KnownOrigin:
        if not checked:
            raise HTTPException(409, "Twilio's signatures are not checked here: only this machine may call.")
        if told.port != port:
            raise HTTPException(409, f"This server listens on port {port}, not {told.port}.")
        origins.told = told.origin
        on_told()
        return await known()

    app.add_api_route("/origin", known, methods=["GET"])
    app.add_api_route("/origin", tell, methods=["PUT"], dependencies=[Depends(_from_this_machine)])
    return app


async def _from_this_machine(request: Request) -> None:
    if not is_loopback_host(request.headers.get("host")) or "origin" in request.headers:
        raise HTTPException(403, "Only programs on this machine may change anything.")


@asynccontextmanager
async def admin_port(app: ASGIApp, host: str, port: int) -> AsyncIterator[str]:
    """Serve the app on this port, or on the next free one; gives its URL. Raises ServerError when there is none."""
    sockets = _listen(host, port)
    settings = uvicorn.Config(
        app,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level=logging.WARNING,
        access_log=False,
        proxy_headers=False,
    )
    server = HttpServer(settings)
    await server.startup(sockets)
    try:
        yield _url(sockets[0].getsockname())
    finally:
        async with asyncio.timeout(2):
            await server.shutdown()


def _listen(host: str, port: int) -> list[socket.socket]:
    last = ServerError(f"No port from {port} on is free for the admin port.")
    for candidate in range(port, port + _NEXT_PORTS if port else 1):
        try:
            return listen(host, candidate, 64)
        except ServerError as error:
            last = error
    raise last


def _url(address: tuple[str, int, int, int] | tuple[str, int]) -> str:
    host, port = address[0], address[1]
    if host in ("0.0.0.0", "::"):
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

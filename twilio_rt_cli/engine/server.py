"""The engine's door: a WebSocket server that speaks the OpenAI Realtime protocol at /v1/realtime.

    async with EngineServer(load_voice_stack(), host="127.0.0.1", port=0) as engine:
        print(engine.url)       # ws://127.0.0.1:40123/v1/realtime

Any key is accepted, or none. The model is whatever the URL names; rules answer for all of them.
"""

import asyncio
import secrets
import time
from collections.abc import Callable, Sequence
from datetime import date
from http import HTTPStatus
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from twilio_rt_cli.engine.brain import Brain
from twilio_rt_cli.engine.brain.rules import RuleBrain
from twilio_rt_cli.engine.connection import Connection
from twilio_rt_cli.engine.session import Session
from twilio_rt_cli.engine.session.refusals import INVALID_REQUEST
from twilio_rt_cli.engine.session.server_events import ErrorDetail, ErrorEvent, encode
from twilio_rt_cli.engine.voice import VoiceStack
from twilio_rt_cli.engine.workers import Workers
from twilio_rt_cli.machine.listen import listen

DEFAULT_MODEL = "gpt-realtime-2.1"
PATH = "/v1/realtime"
# Room for the 15 MiB of base64 that one append may hold; more than that is refused by an error event, not by closing.
MAX_MESSAGE_BYTES = 24 * 1024 * 1024
_CLOSE_TIMEOUT_S = 3
_BACKLOG = 100
_OPTIONS = ("--host", "--port")
_REFUSED = 4000
_SUBPROTOCOL = Subprotocol("realtime")
_BETA_SUBPROTOCOL = "openai-beta.realtime-v1"


class EngineServer:
    """Serves sessions while its block runs. `port` 0 takes a free one; raises ServerError when it cannot listen."""

    def __init__(
        self,
        stack: VoiceStack,
        *,
        brain: Brain | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        today: Callable[[], date] = date.today,
    ) -> None:
        """Rules decide what is said, unless another `brain` does."""
        self._stack = stack
        self._brain = brain or RuleBrain()
        self._host = "127.0.0.1" if host == "localhost" else host
        self._port = port
        self._today = today
        self._workers: Workers | None = None
        self._servers: list[Server] = []
        """one for each address of the host"""

    @property
    def url(self) -> str:
        """Where clients connect, once it listens."""
        port: int = self._servers[0].sockets[0].getsockname()[1]
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"ws://{host}:{port}{PATH}"

    @property
    def sessions(self) -> int:
        """How many clients are served now."""
        return sum(len(server.connections) for server in self._servers)

    async def __aenter__(self) -> Self:
        # Our own sockets, since asyncio's words for why it cannot listen differ by its version.
        for one in listen(self._host, self._port, _BACKLOG, _OPTIONS):
            self._servers.append(
                await serve(
                    self._serve_client,
                    sock=one,
                    process_request=_refuse_other_paths,
                    select_subprotocol=_select_subprotocol,
                    compression=None,
                    max_size=MAX_MESSAGE_BYTES,
                    close_timeout=_CLOSE_TIMEOUT_S,
                )
            )
        self._workers = Workers(self._stack, self._brain)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._workers is not None
        for server in self._servers:
            server.close()
        async with asyncio.timeout(2 * _CLOSE_TIMEOUT_S):
            for server in self._servers:
                await server.wait_closed()
        self._servers.clear()
        self._workers.close()

    async def _serve_client(self, socket: ServerConnection) -> None:
        assert self._workers is not None
        assert socket.request is not None
        query = parse_qs(urlsplit(socket.request.path).query)
        if _wants_beta(socket.request):
            # The original lets such a client in, says this, and closes with 4000.
            message = "The Realtime Beta API is no longer supported. Please use /v1/realtime for the GA API."
            await _turn_away(socket, "beta_api_shape_disabled", message)
            return
        # The original refuses a client that names no model; the address in `engine.ready` is whole without one.
        model = query.get("model", [DEFAULT_MODEL])[0]
        session = Session(secrets.token_hex(6), model, now=asyncio.get_running_loop().time(), unix_s=int(time.time()))
        await Connection(socket, session, self._workers, self._today).run()


def _refuse_other_paths(connection: ServerConnection, request: Request) -> Response | None:
    if urlsplit(request.path).path.rstrip("/") == PATH:
        return None
    return connection.respond(HTTPStatus.NOT_FOUND, f"The engine listens at {PATH}.\n")


def _select_subprotocol(connection: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    return _SUBPROTOCOL if _SUBPROTOCOL in offered else None


def _wants_beta(request: Request) -> bool:
    offered = ",".join(request.headers.get_all("Sec-WebSocket-Protocol"))
    beta = ",".join(request.headers.get_all("OpenAI-Beta"))
    return "realtime=v1" in beta or _BETA_SUBPROTOCOL in offered


async def _turn_away(socket: ServerConnection, code: str, message: str) -> None:
    detail = ErrorDetail(type=INVALID_REQUEST, code=code, message=message)
    try:
        await socket.send(encode(ErrorEvent(event_id=f"event_{secrets.token_hex(8)}", error=detail)))
        await socket.close(_REFUSED, f"{INVALID_REQUEST}.{code}")
    except ConnectionClosed:
        return

"""Dialing: what a refusal means, the one retry, and that no key goes anywhere else."""

import asyncio
import gc
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from tests.scripted_model import scripted_model
from twilio_rt_cli.bridge.leg import Closed, Leg
from twilio_rt_cli.errors import CredentialsError, SettingsError, TwilioRtError, UnreachableError
from twilio_rt_cli.models.dialer import Dialer, Endpoint


class Nobody:
    """An owner that listens to nothing but the end."""

    def __init__(self) -> None:
        self.closed: asyncio.Future[Closed] = asyncio.get_running_loop().create_future()

    def on_message(self, leg: Leg, raw: bytes) -> None: ...
    def on_breach(self, leg: Leg, why: str) -> None: ...
    def on_paused(self, leg: Leg) -> None: ...
    def on_resumed(self, leg: Leg) -> None: ...
    def on_closed(self, leg: Leg, closed: Closed) -> None:
        self.closed.set_result(closed)


@asynccontextmanager
async def refusing(status: HTTPStatus) -> AsyncIterator[tuple[str, list[Request]]]:
    """A server that answers every upgrade with this status."""
    seen: list[Request] = []

    def refuse(connection: ServerConnection, request: Request) -> Response:
        seen.append(request)
        response = connection.respond(status, "no\n")
        if status is HTTPStatus.FOUND:
            response.headers["Location"] = f"ws://127.0.0.1:{port}/elsewhere"
        return response

    async def never(_: ServerConnection) -> None: ...

    async with serve(never, "127.0.0.1", 0, process_request=refuse) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        yield f"ws://127.0.0.1:{port}/v1/realtime", seen


def run(test: Callable[[], object]) -> None:
    asyncio.run(test())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("status", "error", "tries"),
    [
        (HTTPStatus.UNAUTHORIZED, CredentialsError, 1),
        (HTTPStatus.FORBIDDEN, CredentialsError, 1),
        (HTTPStatus.NOT_FOUND, SettingsError, 1),
        (HTTPStatus.TOO_MANY_REQUESTS, UnreachableError, 2),
        (HTTPStatus.SERVICE_UNAVAILABLE, UnreachableError, 2),
        (HTTPStatus.FOUND, UnreachableError, 2),
    ],
)
def test_a_refusal_is_told_in_words_and_tried_again_only_if_that_may_help(
    status: HTTPStatus, error: type[TwilioRtError], tries: int
) -> None:
    async def test() -> None:
        async with refusing(status) as (url, seen):
            with pytest.raises(error, match=r"127\.0\.0\.1"):
                await Dialer(Endpoint(url=url, headers=(("Authorization", "Bearer sk-secret"),))).dial(Nobody())
            assert [request.path for request in seen] == ["/v1/realtime"] * tries

    run(test)


def test_a_server_that_is_not_there_is_unreachable() -> None:
    async def test() -> None:
        # in the system's words, not in those of asyncio's version
        with pytest.raises(UnreachableError, match=r"^The model at 127\.0\.0\.1:9 could not be reached: [A-Z][a-z ]+$"):
            await Dialer(Endpoint(url="ws://127.0.0.1:9/")).dial(Nobody())

    run(test)


def test_a_server_that_never_answers_is_unreachable_in_time() -> None:
    async def test() -> None:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            url = f"ws://127.0.0.1:{listening.getsockname()[1]}/"
            began_at = asyncio.get_running_loop().time()
            with pytest.raises(UnreachableError):
                await Dialer(Endpoint(url=url, connect_timeout_s=0.1)).dial(Nobody())
            assert asyncio.get_running_loop().time() - began_at < 2

    run(test)


def test_a_server_that_hangs_up_instead_of_answering_is_unreachable() -> None:
    async def test() -> None:
        async def drop(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.close()

        server = await asyncio.start_server(drop, "127.0.0.1", 0)
        with pytest.raises(UnreachableError):
            await Dialer(Endpoint(url=f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/")).dial(Nobody())
        server.close()
        await server.wait_closed()

    run(test)


def test_a_handshake_that_is_given_up_is_ended_and_its_late_answer_tells_nobody() -> None:
    async def test() -> None:
        gone: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

        async def late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            gone.set_result(await reader.read())
            writer.close()

        server = await asyncio.start_server(late, "127.0.0.1", 0)
        url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        dialling = asyncio.ensure_future(Dialer(Endpoint(url=url)).dial(owner := Nobody()))
        done, _ = await asyncio.wait([dialling], timeout=0.2)
        assert not done
        dialling.cancel()
        assert await asyncio.wait_for(gone, 1) == b""
        assert not owner.closed.done()
        server.close()
        await server.wait_closed()

    run(test)


def test_our_headers_arrive_and_compression_is_not_asked_for() -> None:
    async def test() -> None:
        async with scripted_model() as model:
            leg = await Dialer(Endpoint(url=f"{model.url}?model=m", headers=(("User-Agent", "x/1"),))).dial(
                owner := Nobody()
            )
            request = model.requests[0]
            assert request.path == "/v1/realtime?model=m"
            assert request.headers.get_all("User-Agent") == ["x/1"]
            assert "Sec-WebSocket-Extensions" not in request.headers
            leg.close()
            assert await owner.closed == Closed(1000, "", by_us=True)

    run(test)


def test_a_broken_frame_closes_the_socket_and_nothing_more_is_said_about_it() -> None:
    unclaimed: list[str] = []

    async def test() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: unclaimed.append(context["message"]))

        async def babble(connection: ServerConnection) -> None:
            connection.transport.write(b"\x87\x00")  # there is no opcode 7
            await connection.wait_closed()

        async with serve(babble, "127.0.0.1", 0) as server:
            url = f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}/"
            await Dialer(Endpoint(url=url)).dial(owner := Nobody())
            closed = await owner.closed
            assert (closed.code, closed.by_us) == (1002, True)

    run(test)
    gc.collect()  # with the loop and its timers gone, so is the socket
    assert unclaimed == []

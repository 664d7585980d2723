import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.server.world import LOOPS, run
from twilio_rt_cli.machine.listen import listen
from twilio_rt_cli.server.http_server import HttpServer, http_config


class App:
    """Answers when it is told to."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.may_answer = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.asked.set()
        await self.may_answer.wait()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})


@asynccontextmanager
async def server(app: App, patience_s: int = 5) -> AsyncIterator[tuple[HttpServer, asyncio.StreamReader]]:
    """An open port, and a connection that has asked for something."""
    one = HttpServer(http_config(app, timeout_graceful_shutdown=patience_s))
    sockets = listen("127.0.0.1", 0, 8)
    await one.startup(sockets)
    reader, writer = await asyncio.open_connection(*sockets[0].getsockname())
    writer.write(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
    await app.asked.wait()
    yield one, reader
    writer.close()


@pytest.mark.parametrize("loop", LOOPS)
def test_idle_connections_leave_at_once(loop: str, caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        took_s = []
        for _ in range(5):
            app = App()
            app.may_answer.set()
            async with server(app) as (one, reader):
                assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200 ")
                began = asyncio.get_running_loop().time()
                await one.shutdown()
                took_s.append(asyncio.get_running_loop().time() - began)
                assert await reader.read() == b""
                assert one.server_state.connections == set()
        assert min(took_s) < 0.05
        assert "Waiting for" not in caplog.text

    caplog.set_level(logging.INFO, "uvicorn")
    run(story(), loop)


@pytest.mark.parametrize("loop", LOOPS)
def test_who_was_asked_may_still_answer(loop: str) -> None:
    async def story() -> None:
        app = App()
        async with server(app) as (one, reader):
            async with asyncio.TaskGroup() as group:
                closing = group.create_task(one.shutdown())
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.2):
                        await asyncio.shield(closing)
                app.may_answer.set()
            assert (await reader.read()).endswith(b"\r\n\r\nok")
            assert one.server_state.connections == set()

    run(story(), loop)


class Unheard(App):
    """Answers with more than fits between us and somebody who does not read."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        self.asked.set()
        await send({"type": "http.response.body", "body": bytes(16_000_000)})


class Open:
    """A port as newer Pythons see it: not closed while one connection is left."""

    def close(self) -> None: ...

    async def wait_closed(self) -> None:
        await asyncio.Event().wait()


@pytest.mark.parametrize("loop", LOOPS)
def test_who_never_reads_the_answer_holds_up_the_end_for_a_moment_only(
    loop: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        async with server(Unheard(), patience_s=1) as (one, _):
            one.servers.append(Open())  # type: ignore[arg-type]
            async with asyncio.timeout(5):
                await one.shutdown()

    run(story(), loop)
    assert [one.getMessage() for one in caplog.records if one.name == "uvicorn.error"] == [
        "Cancel 0 running task(s), timeout graceful shutdown exceeded"
    ]
    caplog.clear()


@pytest.mark.parametrize("loop", LOOPS)
def test_a_port_that_does_not_count_as_closed_is_waited_for_a_moment_only(loop: str) -> None:
    async def story() -> None:
        app = App()
        app.may_answer.set()
        async with server(app) as (one, reader):
            await reader.readuntil(b"ok")
            one.servers.append(Open())  # type: ignore[arg-type]
            async with asyncio.timeout(5):
                await one.shutdown()

    run(story(), loop)

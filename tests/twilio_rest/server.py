"""The stand-in as a whole: lets requests in, does wrong what it is told to, and runs on a loop in its own thread."""

import asyncio
import threading
import time
from collections.abc import Coroutine, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any, TypeVar

from tests.twilio_rest.account import Account, Number
from tests.twilio_rest.network import Network
from tests.twilio_rest.refusals import Refused
from tests.twilio_rest.routes import Routes
from tests.twilio_rest.web import Answer, Request, converse
from twilio_rt_cli.caller.report import CallReport
from twilio_rt_cli.caller.script import Script

T = TypeVar("T")

_PATIENCE_S = 30.0


@dataclass
class Faults:
    """What goes wrong, until it is taken back."""

    status: int | None = None
    """every answer has this status, and a page of a proxy's as its body"""
    code: int | None = None
    """every request is refused with this code of Twilio's"""
    problem: bool = False
    """refusals come as RFC 9457 says"""
    text: str | None = None
    """every answer is this text, with status 200"""
    drops: bool = False
    """connections are closed without an answer"""
    silent: bool = False
    """requests are never answered"""
    ahead_s: float = 0.0
    """its clock is wrong by so much"""
    spares: int = 0
    """so many requests are answered properly first"""


class TwilioRest:
    """One account's API. Its attributes may be read and set from any thread; the methods block."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.faults = Faults()
        self.url = ""
        self.requests: list[Request] = []
        self.network = Network(account)
        self.routes = Routes(account, self.network.place, self.network.change)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._over: asyncio.Event | None = None
        self._conversations: set[asyncio.Task[None]] = set()

    def ring(self, phone_number: str, caller: str = "+14155550142", script: Script | None = None) -> CallReport:
        """Somebody dials a number of the account; what their phone made of it. Raises NotRung."""
        return self.ringing(phone_number, caller, script).result(_PATIENCE_S)

    def ringing(
        self, phone_number: str, caller: str = "+14155550142", script: Script | None = None
    ) -> "Future[CallReport]":
        """The same, as it goes on; from a coroutine: `await asyncio.wrap_future(rest.ringing(…))`."""
        return self._soon(self.network.ring(phone_number, caller, script))

    def ended(self, call_sid: str) -> "Future[None]":
        """Done when a call that was placed is over, and everybody was told."""
        return self._soon(self.network.ended(call_sid))

    def heal(self) -> None:
        """Nothing goes wrong any more."""
        self.faults = Faults()

    def asked(self) -> list[tuple[str, str]]:
        """Method and last part of the path of every request so far."""
        return [(one.method, one.path.rpartition("/")[2].removesuffix(".json")) for one in self.requests]

    async def serve(self, port: int, ready: threading.Event | None = None) -> None:
        """Serve until `stop`."""
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._converse, "127.0.0.1", port)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        if ready is not None:
            ready.set()
        async with server:
            await self._over.wait()
            await self.network.close()
            await asyncio.gather(*self._conversations)

    def stop(self) -> None:
        """End `serve`; requests that were left without an answer are dropped."""
        assert self._loop is not None
        assert self._over is not None
        self._loop.call_soon_threadsafe(self._over.set)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._conversations.add(task)
        task.add_done_callback(self._conversations.discard)
        await converse(reader, writer, self._dated)

    async def _dated(self, request: Request) -> Answer:
        answer = await self._answer(request)
        answer.headers["Date"] = formatdate(time.time() + self.faults.ahead_s, usegmt=True)
        return answer

    async def _answer(self, request: Request) -> Answer:
        self.requests.append(request)
        try:
            if self._spared():
                return self._proper(request)
            return await self._wrong() or self._proper(request)
        except Refused as refused:
            body = refused.problem() if self.faults.problem else refused.body()
            return Answer(refused.status, body)

    def _spared(self) -> bool:
        if self.faults.spares == 0:
            return False
        self.faults.spares -= 1
        return True

    async def _wrong(self) -> Answer | None:
        faults = self.faults
        if faults.silent:
            assert self._over is not None
            await self._over.wait()
        if faults.silent or faults.drops:
            return Answer(0)
        if faults.status is not None:
            return Answer(faults.status, text="<html>a proxy's page</html>")
        if faults.text is not None:
            return Answer(200, text=faults.text)
        if faults.code is not None:
            raise Refused(faults.code)
        return None

    def _proper(self, request: Request) -> Answer:
        if not self.account.opens(*request.credentials()):
            raise Refused(20003)
        return self.routes.answer(request)

    def _soon(self, story: Coroutine[Any, Any, T]) -> "Future[T]":
        assert self._loop is not None
        return asyncio.run_coroutine_threadsafe(story, self._loop)


@contextmanager
def twilio_rest(
    numbers: Sequence[str | Number] = ("+14155550100",), *, account: Account | None = None, port: int = 0
) -> Iterator[TwilioRest]:
    """A running stand-in with these numbers, on a free port."""
    rest = TwilioRest(account or Account())
    rest.account.numbers += [Number(one) if isinstance(one, str) else one for one in numbers]
    ready = threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(rest.serve(port, ready)), name="twilio-rest")
    thread.start()
    try:
        assert ready.wait(_PATIENCE_S), "the stand-in did not start"
        yield rest
    finally:
        rest.stop()
        thread.join(_PATIENCE_S)

"""A server of ours on a free port, the Twilio that calls it, and calls that answer with an echo instead of a model."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar
from urllib.parse import urlencode

import httpx
import msgspec
import uvloop
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from twilio_rt_cli.bridge.leg import Closed, Leg
from twilio_rt_cli.call.figures.end_reason import EndReason
from twilio_rt_cli.call.figures.statistics import CallStatistics
from twilio_rt_cli.call.figures.status import NO_STATUS, CallStatus
from twilio_rt_cli.protocol import twilio
from twilio_rt_cli.protocol.origin import Origins
from twilio_rt_cli.protocol.signature import headers_for
from twilio_rt_cli.protocol.twilio import AccountSid, CallSid, Start, StartDetails, StopDetails, StreamSid
from twilio_rt_cli.server.admission.notices import ServerNotice
from twilio_rt_cli.server.admission.quota import DayLimits, Quota
from twilio_rt_cli.server.admission.registry import IncomingCall
from twilio_rt_cli.server.config import ServerConfig
from twilio_rt_cli.server.run import BridgeServer

TOKEN = "12345678901234567890123456789012"
ACCOUNT = AccountSid("AC" + "1" * 32)
STREAM = StreamSid("MZ" + "5" * 32)
LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "asyncio": asyncio.new_event_loop,
    "uvloop": uvloop.new_event_loop,
}
T = TypeVar("T")


def run(story: Coroutine[Any, Any, T], loop: str = "uvloop") -> T:
    """Live through a story on a loop of its own, within 20 s."""

    async def bounded() -> T:
        async with asyncio.timeout(20):
            return await story

    with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
        return runner.run(bounded())


def call_sid(number: int = 1) -> CallSid:
    return CallSid(f"CA{number:032x}")


def config(**changes: Any) -> ServerConfig:
    settings: dict[str, Any] = {"port": 0, "auth_token": TOKEN, "fallback_message": "Sorry.", "busy_message": "Busy."}
    return ServerConfig(**settings | changes)


class EchoCall:
    """An opened call: sends back what it hears; `stop` ends it, and so does the word "goodbye" in a mark."""

    def __init__(self, incoming: IncomingCall, start: Start, leg: Leg, on_over: Callable[[EndReason], None]) -> None:
        self.incoming = incoming
        self.start = start
        self.leg = leg
        self.reason: EndReason | None = None
        self.begun = False
        self.heard: list[bytes] = []
        self.forgets_its_end = False
        self.statistics = CallStatistics()
        self._on_over = on_over

    waiting_ms = 0.0

    def status(self) -> CallStatus:
        return NO_STATUS

    def begin(self) -> None:
        self.begun = True
        self.leg.hand_over(self)

    def end(self, reason: EndReason) -> None:
        self.reason = self.reason or reason
        self.leg.close(1000, reason.value)

    def on_message(self, leg: Leg, raw: bytes) -> None:
        self.heard.append(raw)
        match twilio.decode(raw):
            case twilio.Stop():
                self.end(EndReason.CALLER_HUNG_UP)
            case twilio.Mark(mark=twilio.MarkDetails(name="goodbye")):
                self.end(EndReason.AGENT_HUNG_UP)
            case twilio.Mark(mark=twilio.MarkDetails(name="fail")):
                self.end(EndReason.MODEL_GONE)
            case twilio.Mark(mark=twilio.MarkDetails(name="crash")):
                raise RuntimeError("a bug of ours")
            case _:
                leg.send(raw)

    def on_breach(self, leg: Leg, why: str) -> None:
        leg.send(msgspec.json.encode({"breach": why}))

    def on_paused(self, leg: Leg) -> None:
        pass

    def on_resumed(self, leg: Leg) -> None:
        pass

    def on_closed(self, leg: Leg, closed: Closed) -> None:
        if not self.forgets_its_end:
            self._on_over(self.reason or EndReason.STREAM_LOST)


class Twilio:
    """A Twilio that signs; `origin` is what it was told, `local_url` where its requests arrive."""

    def __init__(self, origin: str = "", local_url: str = "") -> None:
        self.origin = origin
        self.local_url = local_url
        self.http = httpx.AsyncClient(timeout=10, verify=False)  # no TLS here; its context would cost 30 ms

    @property
    def port(self) -> int:
        return int(self.local_url.rpartition(":")[2])

    def now(self) -> float:
        return asyncio.get_running_loop().time()

    async def post(
        self, path: str, call: CallSid | None = None, *, sign_as: str | None = None, secret: str = TOKEN, **fields: str
    ) -> httpx.Response:
        """A signed form, as Twilio posts it."""
        form = {"AccountSid": ACCOUNT, **({"CallSid": call} if call else {}), **fields}
        signed = headers_for(secret, (sign_as or self.origin) + path, list(form.items()))
        return await self.http.post(
            self.local_url + path,
            content=urlencode(form),
            headers={"Content-Type": "application/x-www-form-urlencoded", **signed},
        )

    async def token(self, call: CallSid | None = None) -> str:
        """A token from a signed webhook."""
        answer = await self.post("/incoming-call", call or call_sid(), From="+15550001111", To="+15550002222")
        assert answer.status_code == 200, answer.text
        return token_of(answer.text)

    def stream_url(self, token: str) -> str:
        """The stream's URL as TwiML names it, which is what Twilio signs."""
        return "ws" + self.origin.removeprefix("http") + f"/media-stream/{token}"

    def dial(self, token: str, *, secret: str = TOKEN, **options: Any) -> connect:
        """The signed media socket."""
        headers = headers_for(secret, self.stream_url(token)) | options.pop("additional_headers", {})
        here = "ws" + self.local_url.removeprefix("http") + f"/media-stream/{token}"
        return connect(here, additional_headers=headers, compression=None, proxy=None, **options)

    def bare(self, path: str = "/media-stream", **options: Any) -> connect:
        """A media socket without any signature."""
        return connect("ws" + self.local_url.removeprefix("http") + path, proxy=None, **options)

    @asynccontextmanager
    async def talking(self, number: int = 1) -> AsyncIterator[ClientConnection]:
        """A call in progress: webhook, socket, start; and one echo, so that it surely runs."""
        async with self.dial(await self.token(call_sid(number))) as socket:
            await begin(socket, number)
            yield socket

    async def raw(self, *received: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A bare TCP connection that has sent these bytes."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        for one in received:
            writer.write(one)
            await writer.drain()
        return reader, writer

    def head(self, token: str, **changes: str | None) -> bytes:
        """The head of a signed upgrade, with headers (underscores for hyphens) added, changed or, None, left out."""
        headers: dict[str, str | None] = {
            "Host": f"127.0.0.1:{self.port}",
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
            **headers_for(TOKEN, self.stream_url(token)),
        }
        headers |= {name.replace("_", "-"): value for name, value in changes.items()}
        lines = [f"{name}: {value}" for name, value in headers.items() if value is not None]
        return "\r\n".join([f"GET /media-stream/{token} HTTP/1.1", *lines, "", ""]).encode("latin-1")

    async def until(self, condition: Callable[[], bool]) -> None:
        """Let the loop turn until this holds."""
        loop, held = asyncio.get_running_loop(), asyncio.Event()

        def look() -> None:
            if condition():
                held.set()
            else:
                loop.call_later(0.005, look)

        look()
        async with asyncio.timeout(10):
            await held.wait()

    async def tail(self, number: int = 1) -> str:
        """What Twilio is told when it asks what comes after the stream."""
        return (await self.post("/stream-ended", call_sid(number))).text


class World(Twilio):
    """One server, what it said, the calls it opened, and its Twilio."""

    def __init__(self, settings: ServerConfig, quota: Quota | None = None) -> None:
        super().__init__()
        self.notices: list[ServerNotice] = []
        self.calls: list[EchoCall] = []
        self.quota = quota or Quota(DayLimits(), time.time())
        self.server = BridgeServer(settings, self._open, self._tell, self.quota)
        self.refuse_to_open = False
        self.origins = Origins()

    def _tell(self, notice: ServerNotice) -> None:
        self.notices.append(notice)
        self.quota.on_server(time.time(), notice)

    def _open(self, incoming: IncomingCall, start: Start, leg: Leg, on_over: Callable[[EndReason], None]) -> EchoCall:
        if self.refuse_to_open:
            raise RuntimeError("no bridge today")
        self.calls.append(EchoCall(incoming, start, leg, on_over))
        return self.calls[-1]


@asynccontextmanager
async def serving(quota: Quota | None = None, **changes: Any) -> AsyncIterator[World]:
    """A world whose server runs, and leaves nothing behind."""
    world = World(config(**changes), quota)
    async with world.http, world.server.running() as port:
        world.origin, world.local_url, world.origins = port.origin, port.local_url, port.origins
        yield world
    assert world.server.registry.streaming() == []
    assert world.server.connections == 0


def token_of(twiml: str) -> str:
    found = re.search(r"/media-stream/([^\"]+)\"", twiml)
    assert found is not None, twiml
    return found[1]


def start(number: int = 1, **changes: Any) -> bytes:
    details = {"call_sid": call_sid(number), "account_sid": ACCOUNT, "stream_sid": STREAM} | changes
    return twilio.start_text(StartDetails(**details), 1)


def stop(number: int = 1) -> bytes:
    return twilio.stop_text(STREAM, 9, StopDetails(call_sid(number), ACCOUNT))


def media(number: int = 2, audio: bytes = b"\xff" * 160) -> bytes:
    return twilio.media_text(STREAM, number, number - 1, number * 20, audio)


def mark(name: str) -> bytes:
    return twilio.mark_echo_text(STREAM, 7, name)


async def send(socket: ClientConnection, raw: bytes) -> None:
    """One text message."""
    await socket.send(raw, text=True)


async def begin(socket: ClientConnection, number: int = 1) -> None:
    """`connected`, `start`, and a first echo."""
    await send(socket, twilio.connected_text())
    await send(socket, start(number))
    await send(socket, media())
    assert await socket.recv(decode=False) == media()


async def closed(socket: ClientConnection) -> tuple[int | None, str | None]:
    """How the server closed this socket."""
    await socket.wait_closed()
    return socket.close_code, socket.close_reason


async def refused(dialing: connect) -> int:
    """The status by which an upgrade was refused."""
    try:
        async with dialing:
            raise AssertionError("the upgrade was taken")
    except InvalidStatus as error:
        return error.response.status_code


async def answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Status and head of the answer on a bare connection."""
    head = await reader.readuntil(b"\r\n\r\n")
    return int(head.split(b" ")[1]), head


async def gone(reader: asyncio.StreamReader) -> bool:
    """Whether the server closes the connection."""
    try:
        return await reader.read() == b""
    except ConnectionError:
        return True


def frame(opcode: int, payload: bytes, *, fin: bool = True) -> bytes:
    """One short masked frame, by hand."""
    assert len(payload) < 126
    return bytes([opcode | (0x80 if fin else 0), 0x80 | len(payload), 0, 0, 0, 0]) + payload


def frame_of(text: bytes) -> bytes:
    """A text frame of middle length, by hand."""
    return bytes([0x81, 0x80 | 126]) + len(text).to_bytes(2, "big") + bytes(4) + text

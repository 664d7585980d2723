"""A small, faithful bridge for tests: real HTTP and real WebSockets on one port, an agent of tones, everything noted.

Its agent greets, hears the end of the caller's words by 200 ms of silence, answers with a tone, and clears when the
caller speaks over it. What it should do wrong is an option.
"""

import asyncio
import json
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import parse_qsl

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from tests.caller.sounds import tone
from twilio_rt_cli.caller.loudness import is_audible
from twilio_rt_cli.protocol.signature import SETTINGS_HEADER, SIGNATURE_HEADER, Verifier

TOKEN = "the-auth-token"
GREETING_MS = 160
ANSWER_MS = 240


@dataclass
class Seen:
    """One HTTP request, or the upgrade."""

    method: str
    path: str
    form: list[tuple[str, str]]
    headers: dict[str, str]
    signed: bool


@dataclass
class Manners:
    """What the agent does; the defaults are those of a good one."""

    greeting_ms: int = GREETING_MS
    answer_ms: int = ANSWER_MS
    clears: bool = True
    closes_after: int | None = None
    """answers after which it closes the socket"""
    close_code: int = 1000
    extra: list[str] = field(default_factory=list)
    """frames it sends after `start`, as they are; "SID" in them becomes the Stream SID"""
    upgrade_status: int = 101
    echoes_marks_to: list[str] = field(default_factory=list)
    """names of the marks that came back"""


class StandIn:
    """The server, and what it has seen."""

    def __init__(self, manners: Manners, twiml: Callable[["StandIn", str], str]) -> None:
        self.manners = manners
        self.port = 0
        self.named = ""
        """origin that TwiML names"""
        self.requests: list[Seen] = []
        self.frames: list[dict[str, object]] = []
        self.callbacks = asyncio.Event()
        self._twiml = twiml

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def paths(self) -> list[str]:
        return [request.path for request in self.requests]

    def kinds(self) -> list[object]:
        """Events the phone sent, media left out."""
        return [frame["event"] for frame in self.frames if frame["event"] != "media"]

    # HTTP: websockets reads only GET, so posts come in through a front door that knows both

    async def front(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, websocket_port: int) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        try:
            if head.startswith(b"POST ") or b"upgrade: websocket" not in head.lower():
                await self._http(head, reader, writer)
            else:
                await self._tunnel(head, reader, writer, websocket_port)
        finally:
            writer.close()

    async def _http(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        method, path, headers = _parsed(head)
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        self._note(method, path, parse_qsl(body.decode(), keep_blank_values=True), headers)
        answer = self._twiml(self, path)
        status = 200
        if answer[:3].isdigit():
            status, answer = int(answer[:3]), ""
        raw = answer.encode()
        kind = "text/xml" if answer.startswith("<") else "text/plain"
        writer.write(
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\nContent-Type: {kind}\r\nContent-Length: {len(raw)}\r\n"
            "Connection: close\r\n\r\n".encode()
            + raw
        )
        await writer.drain()

    async def _tunnel(
        self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, websocket_port: int
    ) -> None:
        upstream_reader, upstream = await asyncio.open_connection("127.0.0.1", websocket_port)
        upstream.write(head)
        async with asyncio.TaskGroup() as both:
            both.create_task(_pipe(reader, upstream))
            both.create_task(_pipe(upstream_reader, writer))

    def _note(self, method: str, path: str, form: list[tuple[str, str]], headers: dict[str, str]) -> None:
        verifier = Verifier(auth_token=TOKEN, shared_key=TOKEN)
        signature, settings = headers.get(SIGNATURE_HEADER.lower()), headers.get(SETTINGS_HEADER.lower())
        if method == "UPGRADE":
            url = f"{self.named.replace('http', 'ws', 1)}{path}"
            signed = verifier.verify_upgrade(url, signature, settings)
        else:
            signed = verifier.verify_form(f"{self.named}{path}", form, signature, settings)
        self.requests.append(Seen(method, path, form, headers, signed))
        if ("StreamEvent", "stream-stopped") in form or ("StreamEvent", "stream-error") in form:
            self.callbacks.set()

    # WebSocket

    def upgrade(self, _: ServerConnection, request: Request) -> Response | None:
        headers = {name.lower(): value for name, value in request.headers.raw_items()}
        self._note("UPGRADE", request.path, [], headers)
        status = self.manners.upgrade_status
        return None if status == 101 else Response(status, "refused", Headers(), b"")

    async def agent(self, socket: ServerConnection) -> None:
        try:
            await _Agent(self, socket).run()
        except ConnectionClosed:
            return


class _Agent:
    """One stream's agent."""

    def __init__(self, bridge: StandIn, socket: ServerConnection) -> None:
        self._manners = bridge.manners
        self._frames = bridge.frames
        self._socket = socket
        self._sid = ""
        self._quiet_frames = 0
        self._caller_talks = False
        self._unplayed: set[str] = set()
        self._answers = 0

    async def run(self) -> None:
        async for raw in self._socket:
            frame = json.loads(raw)
            self._frames.append(frame)
            match frame["event"]:
                case "start":
                    self._sid = frame["streamSid"]
                    for extra in self._manners.extra:
                        await self._socket.send(extra.replace("SID", self._sid))
                    await self._speak("greeting", self._manners.greeting_ms)
                case "media":
                    await self._hear(b64decode(frame["media"]["payload"]))
                case "mark":
                    self._unplayed.discard(frame["mark"]["name"])
                    self._manners.echoes_marks_to.append(frame["mark"]["name"])
                case "stop":
                    return
            if self._answers == self._manners.closes_after and not self._unplayed:
                await self._socket.close(self._manners.close_code)
                return

    async def _hear(self, audio: bytes) -> None:
        if is_audible(audio):
            if not self._caller_talks and self._unplayed and self._manners.clears:
                await self._socket.send(json.dumps({"event": "clear", "streamSid": self._sid}))
            self._caller_talks, self._quiet_frames = True, 0
            return
        self._quiet_frames += 1
        if self._caller_talks and self._quiet_frames == 10:
            self._caller_talks = False
            self._answers += 1
            await self._speak(f"answer-{self._answers}", self._manners.answer_ms)

    async def _speak(self, name: str, ms: int) -> None:
        payload = b64encode(tone(ms)).decode()
        if ms:
            await self._socket.send(
                json.dumps({"event": "media", "streamSid": self._sid, "media": {"payload": payload}})
            )
        self._unplayed.add(name)
        await self._socket.send(json.dumps({"event": "mark", "streamSid": self._sid, "mark": {"name": name}}))


def plain_twiml(bridge: StandIn, path: str) -> str:
    """What our own bridge answers."""
    wss = bridge.named.replace("http", "ws", 1)
    match path:
        case "/incoming-call":
            return (
                f'<Response><Connect><Stream url="{wss}/media-stream/tok" '
                f'statusCallback="{bridge.named}/stream-status">'
                f'<Parameter name="who" value="tester"/></Stream></Connect>'
                f'<Redirect method="POST">{bridge.named}/stream-ended</Redirect></Response>'
            )
        case "/stream-ended":
            return "<Response><Hangup/></Response>"
        case _:
            return "<Response/>"


@asynccontextmanager
async def stand_in(
    manners: Manners | None = None, *, named: str | None = None, twiml: Callable[[StandIn, str], str] = plain_twiml
) -> AsyncIterator[StandIn]:
    """A running bridge; `named` is the origin that its TwiML names and that it checks signatures against."""
    bridge = StandIn(manners or Manners(), twiml)
    async with serve(bridge.agent, "127.0.0.1", 0, process_request=bridge.upgrade, compression=None) as sockets:
        websocket_port = _port(sockets)
        front = await asyncio.start_server(
            lambda reader, writer: bridge.front(reader, writer, websocket_port), "127.0.0.1", 0
        )
        bridge.port = front.sockets[0].getsockname()[1]
        bridge.named = named or bridge.origin
        async with front:
            yield bridge


def _port(server: Server) -> int:
    port: int = next(iter(server.sockets)).getsockname()[1]
    return port


def _parsed(head: bytes) -> tuple[str, str, dict[str, str]]:
    first, *lines = head.decode("latin-1").strip().split("\r\n")
    method, path, _ = first.split(" ")
    pairs = (line.partition(":") for line in lines)
    return method, path, {name.strip().lower(): value.strip() for name, _, value in pairs}


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while chunk := await reader.read(65536):
            writer.write(chunk)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()

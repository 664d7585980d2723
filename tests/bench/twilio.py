"""A Twilio that signs, as lean as the phones: webhooks, tokens, upgrades.

One connection per question, as Twilio does it. A line can be opened before it is used, so that many questions are asked
in the same moment, and the time to the answer is the server's alone.
"""

import asyncio
import os
import re
import time
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlencode

from picows import ws_connect

from tests.bench.bridge_process import OURS, Candidate
from tests.bench.certificates import Certificate
from tests.bench.load import Load, Rig, rig
from tests.bench.model import Talker, Talking
from tests.bench.phones import CONNECT_S, Phone
from twilio_rt_cli.protocol.signature import headers_for
from twilio_rt_cli.protocol.twilio import AccountSid, CallSid

TOKEN = "bench567890123456789012345678901"
ACCOUNT = AccountSid("AC" + "1" * 32)
ANSWER_S = 15.0
BUSY, FALLBACK = "All our lines are busy", "I'm sorry"
"""how the messages begin that a caller hears by default"""
_TOKEN = re.compile(r"/media-stream/([^\"]+)\"")


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said."""

    status: int
    text: str
    took_ms: float


class Line(asyncio.Protocol):
    """One HTTP connection, for one question."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._heard = b""
        self._asked_at = 0.0
        self._answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

    def ask(self, raw: bytes) -> asyncio.Future[Answer]:
        """Send a request. The answer, or ConnectionError."""
        assert self._transport is not None
        self._asked_at = time.monotonic()
        self._transport.write(raw)
        return self._answer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # a TCP transport writes; uvloop's has other bases

    def data_received(self, data: bytes) -> None:
        self._heard += data
        head, end, body = self._heard.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: *(\d+)", head)
        if not end or (length and len(body) < int(length[1])) or self._answer.done():
            return
        took_ms = (time.monotonic() - self._asked_at) * 1000
        self._answer.set_result(Answer(int(head.split(b" ", 2)[1]), body.decode("utf-8", "replace"), took_ms))
        assert self._transport is not None
        self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._answer.done():
            self._answer.set_exception(ConnectionError("closed without an answer"))
            self._answer.exception()  # whoever asked looks at it; nobody has to


class Twilio:
    """Towards one server, given by the URL that phones connect to: ws://…/media-stream."""

    def __init__(self, url: str) -> None:
        self._stream_url = url
        self.authority = url.removeprefix("ws://").partition("/")[0]
        host, _, port = self.authority.rpartition(":")
        self.address = host, int(port)

    async def line(self) -> Line:
        """A connection that nothing was asked on yet."""
        _, line = await asyncio.get_running_loop().create_connection(Line, *self.address)
        return line

    async def ask(self, raw: bytes) -> Answer:
        """The answer to one request on a connection of its own."""
        line = await self.line()
        async with asyncio.timeout(ANSWER_S):
            return await line.ask(raw)

    def form(self, path: str, call: int, **fields: str) -> bytes:
        """A signed POST about a call, as bytes."""
        form = {
            "CallSid": call_sid(call),
            "AccountSid": ACCOUNT,
            "From": "+15550001111",
            "To": "+15550002222",
            **fields,
        }
        signed = headers_for(TOKEN, f"http://{self.authority}{path}", list(form.items()))
        body = urlencode(form)
        kind = {"Content-Type": "application/x-www-form-urlencoded", "Content-Length": str(len(body))}
        return self._head("POST", path, signed | kind) + body.encode()

    def upgrade(self, token: str) -> bytes:
        """A signed upgrade, as bytes."""
        wanted = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
        key = {"Sec-WebSocket-Key": b64encode(os.urandom(16)).decode()}
        signed = headers_for(TOKEN, f"{self._stream_url}/{token}")
        return self._head("GET", f"/media-stream/{token}", wanted | key | signed)

    def get(self, path: str) -> bytes:
        """An unsigned GET, as bytes."""
        return self._head("GET", path, {})

    async def token(self, call: int) -> str:
        """A place and its token, by a signed webhook. Raises RuntimeError when the call is refused."""
        answer = await self.ask(self.form("/incoming-call", call))
        found = _TOKEN.search(answer.text)
        if found is None:
            raise RuntimeError(f"no stream in the answer to the webhook: {answer.status} {answer.text[:200]}")
        return found[1]

    def _head(self, method: str, path: str, headers: dict[str, str]) -> bytes:
        lines = [f"{name}: {value}" for name, value in ({"Host": self.authority} | headers).items()]
        return "\r\n".join([f"{method} {path} HTTP/1.1", *lines, "", ""]).encode()


def call_sid(call: int) -> CallSid:
    """The SID that the phone of this number says in its `start`."""
    return CallSid(f"CA{call + 1:032x}")


async def signed_dial(url: str, phone: Phone) -> None:
    """Webhook, token, signed upgrade: as a call comes in."""
    token = await Twilio(url).token(phone.call)
    target = f"{url}/{token}"
    async with asyncio.timeout(CONNECT_S):
        await ws_connect(
            lambda: phone,
            target,
            extra_headers=list(headers_for(TOKEN, target).items()),
            websocket_handshake_timeout=CONNECT_S,
        )


@asynccontextmanager
async def signed_rig(
    calls: int,
    *,
    certificate: Certificate | None = None,
    talker: Talker = Talking,
    module: str = OURS,
    **settings: str,
) -> AsyncIterator[tuple[Rig, Twilio]]:
    """Our bridge with signatures on and everything real around it, and `calls` phones that talk by turns."""
    load = Load(calls=calls, talker=talker, dial=signed_dial, module=module)
    secrets = {"TWILIO_VALIDATE": "true", "TWILIO_AUTH_TOKEN": TOKEN, "LOG_LEVEL": "info"}
    async with rig(Candidate.OURS, load, certificate, **(secrets | settings)) as one:
        await one.dial(calls, per_second=50)
        yield one, Twilio(one.bridge.url)


def quantiles(samples: list[float]) -> tuple[float, float, float]:
    """p50, p99 and the largest; zeros of none."""
    ordered = sorted(samples) or [0.0]
    return ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)], ordered[-1]

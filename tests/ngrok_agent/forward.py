"""The public end of a tunnel: takes connections on a port of loopback and forwards them, as ngrok's edge would."""

import asyncio
import ssl
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import urlsplit

_HEAD_BYTES = 64 * 1024
_PAGE = "<!DOCTYPE html><html><body><p>Nothing listens at the end of this tunnel.</p><p>{}</p></body></html>"


class Forwarder:
    """One public port. Each HTTP request is forwarded on a connection of its own; an upgrade keeps its connection."""

    def __init__(self, upstream: str, context: ssl.SSLContext | None, joined: Callable[[str], None]) -> None:
        address = urlsplit(upstream if "://" in upstream else f"http://{upstream}")
        self._host, self._port = address.hostname or "127.0.0.1", address.port or 80
        self._context = context
        self._joined = joined
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def open(self, port: int) -> int:
        """Listen, on this port or a free one. Raises OSError when it is taken."""
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", port, ssl=self._context, limit=_HEAD_BYTES, reuse_address=True
        )
        taken: int = self._server.sockets[0].getsockname()[1]
        return taken

    def close(self) -> None:
        """Stop listening, and break what is open."""
        if self._server is not None:
            self._server.close()
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            await self._forward(head, reader, writer)
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError, ssl.SSLError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _forward(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = str(writer.get_extra_info("peername")[0])
        try:
            back, onward = await asyncio.open_connection(self._host, self._port)
        except OSError:
            writer.write(_not_there())
            await writer.drain()
            return
        self._joined(peer)
        self._writers.add(onward)
        onward.write(self._forwarded(head, peer))
        try:
            there = asyncio.ensure_future(_pipe(reader, onward))
            await _pipe(back, writer)
            there.cancel()
            await asyncio.wait({there})
        finally:
            self._writers.discard(onward)
            onward.close()

    def _forwarded(self, head: bytes, peer: str) -> bytes:
        """The head with ngrok's headers, appended to those that were there; not kept alive unless it is an upgrade."""
        first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
        fields = [(name.strip(), value.strip()) for name, _, value in (one.partition(":") for one in lines)]
        given = {name.lower(): value for name, value in fields}
        scheme = "https" if self._context else "http"
        told = {
            "X-Forwarded-For": ", ".join(filter(None, [given.get("x-forwarded-for"), peer])),
            "X-Forwarded-Host": given.get("host", ""),
            "X-Forwarded-Proto": scheme,
        }
        if "upgrade" not in given.get("connection", "").lower():
            told["Connection"] = "close"
        kept = [f"{name}: {value}" for name, value in fields if name.title() not in told]
        added = [f"{name}: {value}" for name, value in told.items()]
        return "\r\n".join([first, *kept, *added, "", ""]).encode("latin-1")


def _not_there() -> bytes:
    page = _PAGE.format("ERR_NGROK_8012").encode()
    head = (
        "HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nNgrok-Error-Code: ERR_NGROK_8012\r\n"
        f"Content-Length: {len(page)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + page


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError, ssl.SSLError):
        while chunk := await reader.read(65536):
            writer.write(chunk)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()

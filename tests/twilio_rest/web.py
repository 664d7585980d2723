"""The little HTTP/1.1 that an API needs: one request a connection, forms in, JSON out."""

import asyncio
import json
from base64 import b64decode
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import parse_qs, urlsplit

_LARGEST = 1 << 20


@dataclass
class Request:
    """One request."""

    method: str
    path: str
    query: dict[str, list[str]]
    form: dict[str, list[str]]
    headers: dict[str, str]

    def field(self, name: str) -> str | None:
        """A form field's value."""
        return self.form[name][-1] if name in self.form else None

    def asked(self, name: str) -> str | None:
        """A query parameter's value."""
        return self.query[name][-1] if name in self.query else None

    def credentials(self) -> tuple[str, str]:
        """Name and password of Basic auth, empty where there are none."""
        kind, _, encoded = self.headers.get("authorization", "").partition(" ")
        with suppress(ValueError):
            name, _, password = b64decode(encoded).decode().partition(":")
            return (name, password) if kind.lower() == "basic" else ("", "")
        return "", ""


@dataclass
class Answer:
    """What goes back. A status of 0 drops the connection instead."""

    status: int
    body: object = None
    text: str | None = None
    """instead of a body in JSON"""
    headers: dict[str, str] = field(default_factory=dict)

    def encode(self) -> bytes:
        """The bytes on the wire."""
        raw = (json.dumps(self.body) if self.text is None else self.text).encode()
        kind = "application/json;charset=utf-8" if self.text is None else "text/html"
        headers = {"Content-Type": kind, "Content-Length": str(len(raw)), "Connection": "close", **self.headers}
        lines = [f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + raw


async def converse(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: Callable[[Request], Awaitable[Answer]]
) -> None:
    """Read one request, answer it, close."""
    try:
        answered = await answer(await _read(reader))
        if answered.status:
            writer.write(answered.encode())
            await writer.drain()
    except (ConnectionError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def _read(reader: asyncio.StreamReader) -> Request:
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").strip().split("\r\n")
    method, target, _ = first.split(" ")
    pairs = (line.partition(":") for line in lines)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    body = await reader.readexactly(min(int(headers.get("content-length", "0")), _LARGEST))
    url = urlsplit(target)
    return Request(
        method,
        url.path,
        parse_qs(url.query, keep_blank_values=True),
        parse_qs(body.decode(), keep_blank_values=True),
        headers,
    )

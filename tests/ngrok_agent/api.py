"""The local API of the stand-in: endpoints of v3, tunnels of v2, and the agent's status."""

import asyncio
import json
import os
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from tests.ngrok_agent.forward import Forwarder

Answer = tuple[int, dict[str, Any] | None]
_KINDS = {"endpoints": "/api/endpoints", "tunnels": "/api/tunnels"}


@dataclass
class Tunnel:
    """One tunnel or endpoint."""

    name: str
    url: str
    upstream: str
    forwarder: Forwarder

    def told(self, kind: str) -> dict[str, Any]:
        """As the two kinds of agent tell it."""
        uri = f"{_KINDS[kind]}/{self.name}"
        if kind == "endpoints":
            return {"name": self.name, "uri": uri, "url": self.url, "upstream": {"url": self.upstream}}
        proto = urlsplit(self.url).scheme
        config = {"addr": self.upstream, "inspect": True}
        shown = {"name": self.name, "ID": self.name, "uri": uri, "public_url": self.url, "proto": proto}
        return {**shown, "config": config, "metrics": {"conns": {"count": 0}, "http": {"count": 0}}}


class Api:
    """All tunnels of this agent, and the requests about them."""

    def __init__(self, context: ssl.SSLContext | None, *, refuse: str | None, opened: Callable[[], None]) -> None:
        self.tunnels: dict[str, Tunnel] = {}
        self._context = context
        self._refuse = refuse
        self._opened = opened
        self._log: Callable[[str, str], None] = lambda _, __: None

    def logs(self, log: Callable[[str, str], None]) -> None:
        """Tell joined connections."""
        self._log = log

    def drop(self) -> None:
        """Close every tunnel."""
        for tunnel in self.tunnels.values():
            tunnel.forwarder.close()
        self.tunnels.clear()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request, one answer."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            method, path, _ = head[0].split(" ")
            fields = {name.strip().lower(): value.strip() for name, _, value in (one.partition(":") for one in head)}
            body = await reader.readexactly(int(fields.get("content-length", "0")))
            status, answer = await self._answer(method, path.partition("?")[0], body)
            raw = b"" if answer is None else json.dumps(answer).encode()
            length = "" if status == 204 else f"Content-Length: {len(raw)}\r\n"
            writer.write(
                f"HTTP/1.1 {status} .\r\nContent-Type: application/json\r\n{length}Connection: close\r\n\r\n".encode()
                + raw
            )
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(self, method: str, path: str, body: bytes) -> Answer:
        _, _, kind, *rest = [*path.split("/", 3), "", ""][:4] if path.startswith("/api/") else ["", "", ""]
        name = unquote(rest[0]) if rest else ""
        match method, kind, name:
            case "GET", "status", "":
                return 200, {"status": "online", "agent_version": "3.99.0", "uri": "/api/status", "pid": os.getpid()}
            case "GET", ("endpoints" | "tunnels"), "":
                told = [one.told(kind) for one in self.tunnels.values()]
                return 200, {kind: told, "uri": _KINDS[kind]}
            case "POST", ("endpoints" | "tunnels"), "":
                return await self._open(kind, json.loads(body))
            case "GET", ("endpoints" | "tunnels"), _ if name in self.tunnels:
                return 200, self.tunnels[name].told(kind)
            case "DELETE", ("endpoints" | "tunnels"), _ if name in self.tunnels:
                self.tunnels.pop(name).forwarder.close()
                return 204, None
            case _:
                return 404, _error(404, 100, "no such resource", path)

    async def _open(self, kind: str, wanted: dict[str, Any]) -> Answer:
        name = str(wanted["name"])
        if name in self.tunnels:
            return 400, _error(400, 102, "invalid tunnel configuration", f"there is a tunnel named {name}")
        upstream = str(wanted["upstream"]["url"] if kind == "endpoints" else wanted["addr"])
        url = str(wanted.get("url") or (f"https://{wanted['domain']}" if "domain" in wanted else ""))
        if self._refuse is not None or any(one.url == url for one in self.tunnels.values()):
            return 502, _error(502, 103, "failed to start tunnel", _already_online(url, self._refuse or "334"))
        forwarder = Forwarder(upstream, self._context, lambda peer: self._log("join connections", peer))
        parts = urlsplit(url)
        ours = parts.hostname in {"localhost", "127.0.0.1"}
        try:
            port = await forwarder.open(parts.port or 0 if ours else 0)
        except OSError:
            return 502, _error(502, 103, "failed to start tunnel", _already_online(url, "334"))
        fresh = f"https://localhost:{port}" if self._context else f"http://127.0.0.1:{port}"
        self.tunnels[name] = tunnel = Tunnel(name, url or fresh, upstream, forwarder)
        self._log("started tunnel", tunnel.url)
        self._opened()
        return 201, tunnel.told(kind)


def _already_online(url: str, code: str) -> str:
    return (
        f"failed to start tunnel: The endpoint '{url}' is already online. Either stop your existing endpoint first, or "
        f"start both with pooling enabled.\r\n\r\nERR_NGROK_{code}\r\n"
    )


def _error(status: int, code: int, message: str, why: str) -> dict[str, Any]:
    return {"error_code": code, "status_code": status, "msg": message, "details": {"err": why}}

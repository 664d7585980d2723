"""uvicorn's HTTP connection with two things added: a deadline and a limit for request heads, and our own upgrade.

uvicorn waits for ever for a head that never ends (a silent connection too). Here a head must be complete
`header_timeout_s` after the connection opened, or after its first byte on a kept-alive one, and within 64 KiB. A
WebSocket upgrade is handed to `upgrade` together with whatever the peer sent behind the head, which uvicorn drops.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

_HEAD_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class UpgradeRequest:
    """The head of a request that wants to become a WebSocket."""

    method: str
    target: str
    """path and query as sent"""
    version: str
    headers: tuple[tuple[bytes, bytes], ...]
    """names in lower case"""
    address: str

    def header(self, name: str) -> str | None:
        """The value of a header; repeated ones are joined by commas (RFC 9110, 5.3); None when absent."""
        lower = name.lower().encode()
        values = [value.decode("latin-1") for key, value in self.headers if key == lower]
        return ", ".join(values) if values else None


Upgrade = Callable[[UpgradeRequest, asyncio.Transport, bytes, set[Any]], None]
"""Takes over a transport: the request, the transport, bytes that came behind the head, uvicorn's connections"""


class LimitedHttp(HttpToolsProtocol):
    """One connection on the public port."""

    def __init__(  # the first four are uvicorn's
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        upgrade: Upgrade,
        header_timeout_s: float,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._upgrade = upgrade
        self._header_timeout_s = header_timeout_s
        self._head_timer: asyncio.TimerHandle | None = None
        self._head_bytes = 0
        self._in_body = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_complete()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        if self._idle():
            self._expect_head()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._hand_over(data[upgrade.args[0] :])
        except httptools.HttpParserError:
            self.send_400_response("Invalid HTTP request received.")
        else:
            self._limit_head(len(data))

    def on_headers_complete(self) -> None:
        self._head_complete()
        self._in_body = True
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_body = False
        super().on_message_complete()

    def shutdown(self) -> None:
        """The server stops: answer what was asked, but do not wait for what is still being asked."""
        if self._in_body:
            self.transport.close()
        else:
            super().shutdown()

    def _idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _expect_head(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(self._header_timeout_s, self.transport.close)

    def _head_complete(self) -> None:
        self._head_bytes = 0
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _limit_head(self, size: int) -> None:
        if self._in_body or self._head_timer is None:  # a body that was answered already (413) may still be coming
            return
        self._head_bytes += size
        if self._head_bytes > _HEAD_BYTES:
            self.transport.close()

    def _should_upgrade_to_ws(self) -> bool:
        return True

    def _hand_over(self, tail: bytes) -> None:
        if not self._should_upgrade():
            return  # an upgrade to something else is served as the plain request that it also is (RFC 9110, 7.8)
        if not self._idle():  # an answer to an earlier request is still being written on this connection
            self.send_400_response("Upgrade before the last answer.")
            return
        request = UpgradeRequest(
            method=self.scope["method"],
            target=self.url.decode("latin-1"),
            version=self.scope["http_version"],
            headers=tuple(self.headers),
            address=self.client[0] if self.client else "",
        )
        self.connections.discard(self)
        self.parser = None  # type: ignore[assignment]  # as in uvicorn: the two hold one another
        self._upgrade(request, self.transport, tail, self.connections)

"""The upgrade of `/media-stream/…`: checked before 101, then the transport belongs to picows.

In this order: no `Origin` header; unchecked, a loopback Host; the signature over our origin and the path; a handshake
that is one; a token that is known, unused and not expired. Whatever fails is answered before 101, without a reason.

This is the one place that leans on the inner constructors of picows (`WSProtocol`) and uvicorn (`connections`): both
minor versions are pinned. picows' server protocol is a BufferedProtocol, so bytes go in through its buffer. After the
upgrade uvicorn's protocol hears nothing any more: the media socket enters uvicorn's connections itself, and leaves
them when it is lost.
"""

import asyncio
import binascii
import logging
import re
from base64 import b64decode
from collections.abc import Callable, MutableMapping
from http import HTTPStatus
from typing import Any

from picows import WSAutoPingStrategy
from picows.picows import WSProtocol  # type: ignore[attr-defined]  # inner, and not in its type stubs

from twilio_rt_cli.bridge.leg import KeepAlive, Leg
from twilio_rt_cli.protocol.origin import is_loopback_host
from twilio_rt_cli.protocol.signature import SETTINGS_HEADER, SIGNATURE_HEADER
from twilio_rt_cli.server.admission.notices import Refusal
from twilio_rt_cli.server.admission.registry import LiveCall
from twilio_rt_cli.server.config import ServerConfig
from twilio_rt_cli.server.context import ServerContext, log, loggable
from twilio_rt_cli.server.http_connection import UpgradeRequest
from twilio_rt_cli.server.start_phase import StartPhase

_PATH = re.compile(r"/media-stream(?:/(?P<token>[^/]{1,128}))?")
_READ_BUFFER_BYTES = 8192


class MediaUpgrade:
    """Answers upgrades."""

    def __init__(self, context: ServerContext) -> None:
        self._context = context

    def __call__(
        self, request: UpgradeRequest, transport: asyncio.Transport, tail: bytes, connections: set[Any]
    ) -> None:
        """Refuse the upgrade, or make it a media socket in `connections`. `tail` is what came behind the head."""
        found = _PATH.fullmatch(request.target.partition("?")[0])
        if found is None:
            _answer(transport, HTTPStatus.NOT_FOUND)
            return
        token: str | None = found["token"]
        if self._too_often(request, token):
            self._context.too_often(request.address)
            _answer(transport, HTTPStatus.TOO_MANY_REQUESTS)
            return
        refusal = self._forbidden(request, token)
        if refusal is None and not _is_handshake(request):
            self._context.turn_away(Refusal.BAD_HANDSHAKE, request.address, "upgrade")
            _answer(transport, HTTPStatus.BAD_REQUEST)
            return
        live = refusal or self._redeem(token)
        if isinstance(live, LiveCall):
            self._accept(live, request, transport, connections).feed(tail)
            return
        self._context.turn_away(live, request.address, f"upgrade of {loggable(request.target[:200])}")
        full = live in {Refusal.BUSY, Refusal.DRAINING}
        _answer(transport, HTTPStatus.SERVICE_UNAVAILABLE if full else HTTPStatus.FORBIDDEN)

    def _too_often(self, request: UpgradeRequest, token: str | None) -> bool:
        """Whether this is one more of many refusals; a token that could still be redeemed is never held up."""
        if token is not None and self._context.registry.knows(token):
            return False
        if token is None and self._context.config.bare_stream:
            return False
        return self._context.limiter.exceeded(request.address, self._context.now())

    def _forbidden(self, request: UpgradeRequest, token: str | None) -> Refusal | None:
        context = self._context
        if request.header("origin") is not None:
            return Refusal.ORIGIN
        if not context.config.checked and not is_loopback_host(request.header("host")):
            return Refusal.HOST
        if token is None and not context.config.bare_stream:
            return Refusal.BAD_TOKEN
        signature, settings = request.header(SIGNATURE_HEADER), request.header(SETTINGS_HEADER)
        call_sid = context.registry.call_of(token)
        urls = context.urls(request.target, call_sid, websocket=True)
        if not context.verify(urls, lambda url: context.verifier.verify_upgrade(url, signature, settings), call_sid):
            return Refusal.BAD_SIGNATURE
        return None

    def _redeem(self, token: str | None) -> LiveCall | Refusal:
        context = self._context
        if token is None:
            return context.registry.admit_nameless(context.now())
        return context.registry.redeem(token, context.now()) or Refusal.BAD_TOKEN

    def _accept(
        self, live: LiveCall, request: UpgradeRequest, transport: asyncio.Transport, connections: set[Any]
    ) -> "MediaSocket":
        context = self._context
        phase = StartPhase(context, live)
        config = context.config
        leg = Leg(phase, config.max_message_bytes, keep_alive=KeepAlive(config.ping_interval_s, config.ping_timeout_s))

        def lost(socket: MediaSocket) -> None:
            connections.discard(socket)
            context.registry.socket_lost(live, context.now())

        socket = MediaSocket(leg, context.config, lost, _PicowsLog(log, live))
        connections.add(socket)
        socket.connection_made(transport)
        transport.set_protocol(socket)
        socket.feed(_handshake(request))
        phase.begin(leg)
        return socket


class MediaSocket(WSProtocol):  # type: ignore[misc]  # picows is typed, but not this inner class
    """A media socket as uvicorn's connections want it. picows' handshake is fed with `feed`; so is what came early."""

    def __init__(
        self,
        leg: Leg,
        config: ServerConfig,
        lost: Callable[["MediaSocket"], None],
        picows_log: logging.LoggerAdapter[Any],
    ) -> None:
        super().__init__(
            None,  # host and port, and
            None,  # path: for clients
            False,  # is_client_side
            lambda _request: leg,
            picows_log,
            True,  # disconnect_on_exception
            None,  # handshake timeout: the head is complete
            False,  # enable_auto_ping: the leg pings
            1.0,  # interval,
            1.0,  # and timeout of the pings it does not send
            WSAutoPingStrategy.PING_PERIODICALLY,
            True,  # enable_auto_pong
            config.max_message_bytes,
            None,  # extra headers: for clients
            _READ_BUFFER_BYTES,
        )
        self._leg = leg
        self._lost = lost

    def feed(self, received: bytes) -> None:
        """Hand over bytes as if they had just been read."""
        rest = memoryview(received)
        while rest:
            room = self.get_buffer(-1)
            count = min(len(room), len(rest))
            room[:count] = rest[:count]
            self.buffer_updated(count)
            rest = rest[count:]

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._lost(self)

    def shutdown(self) -> None:
        """uvicorn stops: say goodbye."""
        self._leg.close(1001, "server is stopping")


class _PicowsLog(logging.LoggerAdapter[logging.Logger]):
    """picows logs every connection and frames too: only its warnings are for us, with the SIDs."""

    def __init__(self, logger: logging.Logger, live: LiveCall) -> None:
        super().__init__(logger, {})
        self._live = live

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        """The line with the SIDs known by now."""
        incoming = self._live.incoming
        sids = {"call": incoming.call_sid if incoming else "", "stream": self._live.stream_sid}
        return msg, {**kwargs, "extra": {**sids, **(kwargs.get("extra") or {})}}

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802  # logging's name
        return level >= logging.WARNING and super().isEnabledFor(level)


def _is_handshake(request: UpgradeRequest) -> bool:
    """Whether this asks for WebSocket as RFC 6455, 4.2.1 wants it (uvicorn has checked Connection and Upgrade)."""
    if request.method != "GET" or request.version != "1.1" or request.header("sec-websocket-version") != "13":
        return False
    try:
        return len(b64decode(request.header("sec-websocket-key") or "", validate=True)) == 16
    except (binascii.Error, ValueError):
        return False


def _handshake(request: UpgradeRequest) -> bytes:
    """The request in the spelling that picows takes: a proxy may well send `Connection: keep-alive, Upgrade`."""
    key = request.header("sec-websocket-key") or ""
    return (
        "GET /media-stream HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"
    ).encode("latin-1")


def _answer(transport: asyncio.Transport, status: HTTPStatus) -> None:
    body = status.phrase.encode()
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: text/plain; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    transport.write(head.encode() + body)
    transport.close()

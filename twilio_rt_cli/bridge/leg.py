"""A far side of a call: one WebSocket, seen by the Bridge as something that can be told, and that tells.

Two legs make a bridge: Twilio on one side, the model on the other. Everything here is synchronous: a frame is handed
over inside the socket's own callback, and what is sent is written before `send` returns. A leg tells its owner

- `on_message(leg, raw)` for each whole text message (`raw` is a copy, safe to keep),
- `on_breach(leg, why)` for what a peer may not send: a binary frame, a broken fragment,
- `on_paused(leg)` / `on_resumed(leg)` when its write buffer filled up, or emptied again (may come from inside `send`),
- `on_closed(leg, closed)` exactly once, last of all, whoever closed.

How an error on one side reaches the other is the owner's business: the Bridge closes the other leg.
"""

import asyncio
import socket
from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

from msgspec import Struct
from picows import WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport

CLOSE_WAIT_S = 1.0
"""How long the other side may take to answer our close frame, and the kernel to take what is still to be written"""


SEND_BUFFER_BYTES = 65_536
"""What the kernel may hold of what we wrote. Left alone it grows to megabytes, and a peer that stopped reading would
show only minutes later: 284 s of caller audio fit in 4 MB."""


class Closed(Struct, frozen=True):
    """How a socket ended."""

    code: int
    """WebSocket close code; 1006 when the connection was lost without a close frame"""
    reason: str = ""
    by_us: bool = False


class KeepAlive(Struct, frozen=True):
    """How we find out that the other side is gone without a word."""

    interval_s: float = 30.0
    """from one ping to the next; 0: none"""
    timeout_s: float = 30.0
    """how long a ping may stay unanswered before the socket is closed with 1001"""


NO_PINGS = KeepAlive(interval_s=0)


class Owner(Protocol):
    """Who a leg tells."""

    def on_message(self, leg: "Leg", raw: bytes) -> None: ...
    def on_breach(self, leg: "Leg", why: str) -> None: ...
    def on_paused(self, leg: "Leg") -> None: ...
    def on_resumed(self, leg: "Leg") -> None: ...
    def on_closed(self, leg: "Leg", closed: Closed) -> None: ...


_FIN_TEXT = 0x81
_TEXT, _CONTINUATION, _CLOSE = WSMsgType.TEXT, WSMsgType.CONTINUATION, WSMsgType.CLOSE
_BINARY, _PONG = WSMsgType.BINARY, WSMsgType.PONG


class Nobody:
    """An owner that listens to nothing: of a leg that is not wanted any more."""

    def on_message(self, leg: "Leg", raw: bytes) -> None: ...
    def on_breach(self, leg: "Leg", why: str) -> None: ...
    def on_paused(self, leg: "Leg") -> None: ...
    def on_resumed(self, leg: "Leg") -> None: ...
    def on_closed(self, leg: "Leg", closed: Closed) -> None: ...


class Leg(WSListener):
    """One WebSocket over picows, either end of it.

    `max_message_bytes` bounds a message put together from fragments (picows bounds single frames itself); a larger one
    closes the socket with 1009. The owner hears `on_paused` as soon as the kernel, whose buffer is `send_buffer_bytes`,
    takes no more, and `on_resumed` when it has taken all.
    """

    # picows' class has no room for attributes that the interpreter finds quickly; slots it does, at every frame.
    __slots__ = (
        "_abort_timer",
        "_claiming",
        "_closed",
        "_fragmented",
        "_fragments",
        "_keep_alive",
        "_max_message_bytes",
        "_owner",
        "_ping_timer",
        "_pong_timer",
        "_send_buffer_bytes",
        "_told_closed",
        "_transport",
        "paused",
    )

    def __init__(
        self,
        owner: Owner,
        max_message_bytes: int,
        send_buffer_bytes: int = SEND_BUFFER_BYTES,
        keep_alive: KeepAlive = NO_PINGS,
    ) -> None:
        self._owner = owner
        self._keep_alive = keep_alive
        self._ping_timer: asyncio.TimerHandle | None = None
        self._pong_timer: asyncio.TimerHandle | None = None
        self._max_message_bytes = max_message_bytes
        self._send_buffer_bytes = send_buffer_bytes
        self._transport: WSTransport | None = None
        self._fragments = bytearray()
        self._fragmented = False
        self._closed: Closed | None = None
        self._told_closed = False
        self._abort_timer: asyncio.TimerHandle | None = None
        self._claiming: asyncio.Task[None] | None = None
        self.paused = False

    def hand_over(self, owner: Owner) -> None:
        """From now on tell somebody else."""
        self._owner = owner

    def send(self, text: bytes) -> None:
        """Write one text message; silently nothing once the socket is closing, since the owner will be told."""
        transport = self._transport
        if transport is not None and self._closed is None:
            transport.send(_TEXT, text)

    def send_together(self, texts: Sequence[bytes]) -> None:
        """Write several text messages at once: one call of the kernel, and no other frame comes between them.

        Only for the server's end of a socket, whose frames are not masked.
        """
        transport = self._transport
        if transport is None or self._closed is not None or transport.is_close_frame_sent:
            return
        if len(texts) == 1:
            transport.send(_TEXT, texts[0])
            return
        transport.underlying_transport.write(b"".join([part for text in texts for part in (_head(len(text)), text)]))

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Say goodbye; the owner hears `on_closed` when the other side has answered, or a second later. Again: nothing.

        The connection itself is ended only then: a socket closed with data still coming in is reset by the kernel,
        and the other side might never read our close frame.
        """
        transport = self._transport
        if transport is None or self._closed is not None:
            return
        self._closed = Closed(code, reason, by_us=True)
        transport.send_close(WSCloseCode(code), reason.encode()[:120])
        self._abort_later()

    def abort(self) -> None:
        """End the connection now, whatever is still to be written."""
        if self._transport is not None:
            self._transport.underlying_transport.abort()

    # picows calls these.

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._transport = transport
        wire = transport.underlying_transport
        wire.set_write_buffer_limits(high=0)
        wire.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, self._send_buffer_bytes)
        if self._keep_alive.interval_s > 0:
            self._ping_later()

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        kind = frame.msg_type
        if kind is _TEXT and frame.fin and not self._fragmented:
            # picows goes on parsing after it refused a frame with a close of its own.
            if not transport.is_close_frame_sent:
                self._owner.on_message(self, frame.get_payload_as_bytes())
        elif kind in (_TEXT, _CONTINUATION):
            self._on_fragment(frame)
        elif kind == _CLOSE:
            self._on_close_frame(transport, frame)
        elif kind == _BINARY:
            self._owner.on_breach(self, "binary frame")
        elif kind == _PONG:
            self._end_timer(self._pong_timer)
            self._pong_timer = None
        # pings are answered by picows

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        if self._told_closed:
            return
        self._told_closed = True
        for timer in (self._abort_timer, self._ping_timer, self._pong_timer):
            self._end_timer(timer)
        if transport.is_client_side:
            self._claiming = asyncio.get_running_loop().create_task(_claim_error(transport))
        self._owner.on_closed(self, self._closed or _as_lost(transport))

    def pause_writing(self) -> None:
        self.paused = True
        self._owner.on_paused(self)

    def resume_writing(self) -> None:
        self.paused = False
        self._owner.on_resumed(self)

    def _ping_later(self) -> None:
        self._ping_timer = asyncio.get_running_loop().call_later(self._keep_alive.interval_s, self._ping)

    def _ping(self) -> None:
        if self._transport is None or self._closed is not None:
            return
        self._transport.send_ping()
        if self._pong_timer is None:  # any answer counts: one wait covers all pings since the last
            loop = asyncio.get_running_loop()
            self._pong_timer = loop.call_later(self._keep_alive.timeout_s, self._unanswered)
        self._ping_later()

    def _unanswered(self) -> None:
        self._pong_timer = None
        self.close(1001, f"no answer to a ping within {self._keep_alive.timeout_s:g} s")

    @staticmethod
    def _end_timer(timer: asyncio.TimerHandle | None) -> None:
        if timer is not None:
            timer.cancel()

    def _on_fragment(self, frame: WSFrame) -> None:
        starts = frame.msg_type == WSMsgType.TEXT
        if starts == self._fragmented:  # a second beginning, or a continuation of nothing (RFC 6455, 5.4)
            self.close(1002, "broken fragmentation")
            return
        self._fragments += frame.get_payload_as_memoryview()
        self._fragmented = not frame.fin
        if len(self._fragments) > self._max_message_bytes:
            self.close(1009, "message too big")
            return
        if frame.fin:
            raw = bytes(self._fragments)
            self._fragments.clear()
            if self._closed is None:
                self._owner.on_message(self, raw)

    def _on_close_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if self._closed is None:
            code = int(frame.get_close_code().value) or 1005  # 1005: a close frame without a code (RFC 6455, 7.1.5)
            self._closed = Closed(code, frame.get_close_reason() or "")
            transport.send_close(WSCloseCode.OK)
            self._abort_later()
        transport.disconnect()

    def _abort_later(self) -> None:
        self._abort_timer = asyncio.get_running_loop().call_later(CLOSE_WAIT_S, self.abort)


def _head(size: int) -> bytes:
    """What stands before the payload of an unmasked text frame that is the whole message (RFC 6455, 5.2)."""
    if size < 126:
        return bytes((_FIN_TEXT, size))
    return bytes((_FIN_TEXT, 126)) + size.to_bytes(2) if size < 65_536 else bytes((_FIN_TEXT, 127)) + size.to_bytes(8)


async def _claim_error(transport: WSTransport) -> None:
    """picows keeps the error by which it ended a client's socket; one that nobody asks for ends up in asyncio's log."""
    with suppress(Exception):  # the owner was told the close code, and picows has logged the rest
        await transport.wait_disconnected()


def _as_lost(transport: WSTransport) -> Closed:
    """How a connection ended that neither side closed through us: picows itself refused a frame, or it broke."""
    handshake = transport.close_handshake
    if handshake is not None and handshake.sent is not None:
        return Closed(handshake.sent.code.value, handshake.sent.reason or "", by_us=True)
    return Closed(1006, "connection lost")

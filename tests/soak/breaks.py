"""How one side ends a socket: with manners, without, or by talking nonsense until the bridge has enough."""

import asyncio
import random
import socket
import struct
from collections.abc import Callable

from picows import WSCloseCode, WSMsgType, WSTransport

NONSENSE = 30
"""messages; the bridge stands twenty"""
TOO_BIG_BYTES = 1_100_000
_AT_ONCE = struct.pack("ii", 1, 0)


def cut(wire: asyncio.Transport) -> None:
    """End the connection without a word of WebSocket."""
    wire.abort()


def reset(wire: asyncio.Transport) -> None:
    """End it so that the kernel says RST, and forgets what was on its way."""
    wire.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    wire.abort()


def close(ws: WSTransport, code: WSCloseCode) -> None:
    """Say goodbye; the connection ends once the bridge has answered."""
    ws.send_close(code)


def babble(ws: WSTransport, dice: random.Random) -> None:
    """Nonsense of one kind or another, more than the bridge stands."""
    dice.choice(_KINDS)(ws)


def refuse(wire: asyncio.Transport, status: str) -> None:
    """Answer the upgrade with this status."""
    wire.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
    wire.close()


def _no_json(ws: WSTransport) -> None:
    for _ in range(NONSENSE):
        ws.send(WSMsgType.TEXT, b'{"event":"media","media":')


def _wrong_types(ws: WSTransport) -> None:
    for _ in range(NONSENSE):
        ws.send(WSMsgType.TEXT, b'{"event":"media","type":"response.done","media":7,"response":[]}')


def _binary(ws: WSTransport) -> None:
    for _ in range(NONSENSE):
        ws.send(WSMsgType.BINARY, b"\x00\xff")


def _broken_fragments(ws: WSTransport) -> None:
    ws.send(WSMsgType.TEXT, b'{"event":', fin=False)
    ws.send(WSMsgType.TEXT, b'"media"}', fin=False)


def _unfinished_fragment(ws: WSTransport) -> None:
    ws.send(WSMsgType.TEXT, bytes(10_000), fin=False)
    _binary(ws)


def _not_of_this_protocol(ws: WSTransport) -> None:
    ws.underlying_transport.write(b"GET / HTTP/1.1\r\n\r\n" * 4)


_KINDS: tuple[Callable[[WSTransport], None], ...] = (
    _no_json,
    _wrong_types,
    _binary,
    _broken_fragments,
    _unfinished_fragment,
    _not_of_this_protocol,
)

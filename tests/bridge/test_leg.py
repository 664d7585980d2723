"""Leg: what a socket tells its owner, and how it ends whoever ends it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from picows import ws_create_server
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from twilio_rt_cli.bridge.leg import CLOSE_WAIT_S, NO_PINGS, Closed, KeepAlive, Leg

LIMIT = 10_000


@dataclass
class Owner:
    """Writes down what it is told."""

    messages: list[bytes] = field(default_factory=list)
    breaches: list[str] = field(default_factory=list)
    pauses: list[str] = field(default_factory=list)
    closed: "asyncio.Future[Closed]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    stirred: asyncio.Event = field(default_factory=asyncio.Event)

    def on_message(self, leg: Leg, raw: bytes) -> None:
        self.messages.append(raw)
        self.stirred.set()

    def on_breach(self, leg: Leg, why: str) -> None:
        self.breaches.append(why)
        self.stirred.set()

    def on_paused(self, leg: Leg) -> None:
        self.pauses.append("paused")

    def on_resumed(self, leg: Leg) -> None:
        self.pauses.append("resumed")
        self.stirred.set()

    def on_closed(self, leg: Leg, closed: Closed) -> None:
        self.closed.set_result(closed)

    async def told(self) -> None:
        await asyncio.wait_for(self.stirred.wait(), 5)
        self.stirred.clear()


@asynccontextmanager
async def listening(keep_alive: KeepAlive = NO_PINGS) -> AsyncIterator[tuple[int, list[Leg], Owner]]:
    """A port, the legs of those who connect to it, and their owner."""
    owner = Owner()
    legs: list[Leg] = []

    def take(_: Any) -> Leg:
        legs.append(Leg(owner, LIMIT, keep_alive=keep_alive))
        return legs[-1]

    server = await ws_create_server(take, "127.0.0.1", 0, max_frame_size=LIMIT)
    yield server.sockets[0].getsockname()[1], legs, owner
    server.close()
    await server.wait_closed()


@asynccontextmanager
async def pair() -> AsyncIterator[tuple[ClientConnection, Leg, Owner]]:
    """A peer, and the leg it is connected to."""
    async with listening() as (port, legs, owner), connect(f"ws://127.0.0.1:{port}", compression=None) as peer:
        yield peer, legs[0], owner


class RawPeer:
    """The client's end of a WebSocket by hand: it answers nothing by itself."""

    PING, PONG, CLOSE = 0x89, 0x8A, 0x88

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def frame(self) -> tuple[int, bytes]:
        """First byte and payload of the next frame; short ones only."""
        async with asyncio.timeout(5):
            first, size = await self._reader.readexactly(2)
            return first, await self._reader.readexactly(size)

    def send(self, first: int, payload: bytes) -> None:
        self._writer.write(bytes((first, 0x80 | len(payload))) + bytes(4) + payload)  # masked with zeros

    def close(self) -> None:
        self._writer.close()


@asynccontextmanager
async def raw_pair(keep_alive: KeepAlive) -> AsyncIterator[tuple[RawPeer, Leg, Owner]]:
    """A peer without manners, and the leg it is connected to."""
    async with listening(keep_alive) as (port, legs, owner):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(
            b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        )
        await reader.readuntil(b"\r\n\r\n")
        yield RawPeer(reader, writer), legs[0], owner
        writer.close()


def run(test: Callable[[], Any]) -> None:
    asyncio.run(test())


def test_messages_go_both_ways() -> None:
    async def test() -> None:
        async with pair() as (peer, leg, owner):
            await peer.send("hello")
            await owner.told()
            assert owner.messages == [b"hello"]
            leg.send(b"you too")
            assert await peer.recv() == "you too"

    run(test)


def test_fragments_are_one_message() -> None:
    async def test() -> None:
        async with pair() as (peer, _, owner):
            await peer.send(["one ", "two ", "three"])
            await owner.told()
            assert owner.messages == [b"one two three"]

    run(test)


def test_a_binary_frame_is_a_breach_and_nothing_more() -> None:
    async def test() -> None:
        async with pair() as (peer, _, owner):
            await peer.send(b"\x00")
            await owner.told()
            await peer.send("still here")
            await owner.told()
            assert (owner.breaches, owner.messages) == (["binary frame"], [b"still here"])

    run(test)


@pytest.mark.parametrize("whole", [True, False])
def test_a_message_that_is_too_long_closes_with_1009(whole: bool) -> None:
    async def test() -> None:
        async with pair() as (peer, _, owner):
            with pytest.raises(ConnectionClosed) as closed:  # noqa: PT012  # the send may see the close, or the recv
                await peer.send("x" * (LIMIT + 1) if whole else ("x" * 1000 for _ in range(20)))
                await peer.recv()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1009
            assert (await owner.closed).code == 1009
            assert owner.messages == []

    run(test)


def test_the_peers_close_is_answered_and_told() -> None:
    async def test() -> None:
        async with pair() as (peer, leg, owner):
            await peer.close(4001, "enough")
            assert await owner.closed == Closed(4001, "enough")
            leg.send(b"too late")
            leg.close()

    run(test)


def test_our_close_waits_for_the_peers_answer() -> None:
    async def test() -> None:
        async with pair() as (peer, leg, owner):
            leg.close(1000, "done")
            with pytest.raises(ConnectionClosed) as closed:
                await peer.recv()
            assert closed.value.rcvd is not None
            assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1000, "done")
            assert await owner.closed == Closed(1000, "done", by_us=True)

    run(test)


def test_a_peer_that_never_answers_our_close_is_left_after_a_second() -> None:
    async def test() -> None:
        async with pair() as (peer, leg, owner):
            peer.transport.pause_reading()
            loop = asyncio.get_running_loop()
            began_at = loop.time()
            leg.close()
            await asyncio.wait_for(owner.closed, 5)
            assert loop.time() - began_at >= CLOSE_WAIT_S * 0.9
            peer.transport.resume_reading()

    run(test)


def test_a_lost_connection_is_1006() -> None:
    async def test() -> None:
        async with pair() as (peer, _, owner):
            peer.transport.abort()
            assert (await owner.closed).code == 1006

    run(test)


def test_a_full_write_buffer_is_told_and_so_is_its_end() -> None:
    async def test() -> None:
        async with pair() as (peer, leg, owner):
            peer.transport.pause_reading()
            while not leg.paused:
                leg.send(b"x" * 60_000)
            assert owner.pauses == ["paused"]
            peer.transport.resume_reading()
            reader = asyncio.ensure_future(_read(peer))
            await owner.told()
            assert owner.pauses == ["paused", "resumed"]
            reader.cancel()

    run(test)


async def _read(peer: ClientConnection) -> None:
    async for _ in peer:
        pass


def test_messages_sent_together_arrive_as_messages() -> None:
    async def test() -> None:
        texts = [b"x" * size for size in (0, 1, 125, 126, 65_535, 65_536)]
        async with pair() as (peer, leg, _):
            leg.send_together(texts)
            assert [await peer.recv(decode=False) for _ in texts] == texts
            leg.close()
            leg.send_together(texts)
            assert [message async for message in peer] == []

    run(test)


def test_pings_go_out_at_their_interval_though_a_longer_time_is_left_to_answer() -> None:
    async def test() -> None:
        async with raw_pair(KeepAlive(interval_s=0.02, timeout_s=30)) as (peer, leg, owner):
            assert [(await peer.frame())[0] for _ in range(3)] == [peer.PING] * 3
            assert not owner.closed.done()
            leg.close()

    run(test)


def test_a_ping_without_an_answer_ends_the_socket() -> None:
    async def test() -> None:
        async with raw_pair(KeepAlive(interval_s=0.02, timeout_s=0.1)) as (peer, _, owner):
            while (frame := await peer.frame())[0] == peer.PING:
                pass
            assert frame == (peer.CLOSE, (1001).to_bytes(2) + b"no answer to a ping within 0.1 s")
            closed = await asyncio.wait_for(owner.closed, CLOSE_WAIT_S + 5)
            assert (closed.code, closed.by_us) == (1001, True)

    run(test)


def test_an_answered_ping_ends_nothing() -> None:
    async def test() -> None:
        async with raw_pair(KeepAlive(interval_s=0.02, timeout_s=0.05)) as (peer, leg, owner):
            for _ in range(10):  # four times as long as an answer may take
                first, payload = await peer.frame()
                assert first == peer.PING
                peer.send(peer.PONG, payload)
            assert not owner.closed.done()
            leg.close()

    run(test)

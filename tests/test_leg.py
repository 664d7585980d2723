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

from twilio_rt_cli.leg import CLOSE_WAIT_S, Closed, Leg

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
async def pair() -> AsyncIterator[tuple[ClientConnection, Leg, Owner]]:
    """A peer, and the leg it is connected to."""
    owner = Owner()
    legs: list[Leg] = []

    def take(_: Any) -> Leg:
        legs.append(Leg(owner, LIMIT))
        return legs[0]

    server = await ws_create_server(take, "127.0.0.1", 0, max_frame_size=LIMIT)
    async with connect(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}", compression=None) as peer:
        yield peer, legs[0], owner
    server.close()
    await server.wait_closed()


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
            assert leg.buffered_bytes > 0
            peer.transport.resume_reading()
            reader = asyncio.ensure_future(_read(peer))
            await owner.told()
            assert owner.pauses == ["paused", "resumed"]
            reader.cancel()

    run(test)


async def _read(peer: ClientConnection) -> None:
    async for _ in peer:
        pass

import asyncio
import gc
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from signal import SIGINT, SIGTERM
from typing import Any

import pytest

from tests.nursery.nursery import Forked, Nursery
from tests.server.world import (
    LOOPS,
    EchoCall,
    Twilio,
    World,
    begin,
    call_sid,
    closed,
    config,
    media,
    refused,
    run,
    send,
    serving,
    stop,
    token_of,
)
from twilio_rt_cli.bridge.leg import Leg
from twilio_rt_cli.call.figures.end_reason import EndReason
from twilio_rt_cli.errors import ServerError
from twilio_rt_cli.protocol import twiml
from twilio_rt_cli.protocol.twilio import Start
from twilio_rt_cli.server.admission.registry import IncomingCall
from twilio_rt_cli.server.run import PublicPort


class Process(Twilio):
    """A server in a process of its own."""

    def __init__(self, process: Forked, url: str) -> None:
        super().__init__(url, url)
        self.process = process

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    async def line(self) -> str:
        """The next thing it says."""
        return (await self.process.stdout.readline()).decode().strip()

    async def exit_code(self) -> int:
        return await self.process.wait()


@asynccontextmanager
async def process(nursery: Nursery, **changes: Any) -> AsyncIterator[Process]:
    async with nursery.start("tests.server.process", json.dumps(changes)) as child:
        server = Process(child, (await child.stdout.readline()).decode().strip())
        async with server.http:
            yield server


async def echoes(socket: Any, number: int) -> None:
    """The call goes on."""
    await send(socket, media(number))
    assert await socket.recv(decode=False) == media(number)


@pytest.mark.parametrize("number", [SIGTERM, SIGINT])
def test_the_first_signal_lets_calls_end_and_takes_no_new_ones(nursery: Nursery, number: signal.Signals) -> None:
    async def story() -> None:
        async with process(nursery, drain_s=30, busy_message="Busy.") as server:
            late = await server.token(call_sid(4))
            async with server.talking(1) as first, server.talking(2) as second, server.talking(3) as third:
                for _ in range(3):
                    assert (await server.line()).startswith("CallStarted(")
                server.signal(number)
                assert await server.line() == "Draining(calls=4, drain_s=30)"
                assert (await server.http.get(server.local_url + "/readyz")).status_code == 503
                assert (await server.http.get(server.local_url + "/healthz")).status_code == 200
                busy = await server.post("/incoming-call", call_sid(5))
                assert twiml.parse(busy.text) == (twiml.Say("Busy."), twiml.Hangup())
                assert token_of((await server.post("/incoming-call", call_sid(4))).text) == late
                async with server.dial(late) as fourth:
                    await begin(fourth, 4)
                    for at, socket in enumerate((first, second, third, fourth), 1):
                        await echoes(socket, 50 + at)
                        await send(socket, stop(at))
                        assert await closed(socket) == (1000, "caller_hung_up")
                    ended = server.now()
            assert await server.exit_code() == 0
            assert server.now() - ended < 1

    run(story())


def test_a_server_without_calls_stops_at_once(nursery: Nursery) -> None:
    async def story() -> None:
        async with process(nursery) as server:
            began = server.now()
            server.signal(SIGTERM)
            assert [await server.line(), await server.line()] == ["Draining(calls=0, drain_s=600.0)", "stopped"]
            assert await server.exit_code() == 0
            assert server.now() - began < 1

    run(story())


def test_at_the_end_of_the_drain_calls_are_ended_and_callers_told(nursery: Nursery) -> None:
    async def story() -> None:
        async with process(nursery, drain_s=0.3, fallback_message="Sorry.") as server:
            async with server.talking() as socket:
                await server.token(call_sid(2))
                server.signal(SIGTERM)
                began = server.now()
                assert await closed(socket) == (1000, "drained")
                assert server.now() - began > 0.25
            assert twiml.parse(await server.tail()) == (twiml.Say("Sorry."), twiml.Hangup())
            assert await server.exit_code() == 0
            assert server.now() - began < 1.5

    run(story())


def test_a_caller_who_heard_the_last_words_to_their_end_may_still_ask(nursery: Nursery) -> None:
    async def story() -> None:
        async with process(nursery, drain_s=0.1, linger_s=0.5, tail_s=0.4, fallback_message="Sorry.") as server:
            async with server.talking() as socket:
                server.signal(SIGTERM)
                assert await closed(socket) == (1000, "drained")
            assert twiml.parse(await server.tail()) == (twiml.Say("Sorry."), twiml.Hangup())
            assert await server.exit_code() == 0

    run(story())


def test_a_caller_who_does_not_ask_is_not_waited_for_long(nursery: Nursery) -> None:
    async def story() -> None:
        async with process(nursery, drain_s=0.2, tail_s=0.3) as server:
            async with server.talking() as socket:
                server.signal(SIGTERM)
                await socket.wait_closed()
            assert await server.exit_code() == 0

    run(story())


def test_without_a_drain_the_first_signal_ends_calls(nursery: Nursery) -> None:
    async def story() -> None:
        async with process(nursery, drain_s=0) as server:
            async with server.talking() as socket:
                server.signal(SIGTERM)
                began = server.now()
                assert await closed(socket) == (1000, "drained")
            assert await server.exit_code() == 0
            assert server.now() - began < 1

    run(story())


@pytest.mark.parametrize("number", [SIGTERM, SIGINT])
def test_the_second_signal_ends_at_once(nursery: Nursery, number: signal.Signals) -> None:
    async def story() -> None:
        async with process(nursery, drain_s=30) as server:
            async with server.talking() as socket, server.dial(await server.token(call_sid(2))) as starting:
                server.signal(number)
                while not (await server.line()).startswith("Draining("):
                    pass
                began = server.now()
                server.signal(number)
                assert await closed(socket) == (1000, "drained")
                assert await closed(starting) == (1000, "drained")
            assert await server.exit_code() == 130
            assert server.now() - began < 1

    run(story())


def test_the_second_signal_does_not_wait_for_a_caller_who_reads_nothing(nursery: Nursery) -> None:
    async def story() -> None:
        async with process(nursery, drain_s=30) as server:
            _, writer = await server.raw(server.head(await server.token()))
            server.signal(SIGTERM)
            await server.line()
            server.signal(SIGTERM)
            began = server.now()
            assert await server.exit_code() == 130
            assert server.now() - began < 2
            writer.close()

    run(story())


def test_a_busy_port_is_told_and_nothing_runs(nursery: Nursery) -> None:
    async def story() -> None:
        async with serving() as world:
            server = World(config(port=world.port)).server
            sentence = f"Port {world.port} on 127.0.0.1 is in use by another program."
            with pytest.raises(ServerError, match=sentence):
                async with server.running():
                    raise AssertionError("it runs")
            async with nursery.start("tests.server.process", json.dumps({"port": world.port})) as child:
                assert await child.communicate() == (b"", sentence.encode() + b"\n")

    run(story())


def test_a_process_of_our_own_favours_the_loop() -> None:
    server = World(config()).server
    before = sys.getswitchinterval()
    seen: list[tuple[int, float]] = []

    @asynccontextmanager
    async def surroundings(_: PublicPort) -> AsyncIterator[None]:
        seen.append((gc.get_freeze_count(), sys.getswitchinterval()))
        os.kill(os.getpid(), SIGTERM)
        yield

    loaded = [[number] for number in range(20_000)]
    frozen_before = gc.get_freeze_count()  # by tests/conftest.py
    try:
        server.run(surroundings)
    finally:
        sys.setswitchinterval(before)
    [(frozen, switch_s)] = seen
    assert frozen - frozen_before > 10_000
    assert len(loaded) == 20_000
    assert switch_s < 0.001 < before


class LastWords(EchoCall):
    """Goes on when it is ended: its last words are still being heard."""

    def end(self, reason: EndReason) -> None:
        self.reason = self.reason or reason


class Talkative(World):
    def _open(self, incoming: IncomingCall, start: Start, leg: Leg, on_over: Callable[[EndReason], None]) -> EchoCall:
        kind = LastWords if incoming.call_sid == call_sid(2) else EchoCall
        self.calls.append(kind(incoming, start, leg, on_over))
        return self.calls[-1]


def test_who_watches_still_hears_how_calls_ended_that_a_second_signal_cut_off() -> None:
    world = Talkative(config(drain_s=30))
    before = sys.getswitchinterval()
    left: list[tuple[int, list[EndReason | None]]] = []

    @asynccontextmanager
    async def surroundings(port: PublicPort) -> AsyncIterator[None]:
        server = world.server
        world.origin, world.local_url = port.origin, port.local_url
        async with world.http, world.talking(1), world.talking(2):
            os.kill(os.getpid(), SIGTERM)
            await server.drain.began.wait()
            os.kill(os.getpid(), SIGTERM)
            yield
            left.append((len(server.registry.streaming()), [call.reason for call in world.calls]))

    try:
        with pytest.raises(SystemExit, match="130"):
            world.server.run(surroundings)
    finally:
        sys.setswitchinterval(before)
    assert left == [(0, [EndReason.DRAINED, EndReason.DRAINED])]


def test_what_starts_up_around_the_server_makes_no_call_wait(caplog: pytest.LogCaptureFixture) -> None:
    server = World(config()).server
    before = sys.getswitchinterval()

    @asynccontextmanager
    async def surroundings(_: PublicPort) -> AsyncIterator[None]:
        time.sleep(0.3)  # noqa: ASYNC251  # as an import does
        await asyncio.sleep(0.001)  # what was due meanwhile runs
        os.kill(os.getpid(), SIGTERM)
        yield

    try:
        server.run(surroundings)
    finally:
        sys.setswitchinterval(before)
    assert "stood still" not in caplog.text


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0"])
def test_a_free_port_is_known_when_the_server_runs(host: str) -> None:
    async def story() -> None:
        async with serving(host=host) as world:
            assert world.local_url.startswith("http://127.0.0.1:")
            assert world.origin == world.local_url
            assert (await world.http.get(world.local_url)).status_code == 200

    run(story())


def test_strangers_are_forgotten() -> None:
    async def story() -> None:
        async with serving() as world:
            assert await refused(world.bare()) == 403
            limiter = world.server._context.limiter
            assert len(limiter) == 1
            await world.until(lambda: len(limiter) == 0)

    run(story())


@pytest.mark.parametrize("loop", LOOPS)
def test_a_server_may_run_inside_another_program_and_again(loop: str) -> None:
    async def story() -> None:
        for _ in range(2):
            async with serving() as world, world.talking():
                pass
            with pytest.raises(OSError):  # noqa: PT011  # refused, by whatever name
                await refused(world.bare())
        with pytest.raises(ZeroDivisionError):
            async with serving() as world, world.talking():
                _ = 1 / 0
        assert len(asyncio.all_tasks()) == 1

    run(story(), loop)

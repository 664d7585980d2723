import asyncio
import gc
import json

import pytest

from tests.server.world import (
    ACCOUNT,
    LOOPS,
    STREAM,
    begin,
    call_sid,
    closed,
    mark,
    media,
    run,
    send,
    serving,
    start,
    stop,
)
from twilio_rt_cli.bridge.leg import Leg
from twilio_rt_cli.protocol import twilio
from twilio_rt_cli.protocol.twilio import PROBE_CALL_SID, AccountSid, MediaFormat, StreamSid
from twilio_rt_cli.server.admission.notices import CallRefused, CallStarted, Refusal
from twilio_rt_cli.server.admission.registry import IncomingCall
from twilio_rt_cli.server.http_connection import LimitedHttp
from twilio_rt_cli.server.start_phase import StartPhase


def test_a_right_start_opens_the_call() -> None:
    async def story() -> None:
        async with serving() as world, world.dial(await world.token()) as socket:
            await send(socket, twilio.connected_text())
            assert world.calls == []
            await begin(socket)
            (call,) = world.calls
            assert call.begun
            assert call.start.stream_sid == STREAM
            assert call.incoming == IncomingCall(
                call_sid=call_sid(), account_sid=ACCOUNT, from_number="+15550001111", to_number="+15550002222"
            )
            assert world.notices == [CallStarted(call_sid(), STREAM, "+15550001111", "+15550002222", call)]

    run(story())


def test_a_start_without_connected_will_do() -> None:
    async def story() -> None:
        async with serving() as world, world.dial(await world.token()) as socket:
            await send(socket, start())
            await send(socket, media())
            assert await socket.recv(decode=False) == media()

    run(story())


@pytest.mark.parametrize("loop", LOOPS)
def test_a_socket_without_start_is_closed(loop: str) -> None:
    async def story() -> None:
        async with serving(start_timeout_s=0.15) as world, world.dial(await world.token()) as socket:
            began = world.now()
            await send(socket, twilio.connected_text())
            assert await closed(socket) == (1008, "no start in time")
            assert 0.1 < world.now() - began < 1
            assert world.notices == [CallRefused(Refusal.NO_START, call_sid(), "no start in time")]
            assert world.calls == []
            assert "<Say>" in await world.tail()
            assert world.server.registry.places == 0

    run(story(), loop)


def test_a_call_outlives_the_time_for_its_start() -> None:
    async def story() -> None:
        async with serving(start_timeout_s=0.1) as world, world.talking() as socket:
            later = world.now() + 0.3
            await world.until(lambda: world.now() > later)
            await send(socket, media(3))
            assert await socket.recv(decode=False) == media(3)

    run(story())


@pytest.mark.parametrize(
    "wrong",
    [
        start(2),
        start(account_sid=AccountSid("AC" + "2" * 32)),
        start(stream_sid=StreamSid("")),
        start(stream_sid=StreamSid("MZ\n")),
        start().replace(STREAM.encode(), b"MZ" + b"6" * 32, 1),
    ],
)
def test_the_start_of_another_call_is_refused(wrong: bytes) -> None:
    async def story() -> None:
        async with serving() as world, world.dial(await world.token()) as socket:
            await send(socket, wrong)
            assert await closed(socket) == (1008, "not this call")
            assert world.server.registry.refused == {Refusal.WRONG_START: 1}
            assert world.notices == [CallRefused(Refusal.WRONG_START, call_sid(), "not this call")]
            assert world.calls == []

    run(story())


@pytest.mark.parametrize(
    "strange", [MediaFormat(sample_rate=16000), MediaFormat(encoding="audio/l16"), MediaFormat(channels=2)]
)
def test_audio_that_is_not_mulaw_is_refused(strange: MediaFormat) -> None:
    async def story() -> None:
        async with serving() as world, world.dial(await world.token()) as socket:
            await send(socket, start(media_format=strange))
            assert (await closed(socket))[0] == 1003
            assert world.server.registry.refused == {Refusal.MEDIA_FORMAT: 1}
            assert world.calls == []

    run(story())


@pytest.mark.parametrize("early", [media(), mark("m"), twilio.dtmf_text(STREAM, 3, "1")])
def test_fifty_messages_before_start_are_forgiven(early: bytes) -> None:
    async def story() -> None:
        async with serving() as world:
            async with world.dial(await world.token()) as socket:
                for _ in range(50):
                    await send(socket, early)
                await begin(socket)
                await send(socket, stop())
                await socket.wait_closed()
            async with world.dial(await world.token()) as socket:
                for _ in range(51):
                    await send(socket, early)
                assert await closed(socket) == (1008, "media before start")
            assert len(world.calls) == 1
            assert world.server.registry.refused == {Refusal.NO_START: 1}

    run(story())


GARBAGE = [
    b"", b"null", b"[]", b"{}", b"{", b"\xef\xbb\xbf{}", b'{"event":5}', b'{"event":"start"}', b"[" * 5000,
    b'{"event":NaN}', b'{"event":"media","media":{"payload":"!!"}}', b'{"event":"start","streamSid":"' + b"9" * 5000,
    b'"\\ud800"',
]  # fmt: skip


def test_twenty_bad_messages_are_forgiven() -> None:
    async def story() -> None:
        async with serving() as world:
            async with world.dial(await world.token()) as socket:
                for number in range(19):
                    await send(socket, GARBAGE[number % len(GARBAGE)])
                await socket.send(b"\x00binary")
                await begin(socket)
                await send(socket, stop())
                await socket.wait_closed()
            async with world.dial(await world.token()) as socket:
                for _ in range(20):
                    await send(socket, b"{")
                await socket.send(b"\x00binary")
                assert await closed(socket) == (1008, "too many bad messages")
            assert world.server.registry.refused == {Refusal.NO_START: 1}

    run(story())


def test_unknown_events_before_start_are_ignored() -> None:
    async def story() -> None:
        async with serving() as world, world.dial(await world.token()) as socket:
            for number in range(100):
                await send(socket, json.dumps({"event": f"new{number}"}).encode())
            await begin(socket)

    run(story())


def test_a_stop_before_start_ends_the_call() -> None:
    async def story() -> None:
        async with serving() as world, world.dial(await world.token()) as socket:
            await send(socket, stop())
            assert (await closed(socket))[0] == 1000
            await world.until(lambda: world.server.registry.places == 0)
            assert world.calls == []

    run(story())


def test_a_probe_leaves_no_trace() -> None:
    async def story() -> None:
        async with serving(limit_concurrency=1) as world, world.talking():
            notices, calls = list(world.notices), list(world.calls)
            async with world.dial(await world.token(PROBE_CALL_SID)) as probe:
                await send(probe, twilio.connected_text())
                await send(probe, start(0))
                assert await closed(probe) == (1000, "reachable")
            tail = await world.tail(0)
            assert "<Hangup" in tail
            assert "<Say>" not in tail
            assert (world.notices, world.calls) == (notices, calls)
            assert world.server.registry.places == 1
            assert world.server.registry.refused.total() == 0

    run(story())


def test_a_bug_of_ours_ends_that_call_alone(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        async with serving() as world, world.talking(1) as other:
            async with world.dial(await world.token(call_sid(2))) as socket:
                await begin(socket, 2)
                await send(socket, mark("crash"))
                assert (await closed(socket))[0] == 1011
            assert "<Say>" in await world.tail(2)
            assert world.server.registry.places == 1
            await send(other, media(9))
            assert await other.recv(decode=False) == media(9)

    run(story())
    assert "a bug of ours" in caplog.text
    caplog.clear()


def test_a_call_that_cannot_be_opened_is_closed_and_says_sorry(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        async with serving() as world:
            world.refuse_to_open = True
            async with world.dial(await world.token()) as socket:
                await send(socket, start())
                await send(socket, start())
                assert (await closed(socket))[0] == 1011
            assert "<Say>" in await world.tail()
            assert world.server.registry.places == 0

    run(story())
    assert len([record for record in caplog.records if record.exc_info]) == 1
    caplog.clear()


def test_lines_of_a_call_carry_its_sids(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        async with serving() as world, world.dial(await world.token()) as socket:
            await send(socket, start(stream_sid=STREAM, account_sid=AccountSid("AC2")))
            await socket.wait_closed()

    run(story())
    lines = [record for record in caplog.records if "socket" in record.getMessage()]
    assert {getattr(record, "call", None) for record in lines} == {call_sid()}
    assert getattr(lines[-1], "stream", None) == STREAM


# Without token


def test_unvalidated_a_bare_socket_is_named_by_its_start() -> None:
    async def story() -> None:
        async with serving(validate=False) as world:
            async with world.bare() as socket:
                await begin(socket)
                assert world.calls[0].incoming == IncomingCall(call_sid=call_sid(), account_sid=ACCOUNT)
                async with world.bare() as second:
                    await send(second, start())
                    assert await closed(second) == (1008, "this call has a stream already")
                async with world.bare("/media-stream?x=1") as third:
                    await begin(third, 3)
            await world.until(lambda: not world.server.registry.streaming())

    run(story())


def test_unvalidated_a_bare_socket_may_come_for_an_answered_call() -> None:
    async def story() -> None:
        async with serving(validate=False) as world:
            await world.token()
            async with world.bare() as socket:
                await begin(socket)
                assert world.server.registry.places == 1

    run(story())


def test_unvalidated_a_probe_takes_no_place() -> None:
    async def story() -> None:
        async with serving(validate=False) as world, world.bare() as socket:
            await send(socket, start(0))
            assert (await closed(socket))[0] == 1000
            await world.until(lambda: world.server.registry.places == 0)

    run(story())


def test_unvalidated_another_account_is_refused_if_ours_is_known() -> None:
    async def story() -> None:
        async with serving(validate=False, account_sid="AC" + "9" * 32) as world, world.bare() as socket:
            await send(socket, start())
            assert await closed(socket) == (1008, "not this call")

    run(story())


def test_many_sockets_without_start_are_all_closed() -> None:
    async def story() -> None:
        async with serving(validate=False, start_timeout_s=0.3) as world:
            sockets = await asyncio.gather(*(world.bare().__aenter__() for _ in range(100)))
            assert {await closed(one) for one in sockets} == {(1008, "no start in time")}
            await world.until(lambda: world.server.registry.places == 0)

    run(story())


def test_a_socket_without_start_leaves_nothing_to_the_garbage_collector() -> None:
    def counted(*kinds: type) -> int:
        return sum(isinstance(one, kinds) for one in gc.get_objects())

    async def story() -> None:
        async with serving(start_timeout_s=0.1) as world:
            token = await world.token()
            gc.collect()
            gc.disable()
            try:
                before = counted(Leg, StartPhase, LimitedHttp)  # the webhook's connection is kept alive
                reader, writer = await world.raw(world.head(token))
                assert b"no start in time" in await reader.read()
                writer.close()
                await world.until(lambda: world.server.connections == 1)
                assert counted(Leg, StartPhase, LimitedHttp) == before
            finally:
                gc.enable()

    run(story())

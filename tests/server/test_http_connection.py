import asyncio

import pytest

from tests.server.world import answer, frame_of, gone, media, run, send, serving, start

ABOUT = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.mark.parametrize("received", [b"", b"GE", b"GET / HTTP/1.1\r\nHost: x\r\n", b"\r\n\r\n"])
def test_a_head_that_never_ends_is_cut(received: bytes) -> None:
    async def story() -> None:
        async with serving(header_timeout_s=0.15, keep_alive_s=60) as world:
            began = world.now()
            reader, writer = await world.raw(received)
            assert await gone(reader)
            assert 0.1 < world.now() - began < 2
            writer.close()

    run(story())


@pytest.mark.parametrize("received", [b"GET /heal", b"\r\n"])
def test_the_second_head_on_a_connection_has_a_deadline_too(received: bytes) -> None:
    async def story() -> None:
        async with serving(header_timeout_s=0.15, keep_alive_s=60) as world:
            reader, writer = await world.raw(ABOUT)
            assert (await answer(reader))[0] == 200
            await reader.readexactly(len(b'{"name":"twilio-rt","version":"0.1.0"}'))
            writer.write(received)
            began = world.now()
            assert await gone(reader)
            assert world.now() - began < 2
            writer.close()

    run(story())


def test_an_idle_connection_is_left_to_the_keep_alive_time() -> None:
    async def story() -> None:
        async with serving(header_timeout_s=0.1, keep_alive_s=1) as world:
            reader, writer = await world.raw(ABOUT)
            began = world.now()
            await answer(reader)
            await reader.read()
            assert world.now() - began > 0.8
            writer.close()

    run(story())


def test_an_upgraded_socket_outlives_the_deadline() -> None:
    async def story() -> None:
        async with serving(header_timeout_s=0.1) as world, world.talking() as socket:
            later = world.now() + 0.3
            await world.until(lambda: world.now() > later)
            await send(socket, media(3))
            assert await socket.recv(decode=False) == media(3)

    run(story())


def test_a_head_without_measure_is_cut() -> None:
    async def story() -> None:
        async with serving() as world:
            reader, writer = await world.raw(b"GET / HTTP/1.1\r\n")
            writer.write(b"".join(b"X-%d: %s\r\n" % (number, b"y" * 1000) for number in range(100)))
            began = world.now()
            assert await gone(reader)
            assert world.now() - began < 2
            writer.close()

    run(story())


@pytest.mark.parametrize(
    "received", [b"\x16\x03\x01\x02\x00\x01", b"GET http://x HTTP/1.1\r\n\r\n", b"GET /\xff HTTP/1.1\r\n\r\n"]
)
def test_what_is_no_http_is_answered_400(received: bytes) -> None:
    async def story() -> None:
        async with serving() as world:
            reader, writer = await world.raw(received)
            assert (await answer(reader))[0] == 400
            writer.close()

    run(story())


def test_an_upgrade_to_something_else_is_served_as_a_plain_request() -> None:
    async def story() -> None:
        async with serving() as world:
            reader, writer = await world.raw(
                b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
            )
            assert (await answer(reader))[0] == 200
            writer.close()

    run(story())


def test_an_upgrade_before_the_last_answer_is_refused() -> None:
    async def story() -> None:
        async with serving() as world:
            token = await world.token()
            reader, writer = await world.raw(ABOUT + world.head(token))
            received = await reader.read()
            assert b"101 Switching" not in received
            assert world.server.registry.knows(token)
            writer.close()

    run(story())


def test_an_upgrade_after_an_answer_on_the_same_connection_is_taken() -> None:
    async def story() -> None:
        async with serving() as world:
            token = await world.token()
            reader, writer = await world.raw(b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n")
            await reader.readuntil(b'{"status":"ready"}')
            writer.write(world.head(token))
            assert (await answer(reader))[0] == 101
            writer.close()

    run(story())


def test_a_body_that_never_ends_is_answered_408() -> None:
    async def story() -> None:
        async with serving(header_timeout_s=0.15) as world:
            reader, writer = await world.raw(
                b"POST /incoming-call HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n"
                b"Content-Type: application/x-www-form-urlencoded\r\n\r\nCall"
            )
            assert (await answer(reader))[0] == 408
            writer.close()

    run(story())


def test_a_stopping_server_does_not_wait_for_the_rest_of_a_question() -> None:
    async def story() -> None:
        async with serving() as world:
            reader, writer = await world.raw(
                b"POST /incoming-call HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 10\r\n"
                b"Content-Type: application/x-www-form-urlencoded\r\n\r\nCall"
            )
            assert (await answer(reader))[0] == 100
            began = world.now()
        assert await gone(reader)
        assert world.now() - began < 1
        writer.close()

    run(story())


def test_what_comes_behind_the_head_is_not_lost() -> None:
    async def story() -> None:
        async with serving() as world:
            token = await world.token()
            early = world.head(token) + frame_of(start()) + frame_of(media())
            reader, writer = await world.raw(early)
            assert (await answer(reader))[0] == 101
            assert media() in await reader.readexactly(len(media()) + 4)
            writer.close()

    run(story())


def test_a_head_may_come_byte_by_byte() -> None:
    async def story() -> None:
        async with serving() as world:
            head = world.head(await world.token())
            reader, writer = await world.raw(*(head[at : at + 1] for at in range(len(head))))
            assert (await answer(reader))[0] == 101
            writer.close()

    run(story())


def test_silent_connections_and_half_heads_are_all_closed_while_a_call_goes_on() -> None:
    async def story() -> None:
        async with serving(header_timeout_s=0.2) as world, world.talking() as socket:
            opening = [b""] * 30 + [b"POST /incoming-call HTTP/1.1\r\nHost: x\r\n"] * 30
            squatters = await asyncio.gather(*(world.raw(one) for one in opening))
            assert all(await asyncio.gather(*(gone(reader) for reader, _ in squatters)))
            for _, writer in squatters:
                writer.close()
            await send(socket, media())
            assert await socket.recv(decode=False) == media()
            await world.until(lambda: world.server.connections <= 2)  # the call's socket and its webhook's

    run(story())

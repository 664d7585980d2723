import asyncio
import json
import logging
import re
from math import inf
from typing import Any

import pytest
from websockets.asyncio.client import connect

from tests.server.world import (
    LOOPS,
    TOKEN,
    World,
    answer,
    begin,
    call_sid,
    closed,
    frame,
    frame_of,
    media,
    refused,
    run,
    send,
    serving,
    start,
    stop,
)
from twilio_rt_cli.call.figures.end_reason import EndReason
from twilio_rt_cli.protocol.signature import SIGNATURE_HEADER, Algorithm, headers_for, sign
from twilio_rt_cli.server.admission.notices import CallRefused, Refusal


@pytest.mark.parametrize("loop", LOOPS)
def test_a_right_call_talks(loop: str) -> None:
    async def story() -> None:
        async with serving() as world, world.talking() as socket:
            for number in range(3, 100):
                await send(socket, media(number))
                assert await socket.recv(decode=False) == media(number)
            assert world.server.registry.places == 1

    run(story(), loop)


@pytest.mark.parametrize("loop", LOOPS)
def test_uvicorn_knows_the_socket_as_long_as_it_lives(loop: str, caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        async with serving() as world:
            async with world.talking() as socket:
                assert world.server.connections == 2  # and the webhook's
                await send(socket, stop())
                assert await closed(socket) == (1000, "caller_hung_up")
            await world.until(lambda: world.server.registry.places == 0)
            began = world.now()
        assert world.now() - began < 1  # leaving would wait for a connection that uvicorn still believes in
        assert "Waiting for connections" not in caplog.text

    run(story(), loop)


# Refused before 101


def test_a_token_is_taken_once() -> None:
    async def story() -> None:
        async with serving() as world:
            token = await world.token()
            async with world.dial(token):
                assert await refused(world.dial(token)) == 403
            assert await refused(world.dial(token)) == 403
            assert world.server.registry.refused == {Refusal.BAD_TOKEN: 2}
            assert world.calls == []

    run(story())


def test_a_token_is_taken_in_its_time() -> None:
    async def story() -> None:
        async with serving(token_ttl_s=0.1) as world:
            token = await world.token()
            assert world.server.registry.places == 1
            await world.until(lambda: world.server.registry.places == 0)
            assert await refused(world.dial(token)) == 403
            assert await refused(world.dial("x" * 32)) == 403

    run(story())


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({SIGNATURE_HEADER: None}, Refusal.BAD_SIGNATURE),
        ({SIGNATURE_HEADER: ""}, Refusal.BAD_SIGNATURE),
        ({SIGNATURE_HEADER: "bm90IHRoZSByaWdodCBvbmU="}, Refusal.BAD_SIGNATURE),
        ({SIGNATURE_HEADER: "ÿþ"}, Refusal.BAD_SIGNATURE),
        ({"X_Twilio_Webhooks_Signature_Settings": "key=k,algorithm=HMAC_SHA256"}, Refusal.BAD_SIGNATURE),
        ({"Origin": "https://example.com"}, Refusal.ORIGIN),
        ({"Origin": ""}, Refusal.ORIGIN),
    ],
)
def test_a_wrong_upgrade_is_refused_and_uses_no_token(change: dict[str, str | None], reason: Refusal) -> None:
    async def story() -> None:
        async with serving() as world:
            token = await world.token()
            reader, writer = await world.raw(world.head(token, **change))
            status, _ = await answer(reader)
            assert status == 403
            assert await reader.read() == b"Forbidden"
            writer.close()
            assert world.notices == [CallRefused(reason, None, "upgrade of /media-stream/…")]
            assert world.server.registry.knows(token)

    run(story())


@pytest.mark.parametrize(
    "change",
    [
        {"Sec_WebSocket_Key": None},
        {"Sec_WebSocket_Key": "c2hvcnQ="},
        {"Sec_WebSocket_Key": "ÿ" * 24},
        {"Sec_WebSocket_Version": "12"},
    ],
)
def test_a_broken_handshake_is_answered_400_and_uses_no_token(change: dict[str, str | None]) -> None:
    async def story() -> None:
        async with serving() as world:
            token = await world.token()
            reader, writer = await world.raw(world.head(token, **change))
            assert (await answer(reader))[0] == 400
            await reader.read()
            assert world.server.registry.knows(token)
            writer.close()

    run(story())


def test_an_upgrade_by_http_1_0_is_not_taken() -> None:
    async def story() -> None:
        async with serving() as world:
            token = await world.token()
            reader, writer = await world.raw(world.head(token).replace(b"HTTP/1.1", b"HTTP/1.0", 1))
            assert (await answer(reader))[0] == 400
            writer.close()

    run(story())


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 404),
        ("/media-stream", 403),
        ("/media-stream/", 404),
        ("//media-stream/x", 404),
        ("/media-stream/../admin", 404),
        ("/media-stream/%2e%2e", 403),
        ("/media-stream/%00", 403),
        ("/media-stream/x/y", 404),
        ("/media-stream/" + "x" * 8192, 404),
        ("/incoming-call", 404),
    ],
)
def test_other_paths_are_no_sockets(path: str, status: int) -> None:
    async def story() -> None:
        async with serving() as world:
            assert await refused(world.bare(path)) == status

    run(story())


def test_a_query_is_not_what_twilio_signed() -> None:
    async def story() -> None:
        async with serving() as world:
            token = await world.token()
            headers = headers_for(TOKEN, world.stream_url(token))
            assert await refused(world.bare(f"/media-stream/{token}?x=1", additional_headers=headers)) == 403

    run(story())


def test_a_signature_over_another_calls_token_does_not_help() -> None:
    async def story() -> None:
        async with serving() as world:
            first, second = await world.token(call_sid(1)), await world.token(call_sid(2))
            headers = headers_for(TOKEN, world.stream_url(first))
            assert await refused(world.bare(f"/media-stream/{second}", additional_headers=headers)) == 403

    run(story())


def test_a_flood_of_refused_upgrades_is_slowed_and_hurts_no_valid_one(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        async with serving() as world:
            token = await world.token()
            statuses: list[int] = []
            for _ in range(10):
                statuses += await asyncio.gather(*(refused(world.bare("/media-stream/x")) for _ in range(40)))
            assert set(statuses) == {403, 429}
            assert statuses[:200] == [403] * 200
            told = [one.reason for one in world.notices if isinstance(one, CallRefused)]
            assert len(told) < 300
            assert world.server.registry.refused == {
                Refusal.BAD_SIGNATURE: statuses.count(403),
                Refusal.TOO_OFTEN: statuses.count(429),
            }
            assert told == [Refusal.BAD_SIGNATURE] * statuses.count(403)
            async with world.dial(token) as socket:
                await begin(socket)

    run(story())


# Right ones pass


def test_any_name_of_our_loopback_is_a_right_origin() -> None:
    async def story() -> None:
        async with serving() as world:
            for number, host in enumerate(("localhost", "127.0.0.1", "[::1]"), 1):
                origin = f"http://{host}:{world.port}"
                webhook = await world.post("/incoming-call", call_sid(number), sign_as=origin)
                token = webhook.text.partition("/media-stream/")[2].partition('"')[0]
                signature = {SIGNATURE_HEADER: sign(TOKEN, f"ws://{host}:{world.port}/media-stream/{token}")}
                async with world.bare(f"/media-stream/{token}", additional_headers=signature) as socket:
                    await begin(socket, number)

    run(story())


@pytest.mark.parametrize(
    "spoofed",
    [
        {},
        {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http", "X-Forwarded-For": "10.0.0.1"},
        {"Host": "evil.example", "Forwarded": "host=evil.example;proto=http"},
    ],
)
def test_behind_a_proxy_only_the_public_url_counts(spoofed: dict[str, str]) -> None:
    async def story() -> None:
        async with serving(public_url="https://Voice.example.com") as world:
            assert world.origin == "https://voice.example.com"
            token = await world.token()
            assert world.stream_url(token) == f"wss://voice.example.com/media-stream/{token}"
            async with world.dial(token, additional_headers=spoofed) as socket:
                await begin(socket)
            for origin in ("wss://evil.example", f"ws://127.0.0.1:{world.port}"):
                token = await world.token(call_sid(2))
                headers = headers_for(TOKEN, f"{origin}/media-stream/{token}") | spoofed
                assert await refused(world.bare(f"/media-stream/{token}", additional_headers=headers)) == 403

    run(story())


def test_an_upgrade_signed_by_shared_key() -> None:
    async def story() -> None:
        async with serving(auth_token=None, shared_key="shared") as world:
            url = world.origin + "/incoming-call?CallSid=CA1&AccountSid=AC1"
            signed = headers_for("shared", url, algorithm=Algorithm.HMAC_SHA256)
            webhook = await world.http.get(url, headers=signed)
            token = webhook.text.partition("/media-stream/")[2].partition('"')[0]
            headers = headers_for("shared", world.stream_url(token), algorithm=Algorithm.HMAC_SHA256)
            assert await refused(world.dial(token, secret="shared")) == 403
            async with world.bare(f"/media-stream/{token}", additional_headers=headers):
                pass

    run(story())


def test_a_proxys_connection_header_is_understood() -> None:
    async def story() -> None:
        async with serving() as world:
            head = world.head(await world.token(), Connection="keep-alive, Upgrade", Upgrade="WebSocket")
            reader, writer = await world.raw(head)
            status, received = await answer(reader)
            assert status == 101
            assert b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in received
            writer.close()

    run(story())


def test_compression_is_never_agreed() -> None:
    async def story() -> None:
        async with serving() as world:
            token = await world.token()
            headers = headers_for(TOKEN, world.stream_url(token))
            url = f"ws://127.0.0.1:{world.port}/media-stream/{token}"
            async with connect(url, additional_headers=headers, compression="deflate", proxy=None) as socket:
                assert socket.response is not None
                assert "Sec-WebSocket-Extensions" not in socket.response.headers

    run(story())


def test_logs_show_the_url_and_the_verdict_but_no_token(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        caplog.set_level(logging.DEBUG)
        async with serving() as world:
            token = await world.token()
            await refused(world.dial(token, secret="wrong"))
            async with world.dial(token) as socket:
                await begin(socket)
            await refused(world.dial(token))
            for part in ("signature right for ws://", "signature wrong for ws://", "/media-stream/… from 127.0.0.1"):
                assert part in caplog.text
            right = [record for record in caplog.records if record.getMessage().startswith("signature right for ws")]
            assert [vars(record)["call"][:2] for record in right] == ["CA", ""]  # the used token is nobody's
            assert "connection accepted" not in caplog.text  # picows tells of each
            ours = [record for record in caplog.records if not record.name.startswith(("websockets", "http"))]
            assert not [record for record in ours if token in record.getMessage() or TOKEN in record.getMessage()]

    run(story())


# The socket


async def echo_of(world: World, *frames: bytes) -> bytes:
    """What a call answers to frames that come behind a right start."""
    reader, writer = await world.raw(world.head(await world.token()) + frame_of(start()), *frames)
    await answer(reader)
    received = await reader.readexactly(2)
    length = received[1]
    if length == 126:
        length = int.from_bytes(await reader.readexactly(2), "big")
    writer.close()
    return await reader.readexactly(length)


@pytest.mark.parametrize("loop", LOOPS)
def test_a_message_may_come_byte_by_byte(loop: str) -> None:
    async def story() -> None:
        async with serving() as world:
            sent = frame_of(media())
            assert await echo_of(world, *(sent[at : at + 1] for at in range(len(sent)))) == media()

    run(story(), loop)


def test_a_message_may_come_in_fragments_with_a_ping_between() -> None:
    async def story() -> None:
        async with serving() as world:
            reader, writer = await world.raw(world.head(await world.token()) + frame_of(start()))
            await answer(reader)
            text = media()
            writer.write(frame(1, text[:100], fin=False) + frame(9, b"hello") + frame(0, text[100:200], fin=False))
            assert await reader.readexactly(7) == b"\x8a\x05hello"
            writer.write(frame(0, text[200:300], fin=False) + frame(0, text[300:]))
            assert text in await reader.readexactly(len(text) + 4)
            writer.close()

    run(story())


def test_a_binary_frame_is_a_breach() -> None:
    async def story() -> None:
        async with serving() as world:
            assert json.loads(await echo_of(world, frame(2, b"\x00\x01"))) == {"breach": "binary frame"}

    run(story())


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        ([frame(0, b"nothing to continue")], 1002),
        ([frame(1, b"one", fin=False), frame(1, b"two")], 1002),
        ([frame(9, b"ping", fin=False)], 1002),
        ([frame(3, b"unknown opcode")], 1002),
        ([b"\x81\x05hello"], 1002),  # not masked
        ([bytes([0x81, 0xFF]) + (5000).to_bytes(8, "big")], 1002),  # a length longer than it need be
        ([bytes([0x81, 0xFF]) + (100_000).to_bytes(8, "big")], 1009),
        ([frame(1, b"x" * 100, fin=False), *[frame(0, b"y" * 100, fin=False)] * 99], 1009),
    ],
)
def test_a_peer_that_breaks_the_protocol_is_shown_out(
    frames: list[bytes], code: int, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        async with serving(max_message_bytes=4096) as world:
            reader, writer = await world.raw(world.head(await world.token()) + frame_of(start()))
            await answer(reader)
            for one in frames:
                writer.write(one)
            received = await reader.readexactly(4)
            assert received[0] == 0x88
            assert int.from_bytes(received[2:], "big") == code
            writer.close()
            await world.until(lambda: world.server.registry.streaming() == [])

    run(story())
    caplog.clear()


def test_a_close_is_answered() -> None:
    async def story() -> None:
        async with serving() as world:
            async with world.talking() as socket:
                await socket.close(1000)
                assert socket.close_code == 1000
            await world.until(lambda: not world.server.registry.streaming())
            assert "<Say>" in await world.tail()

    run(story())


def test_an_unanswered_ping_ends_the_call() -> None:
    async def story() -> None:
        async with serving(ping_interval_s=0.1, ping_timeout_s=0.1, tail_s=0.1) as world:
            reader, writer = await world.raw(world.head(await world.token()) + frame_of(start()))
            await answer(reader)
            await world.until(lambda: len(world.calls) == 1)
            assert await reader.readexactly(2) == b"\x89\x00"
            await world.until(lambda: world.server.registry.places == 0)
            writer.close()

    run(story())


def test_answered_pings_keep_a_silent_call() -> None:
    async def story() -> None:
        async with serving(ping_interval_s=0.05, ping_timeout_s=0.1) as world, world.talking() as socket:
            later = world.now() + 0.6
            await world.until(lambda: world.now() > later)
            await send(socket, media(3))
            assert await socket.recv(decode=False) == media(3)

    run(story())


def test_without_an_interval_there_are_no_pings() -> None:
    async def story() -> None:
        async with serving(ping_interval_s=0) as world, world.talking():
            assert world.server.registry.places == 1

    run(story())


def test_a_connection_that_breaks_frees_everything() -> None:
    async def story() -> None:
        async with serving(tail_s=0.1) as world:
            reader, writer = await world.raw(world.head(await world.token()) + frame_of(start()))
            await answer(reader)
            await world.until(lambda: len(world.calls) == 1)
            writer.transport.abort()
            await world.until(lambda: world.server.registry.places == 0)

    run(story())


def test_a_bridge_that_forgets_its_end_is_not_waited_for_for_ever() -> None:
    async def story() -> None:
        async with serving() as world:
            async with world.talking() as socket:
                live = world.server.registry.find(call_sid())
                assert live is not None
                assert live.deadline == inf
                world.calls[0].forgets_its_end = True
                await send(socket, stop())
                await socket.wait_closed()
            await world.until(lambda: live.deadline < world.now() + 11)
            world.server.registry.stream_over(live, EndReason.CALLER_HUNG_UP, 0.0)

    run(story())


def test_leaving_closes_open_sockets() -> None:
    async def story() -> None:
        async with serving() as world:
            idle = await world.dial(await world.token(call_sid(1)))
            talks = await world.dial(await world.token(call_sid(2)))
            await begin(talks, 2)
        assert await closed(idle) == (1000, "drained")
        assert await closed(talks) == (1000, "drained")
        assert world.server.registry.streaming() == []

    run(story())


# Unchecked


@pytest.mark.parametrize("settings", [{"validate": False}, {"auth_token": None}])
def test_unchecked_a_path_token_still_holds(settings: dict[str, Any]) -> None:
    async def story() -> None:
        async with serving(**settings) as world:
            token = await world.token()
            assert await refused(world.bare("/media-stream/other")) == 403
            async with world.bare(f"/media-stream/{token}") as socket:
                await begin(socket)
            assert await refused(world.bare(f"/media-stream/{token}")) == 403

    run(story())


def test_unchecked_only_a_loopback_host_is_served() -> None:
    async def story() -> None:
        async with serving(validate=False) as world:
            assert await refused(world.bare(additional_headers={"Origin": "http://localhost"})) == 403
            head = world.head(await world.token())
            for host in (b"Host: evil.example", b"Host: localhost\r\nHost: evil.example", b"X: y"):
                reader, writer = await world.raw(re.sub(b"Host: [^\r]+", host, head))
                assert (await answer(reader))[0] == 403
                writer.close()

    run(story())


def test_the_bare_path_is_for_unvalidated_servers_only() -> None:
    async def story() -> None:
        async with serving(auth_token=None) as world:
            assert await refused(world.bare()) == 403

    run(story())


def test_the_bare_path_honours_the_limit() -> None:
    async def story() -> None:
        async with serving(validate=False, limit_concurrency=1) as world:
            async with world.bare() as socket:
                await begin(socket)
                assert await refused(world.bare()) == 503
                await send(socket, stop())
                await socket.wait_closed()
            async with world.bare() as socket:
                await begin(socket)
            assert [one.incoming.call_sid for one in world.calls] == [call_sid(), call_sid()]

    run(story())

import asyncio
import time
from typing import Any

import httpx
import pytest

from tests.server.world import (
    ACCOUNT,
    TOKEN,
    begin,
    call_sid,
    closed,
    mark,
    media,
    refused,
    run,
    send,
    serving,
    stop,
    token_of,
)
from twilio_rt_cli import __version__
from twilio_rt_cli.call.figures.end_reason import EndReason
from twilio_rt_cli.protocol import twiml
from twilio_rt_cli.protocol.caller_id import caller_list
from twilio_rt_cli.protocol.signature import headers_for
from twilio_rt_cli.protocol.twilio import PROBE_CALL_SID, StreamSid
from twilio_rt_cli.server.admission.notices import CallRefused, Refusal, StreamFailed
from twilio_rt_cli.server.admission.quota import DayLimits, Quota

HANGUP = (twiml.Hangup(),)
FALLBACK = (twiml.Say("Sorry."), twiml.Hangup())
BUSY = (twiml.Say("Busy."), twiml.Hangup())


def verbs(answer: httpx.Response) -> tuple[twiml.Verb, ...]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/xml")
    return twiml.parse(answer.text)


# Anybody's


@pytest.mark.parametrize("settings", [{}, {"auth_token": None}, {"validate": False}])
def test_who_we_are_and_whether_we_live(settings: dict[str, Any]) -> None:
    async def story() -> None:
        async with serving(**settings) as world:
            url = world.local_url
            assert (await world.http.get(url)).json() == {"name": "twilio-rt", "version": __version__}
            assert (await world.http.get(url + "/healthz")).json() == {"status": "ok"}
            assert (await world.http.get(url + "/readyz")).json() == {"status": "ready"}
            assert (await world.http.head(url + "/readyz")).status_code == 200
            for path in ("/docs", "/redoc", "/openapi.json", "/metrics", "/incoming-call/"):
                assert (await world.http.get(url + path, follow_redirects=True)).status_code in {403, 404, 405}
            assert "server" not in (await world.http.get(url)).headers

    run(story())


# The voice webhook


def test_a_call_is_connected_to_a_stream_of_its_own() -> None:
    async def story() -> None:
        async with serving() as world:
            answer = await world.post("/incoming-call", call_sid(), From="+15550001111", To="")
            origin, token = world.origin, token_of(answer.text)
            stream = twiml.Stream(
                f"ws://127.0.0.1:{world.port}/media-stream/{token}", status_callback=origin + "/stream-status"
            )
            assert verbs(answer) == (twiml.Connect(stream), twiml.Redirect(origin + "/stream-ended"))
            assert world.server.registry.places == 1

    run(story())


def test_a_get_is_what_its_signed_url_says_whatever_its_unsigned_body_claims() -> None:
    async def story() -> None:
        async with serving() as world:
            url = f"{world.origin}/incoming-call?CallSid={call_sid(3)}&AccountSid={ACCOUNT}"
            body = {"CallSid": call_sid(77), "AccountSid": ACCOUNT}
            answer = await world.http.request("GET", url, data=body, headers=headers_for(TOKEN, url))
            assert answer.status_code == 200
            assert world.server.registry.find(call_sid(3)) is not None
            assert world.server.registry.find(call_sid(77)) is None

    run(story())


def test_behind_https_the_stream_is_wss() -> None:
    async def story() -> None:
        async with serving(public_url="https://voice.example.com") as world:
            answer = await world.post("/incoming-call", call_sid())
            assert '"wss://voice.example.com/media-stream/' in answer.text
            assert ">https://voice.example.com/stream-ended<" in answer.text
            assert (await world.post("/incoming-call", call_sid(), sign_as=world.local_url)).status_code == 403

    run(story())


def test_a_call_may_be_asked_by_get_with_its_query_as_sent() -> None:
    async def story() -> None:
        async with serving() as world:
            query = f"?CallSid={call_sid()}&AccountSid={ACCOUNT}&From=%2B1555&a=%7e&b=~&empty="
            url = world.origin + "/incoming-call" + query
            reader, writer = await world.raw(
                f"GET /incoming-call{query} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                f"X-Twilio-Signature: {headers_for(TOKEN, url)['X-Twilio-Signature']}\r\n\r\n".encode()
            )
            assert token_of((await reader.read()).decode())
            writer.close()

    run(story())


def test_a_query_is_not_logged_since_it_tells_who_calls(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        async with serving() as world:
            url = f"{world.origin}/incoming-call?CallSid={call_sid()}&AccountSid={ACCOUNT}&From=%2B15550001111"
            assert (await world.http.get(url, headers=headers_for(TOKEN, url))).status_code == 200
            assert (await world.http.get(url)).status_code == 403
            (refusal,) = world.notices
            assert isinstance(refusal, CallRefused)
            assert refusal.detail == f"GET {world.origin}/incoming-call?…"

    run(story())
    assert not [one for one in caplog.records if one.name.startswith("twilio_rt") and "15550001111" in one.getMessage()]


def test_a_repeated_webhook_gets_the_same_answer_and_one_place() -> None:
    async def story() -> None:
        async with serving(limit_concurrency=1) as world:
            answers = await asyncio.gather(*(world.post("/incoming-call", call_sid()) for _ in range(5)))
            first = answers[0].text
            assert {one.text for one in answers} == {first}
            async with world.dial(token_of(first)) as socket:
                await begin(socket)
                assert (await world.post("/incoming-call", call_sid())).text == first
                assert world.server.registry.places == 1
                assert verbs(await world.post("/incoming-call", call_sid(2))) == BUSY
                await send(socket, stop())
                await socket.wait_closed()
            await world.until(lambda: world.server.registry.places == 0)
            assert (await world.post("/incoming-call", call_sid())).text != first

    run(story())


def test_above_the_limit_callers_hear_that_the_line_is_busy() -> None:
    async def story() -> None:
        async with serving(limit_concurrency=2, token_ttl_s=0.3) as world:
            await world.token(call_sid(1))
            await world.token(call_sid(2))
            assert verbs(await world.post("/incoming-call", call_sid(3))) == BUSY
            assert world.notices == [CallRefused(Refusal.BUSY, call_sid(3))]
            await world.until(lambda: world.server.registry.places == 0)
            await world.token(call_sid(3))

    run(story())


def test_many_callers_at_once_without_a_place_hurt_nobody_on_the_line() -> None:
    async def story() -> None:
        async with serving(limit_concurrency=2) as world, world.talking(1) as one, world.talking(2) as two:
            answers = await asyncio.gather(*(world.post("/incoming-call", call_sid(number)) for number in range(3, 23)))
            assert [verbs(answer) for answer in answers] == [BUSY] * 20
            assert world.server.registry.places == 2
            for socket in (one, two):
                await send(socket, media(9))
                assert await socket.recv(decode=False) == media(9)

    run(story())


# Who had enough


def enough(**limits: object) -> Quota:
    lists = {name: caller_list(str(text)) for name, text in limits.items() if isinstance(text, str)}
    return Quota(DayLimits(**{**limits, **lists}), time.time())  # type: ignore[arg-type]


CALLER = "+15550001111"


def test_fifty_webhooks_of_one_caller_at_once_do_not_exceed_the_limit() -> None:
    async def story() -> None:
        async with serving(enough(caller_calls=3)) as world:
            ringing = (world.post("/incoming-call", call_sid(number), From=CALLER) for number in range(1, 51))
            answers = await asyncio.gather(*ringing)
            assert [verbs(one) == BUSY for one in answers].count(True) == 47
            assert world.server.registry.places == 3
            assert world.server.registry.refused == {Refusal.CALLER_CALLS: 47}
            assert [type(one) for one in world.notices] == [CallRefused] * 47
            assert verbs(await world.post("/incoming-call", call_sid(99), From="+15550003333")) != BUSY

    run(story())


def test_calls_whose_stream_never_came_are_given_back_and_those_that_had_one_are_not() -> None:
    async def story() -> None:
        async with serving(enough(caller_calls=2), token_ttl_s=0.3) as world:
            async with world.talking(1) as socket:
                await world.token(call_sid(2))
                assert verbs(await world.post("/incoming-call", call_sid(3), From=CALLER)) == BUSY
                await world.until(lambda: world.server.registry.places == 1)  # the token of the second is void
                await world.token(call_sid(4))
                await send(socket, stop())
                await socket.wait_closed()
            assert verbs(await world.post("/incoming-call", call_sid(5), From=CALLER)) == BUSY
            await world.until(lambda: world.server.registry.places == 0)
            assert world.quota.today(time.time()).calls == 1

    run(story())


def test_a_webhook_that_is_repeated_while_its_call_lives_counts_once_and_is_never_refused() -> None:
    async def story() -> None:
        async with serving(enough(caller_calls=1)) as world, world.talking(1):
            answers = await asyncio.gather(*(world.post("/incoming-call", call_sid(), From=CALLER) for _ in range(5)))
            assert BUSY not in [verbs(one) for one in answers]
            assert world.quota.today(time.time()).calls == 1
            assert verbs(await world.post("/incoming-call", call_sid(2), From=CALLER)) == BUSY

    run(story())


@pytest.mark.parametrize(
    ("limits", "caller", "refusal"),
    [
        ({"block": "+1555*"}, CALLER, Refusal.CALLER_BLOCKED),
        ({"block": "anonymous"}, "", Refusal.CALLER_BLOCKED),
        ({"allow": "+49*"}, CALLER, Refusal.CALLER_NOT_ALLOWED),
        ({"allow": "+1555*", "block": CALLER}, CALLER, Refusal.CALLER_BLOCKED),
    ],
)
def test_who_may_not_call_hears_that_the_line_is_busy_and_no_log_tells_the_number(
    limits: dict[str, object], caller: str, refusal: Refusal, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        async with serving(enough(**limits)) as world:
            assert verbs(await world.post("/incoming-call", call_sid(), From=caller)) == BUSY
            assert world.notices == [CallRefused(refusal, call_sid(), from_number=caller)]
            assert world.server.registry.refused == {refusal: 1}
            assert (world.server.registry.places, world.server.registry.tokens) == (0, 0)
            assert await refused(world.dial("any")) == 403

    run(story())
    assert refusal.value in caplog.text
    ours = [one.getMessage() for one in caplog.records if one.name.startswith("twilio_rt")]
    assert not [one for one in ours if "1555" in one]


def test_calls_in_progress_go_on_when_the_day_is_used_up() -> None:
    async def story() -> None:
        async with serving(enough(calls=1, minutes=1e-9)) as world, world.talking(1) as socket:
            assert verbs(await world.post("/incoming-call", call_sid(2), From="+4930123456")) == BUSY
            await send(socket, media(9))
            assert await socket.recv(decode=False) == media(9)

    run(story())


def test_a_call_that_finds_no_place_does_not_count() -> None:
    async def story() -> None:
        async with serving(enough(caller_calls=5), limit_concurrency=1) as world:
            for number in range(1, 9):
                await world.post("/incoming-call", call_sid(number), From=CALLER)
            assert world.quota.today(time.time()).calls == 1
            assert world.server.registry.refused == {Refusal.BUSY: 7}

    run(story())


def test_a_probe_is_neither_counted_nor_refused() -> None:
    async def story() -> None:
        async with serving(enough(calls=1, allow="+49*")) as world:
            for _ in range(3):
                assert verbs(await world.post("/incoming-call", PROBE_CALL_SID, From=CALLER)) != BUSY
            assert world.quota.today(time.time()).calls == 0

    run(story())


def test_a_bare_stream_names_nobody_and_is_counted_but_not_refused() -> None:
    async def story() -> None:
        async with serving(enough(calls=1, allow="+49*"), validate=False) as world:
            for number in (1, 2):
                async with world.bare() as socket:
                    await begin(socket, number)
                    await send(socket, stop(number))
                    await socket.wait_closed()
            assert world.quota.today(time.time()).calls == 2
            assert verbs(await world.post("/incoming-call", call_sid(3), From="+4930123456")) == BUSY

    run(story())


# The end of a call


@pytest.mark.parametrize(("word", "said"), [("goodbye", HANGUP), ("fail", FALLBACK)])
def test_after_the_stream_the_caller_is_told_what_we_owe(word: str, said: tuple[twiml.Verb, ...]) -> None:
    async def story() -> None:
        async with serving() as world:
            async with world.talking() as socket:
                await send(socket, mark(word))
                assert (await closed(socket))[0] == 1000
            assert world.server.registry.places == 1
            assert verbs(await world.post("/stream-ended", call_sid())) == said
            assert world.server.registry.places == 0
            assert verbs(await world.post("/stream-ended", call_sid())) == said

    run(story())


def test_an_unknown_call_hears_the_fallback_message() -> None:
    async def story() -> None:
        async with serving() as world:
            assert verbs(await world.post("/stream-ended", call_sid(7))) == FALLBACK

    run(story())


def test_a_call_whose_stream_never_came_hears_the_fallback_message_and_its_token_is_void() -> None:
    async def story() -> None:
        async with serving() as world:
            token = await world.token()
            assert verbs(await world.post("/stream-ended", call_sid())) == FALLBACK
            assert world.server.registry.places == 0
            assert await refused(world.dial(token)) == 403

    run(story())


def test_a_stream_that_twilio_lost_first_is_ended_and_makes_up_for_it() -> None:
    async def story() -> None:
        async with serving() as world, world.talking() as socket:
            assert verbs(await world.post("/stream-ended", call_sid())) == FALLBACK
            assert await closed(socket) == (1000, "stream_lost")
            assert world.server.registry.places == 0

    run(story())


def test_a_tail_asked_before_the_bridge_is_done_waits_for_its_reason() -> None:
    async def story() -> None:
        async with serving() as world, world.talking() as socket:
            world.calls[0].reason = EndReason.AGENT_HUNG_UP  # it is on its way, the model's socket still closing
            assert verbs(await world.post("/stream-ended", call_sid())) == HANGUP
            await socket.wait_closed()

    run(story())


@pytest.mark.parametrize(("event", "places"), [("stream-error", 0), ("stream-started", 1), ("stream-stopped", 1)])
def test_a_stream_that_failed_at_twilio_frees_its_place(
    event: str, places: int, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        async with serving() as world:
            await world.token()
            answer = await world.post(
                "/stream-status",
                call_sid(),
                StreamSid="MZ1",
                StreamEvent=event,
                StreamError="31920: no 101 from wss://x/media-stream/abc_D-1 (x)",
            )
            assert (answer.status_code, answer.text) == (204, "")
            assert world.server.registry.places == places
            failed = StreamFailed(call_sid(), StreamSid("MZ1"), "31920: no 101 from wss://x/media-stream/… (x)")
            assert world.notices == ([failed] if event == "stream-error" else [])

    run(story())
    assert ("31920" in caplog.text) is (event == "stream-error")


@pytest.mark.parametrize("status", ["completed", "busy", "no-answer", "canceled", "failed"])
def test_a_completed_call_frees_its_place(status: str) -> None:
    async def story() -> None:
        async with serving() as world, world.talking(1) as socket:
            await world.token(call_sid(2))
            for number in (1, 2, 3):
                assert (await world.post("/call-status", call_sid(number), CallStatus=status)).status_code == 204
            assert await closed(socket) == (1000, "caller_hung_up")
            await world.until(lambda: world.server.registry.places == 0)

    run(story())


def test_a_call_that_only_progresses_goes_on() -> None:
    async def story() -> None:
        async with serving() as world, world.talking(1):
            for status in ("initiated", "ringing", "in-progress", "answered", ""):
                assert (await world.post("/call-status", call_sid(), CallStatus=status)).status_code == 204
            assert (await world.post("/amd-status", call_sid(), AnsweredBy="human")).status_code == 204
            assert world.server.registry.places == 1

    run(story())


def test_after_our_close_nobody_needs_to_ask() -> None:
    async def story() -> None:
        async with serving(tail_s=0.2) as world:
            async with world.talking() as socket:
                await send(socket, mark("goodbye"))
                await socket.wait_closed()
            assert world.server.registry.places == 1
            await world.until(lambda: world.server.registry.places == 0)
            assert verbs(await world.post("/stream-ended", call_sid())) == HANGUP

    run(story())


def test_two_hundred_calls_leave_nothing() -> None:
    async def story() -> None:
        async with serving() as world:
            for number in range(1, 201):
                async with world.dial(await world.token(call_sid(number))) as socket:
                    await begin(socket, number)
                    await send(socket, stop(number))
                    await socket.wait_closed()
            await world.until(lambda: world.server.connections == 1)  # one kept-alive HTTP connection of ours
            registry = world.server.registry
            assert (registry.places, registry.tokens, registry.streaming()) == (0, 0, [])
            assert len(asyncio.all_tasks()) == 1

    run(story())

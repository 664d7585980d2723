"""The network behind the stand-in, with a stand-in of a bridge at its end: calls in, calls out, everything signed."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from tests.caller.stand_in import StandIn, plain_twiml, stand_in
from tests.twilio_rest import Account, Callee, TwilioRest, twilio_rest
from tests.twilio_rest.network import NotRung
from twilio_rt_cli.caller.behaviour import Patience
from twilio_rt_cli.caller.script import Pause, Script, WaitGreeting
from twilio_rt_cli.errors import ServiceError
from twilio_rt_cli.twilio_api import Account as ApiAccount
from twilio_rt_cli.twilio_api import TwilioApi

NUMBER, CALLEE = "+14155550100", "+14155550177"
PUBLIC = "https://ab12.ngrok.app"
TOKEN = "the-auth-token"  # that the bridge checks with
LISTENING: Script = (WaitGreeting(limit_s=5), Pause(60_000))
"""hears the greeting and stays on the line"""


def play(
    story: Callable[[TwilioRest, StandIn, TwilioApi], Coroutine[Any, Any, None]],
    *,
    named: str | None = None,
    twiml: Callable[[StandIn, str], str] = plain_twiml,
) -> None:
    """A story with REST, network and bridge."""

    async def whole() -> None:
        with twilio_rest([NUMBER], account=Account(auth_token=TOKEN)) as rest:
            rest.network.patience = Patience(quiet_ms=300)  # the stand-in's tones have no pauses
            account = ApiAccount(account_sid=rest.account.sid, auth_token=TOKEN, api_url=rest.url, timeout_s=5)
            async with asyncio.timeout(20), stand_in(named=named, twiml=twiml) as bridge:
                with TwilioApi(account) as api:
                    await story(rest, bridge, api)

    asyncio.run(whole())


async def until(condition: Callable[[], bool]) -> None:
    loop, held = asyncio.get_running_loop(), asyncio.Event()

    def look() -> None:
        if condition():
            held.set()
        else:
            loop.call_later(0.005, look)

    look()
    await held.wait()


async def over(rest: TwilioRest, sid: str) -> str:
    """The status in which a call ends."""
    await asyncio.wrap_future(rest.ended(sid))
    return rest.account.calls[sid].status


def statuses(bridge: StandIn) -> list[dict[str, str]]:
    return [dict(request.form) for request in bridge.requests if request.path == "/call-status"]


def test_a_number_rings_its_webhook() -> None:
    async def story(rest: TwilioRest, bridge: StandIn, api: TwilioApi) -> None:
        rest.account.number(NUMBER).voice_url = f"{bridge.origin}/incoming-call"
        rest.account.number(NUMBER).status_callback = f"{bridge.origin}/call-status"
        report = await asyncio.wrap_future(rest.ringing(NUMBER, CALLEE))
        assert (report.failures, report.ended) == ([], "the caller hung up")
        form = dict(bridge.requests[0].form)
        assert (form["From"], form["To"], form["Direction"]) == (CALLEE, NUMBER, "inbound")
        assert form["AccountSid"] == rest.account.sid
        assert all(request.signed for request in bridge.requests)
        assert [status["CallStatus"] for status in statuses(bridge)] == ["completed"]
        assert (await asyncio.to_thread(api.call, report.call_sid)).status == "completed"

    play(story)


def test_a_public_name_leads_where_it_is_told_to() -> None:
    async def story(rest: TwilioRest, bridge: StandIn, _: TwilioApi) -> None:
        rest.network.ways[PUBLIC] = bridge.origin
        rest.account.number(NUMBER).voice_url = f"{PUBLIC}/incoming-call"
        report = await asyncio.wrap_future(rest.ringing(NUMBER))
        assert report.failures == []
        assert all(request.signed for request in bridge.requests)

    play(story, named=PUBLIC)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("trunk_sid", "TK1"),
        ("voice_application_sid", "AP1"),
        ("voice_url", ""),
        ("voice_url", "https://demo.twilio.com/welcome/voice/"),
    ],
)
def test_a_number_whose_webhook_does_not_count_is_not_rung(field: str, value: str) -> None:
    with twilio_rest([NUMBER]) as rest:
        setattr(rest.account.number(NUMBER), field, value)
        with pytest.raises(NotRung):
            rest.ring(NUMBER)


def test_a_placed_call_connects_the_callee_to_the_bridge_and_its_progress_is_told() -> None:
    async def story(rest: TwilioRest, bridge: StandIn, api: TwilioApi) -> None:
        placed = await asyncio.to_thread(
            lambda: api.start_call(
                CALLEE,
                NUMBER,
                f"{bridge.origin}/incoming-call",
                status_callback=f"{bridge.origin}/call-status",
                time_limit_s=60,
            )
        )
        assert await over(rest, placed.sid) == "completed"
        told = statuses(bridge)
        assert [one["CallStatus"] for one in told] == ["initiated", "ringing", "in-progress", "completed"]
        assert [one["SequenceNumber"] for one in told] == ["0", "1", "2", "3"]
        assert {one["CallSid"] for one in told} == {placed.sid}
        assert int(told[-1]["CallDuration"]) >= 0
        form = next(dict(request.form) for request in bridge.requests if request.path == "/incoming-call")
        assert (form["Direction"], form["CallStatus"], form["To"]) == ("outbound-api", "in-progress", CALLEE)
        assert all(request.signed for request in bridge.requests)
        assert rest.network.troubles == []
        assert rest.network.reports[placed.sid].ended == "the caller hung up"
        call = await asyncio.to_thread(api.call, placed.sid)
        assert (call.status, call.duration_s) == ("completed", int(told[-1]["CallDuration"]))

    play(story)


@pytest.mark.parametrize("status", ["busy", "no-answer", "failed"])
def test_a_callee_may_not_answer(status: str) -> None:
    async def story(rest: TwilioRest, bridge: StandIn, api: TwilioApi) -> None:
        rest.network.callee = Callee(answers=False, how_not=status)
        callback = f"{bridge.origin}/call-status"
        url = f"{bridge.origin}/incoming-call"
        placed = await asyncio.to_thread(
            lambda: api.start_call(CALLEE, NUMBER, url, status_callback=callback, time_limit_s=60)
        )
        assert await over(rest, placed.sid) == status
        assert [one["CallStatus"] for one in statuses(bridge)] == ["initiated", "ringing", status]
        assert "/incoming-call" not in bridge.paths()

    play(story)


def test_a_call_in_progress_is_hung_up() -> None:
    async def story(rest: TwilioRest, bridge: StandIn, api: TwilioApi) -> None:
        rest.network.callee = Callee(LISTENING)
        sid = await live(bridge, api)
        await asyncio.to_thread(api.hang_up, sid)
        assert await over(rest, sid) == "completed"
        assert bridge.kinds()[-1] == "stop"
        with pytest.raises(ServiceError, match="21220"):
            await asyncio.to_thread(api.hang_up, sid)

    play(story)


def test_a_call_in_progress_is_redirected() -> None:
    async def story(rest: TwilioRest, bridge: StandIn, api: TwilioApi) -> None:
        rest.network.callee = Callee(LISTENING)
        first, second = await live(bridge, api), await live(bridge, api)
        twiml = "<Response><Say>Goodbye.</Say><Hangup/></Response>"
        await asyncio.to_thread(lambda: api.redirect(first, twiml=twiml))
        await asyncio.to_thread(lambda: api.redirect(second, url=f"{bridge.origin}/stream-ended"))
        assert [await over(rest, first), await over(rest, second)] == ["completed", "completed"]
        assert rest.network.reports[first].executed == ["Say", "Hangup"]
        assert "/stream-ended" in bridge.paths()

    play(story)


def test_a_time_limit_ends_a_call() -> None:
    async def story(rest: TwilioRest, bridge: StandIn, api: TwilioApi) -> None:
        rest.network.callee = Callee(LISTENING)
        sid = await live(bridge, api, time_limit_s=1)
        assert await over(rest, sid) == "completed"

    play(story)


async def live(bridge: StandIn, api: TwilioApi, time_limit_s: int = 60) -> str:
    """A call whose agent has begun to speak."""
    begun = sum(frame == "mark" for frame in bridge.kinds())
    url = f"{bridge.origin}/incoming-call"
    call = await asyncio.to_thread(
        lambda: api.start_call(CALLEE, NUMBER, url, status_callback=None, time_limit_s=time_limit_s)
    )
    await until(lambda: sum(frame == "mark" for frame in bridge.kinds()) > begun)
    return call.sid

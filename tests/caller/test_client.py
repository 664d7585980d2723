"""Whole calls over real sockets, against a stand-in of a bridge."""

import asyncio
import json
import socket
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import pytest

from tests.caller.sounds import hush, tone
from tests.caller.stand_in import ANSWER_MS, GREETING_MS, TOKEN, Manners, StandIn, plain_twiml, stand_in
from twilio_rt_cli.caller import events
from twilio_rt_cli.caller.behaviour import Patience
from twilio_rt_cli.caller.client import SimulatedCall, place_call
from twilio_rt_cli.caller.line import LineQuality
from twilio_rt_cli.caller.report import CallReport
from twilio_rt_cli.caller.route import Signer
from twilio_rt_cli.caller.script import (
    BargeIn,
    Dtmf,
    HangUp,
    Pause,
    Say,
    Script,
    Step,
    Utterance,
    WaitAnswer,
    WaitGreeting,
)
from twilio_rt_cli.errors import CredentialsError, UnreachableError
from twilio_rt_cli.protocol.signature import Algorithm

QUICK = Patience(quiet_ms=60, answer_s=5)
HELLO = Utterance("hello", tone(120) + hush(40))
MORE = Utterance("more", tone(200))
SHORT: Script = (WaitGreeting(limit_s=3), Say(HELLO), WaitAnswer(limit_s=3), HangUp())


def plan(target: str, *script: Step) -> SimulatedCall:
    return SimulatedCall(target, script or SHORT, Signer(TOKEN), patience=QUICK, longest_verb_s=0.01)


def place(
    wanted: Callable[[StandIn], SimulatedCall],
    manners: Manners | None = None,
    *,
    named: str | None = None,
    twiml: Callable[[StandIn, str], str] = plain_twiml,
    watch: Callable[[events.CallEvent], None] = lambda _: None,
) -> tuple[CallReport, StandIn]:
    async def call() -> tuple[CallReport, StandIn]:
        async with asyncio.timeout(20), stand_in(manners, named=named, twiml=twiml) as bridge:
            report = await place_call(wanted(bridge), hang_up=asyncio.Event(), watch=watch)
            return report, bridge

    return asyncio.run(call())


def to_bridge(bridge: StandIn) -> SimulatedCall:
    return plan(bridge.origin)


def to_stream(bridge: StandIn) -> SimulatedCall:
    return plan(f"ws://127.0.0.1:{bridge.port}/media")


@pytest.fixture(scope="module")
def good_call() -> tuple[CallReport, StandIn]:
    """One call that goes as it should, looked at by several tests."""
    return place(to_bridge)


def test_a_call_goes_from_webhook_to_hang_up_and_everything_is_signed(good_call: tuple[CallReport, StandIn]) -> None:
    report, bridge = good_call

    assert report.failures == []
    assert report.violations == []
    assert report.ended == "the caller hung up"
    assert [request.path for request in bridge.requests if request.path != "/stream-status"] == [
        "/incoming-call",
        "/media-stream/tok",
    ]
    assert all(request.signed for request in bridge.requests)
    assert bridge.kinds()[:2] == ["connected", "start"]
    assert bridge.kinds()[-1] == "stop"


def test_the_webhook_carries_twilios_parameters(good_call: tuple[CallReport, StandIn]) -> None:
    report, bridge = good_call
    form = dict(bridge.requests[0].form)

    assert form["CallSid"] == report.call_sid
    assert len(form["CallSid"]) == len(form["AccountSid"]) == 34
    assert (form["CallSid"][:2], form["AccountSid"][:2]) == ("CA", "AC")
    assert (form["CallStatus"], form["Direction"], form["ApiVersion"]) == ("ringing", "inbound", "2010-04-01")
    assert form["From"] == form["Caller"] == "+14155550142"
    assert form["CallerName"] == ""


def test_start_names_the_call_and_the_twimls_parameters(good_call: tuple[CallReport, StandIn]) -> None:
    report, bridge = good_call
    start = bridge.frames[1]

    assert start["event"] == "start"
    details = start["start"]
    assert isinstance(details, dict)
    assert details["callSid"] == report.call_sid
    assert details["customParameters"] == {"who": "tester"}
    assert details["accountSid"] == dict(bridge.requests[0].form)["AccountSid"]


def test_the_figures_are_those_of_the_call(good_call: tuple[CallReport, StandIn]) -> None:
    report, _ = good_call

    assert report.webhook_ms is not None
    assert 0 < report.webhook_ms < 2000
    assert report.connect_ms is not None
    assert report.first_audio_ms is not None
    assert 0 < report.first_audio_ms < 1000
    (turn,) = report.turns
    assert turn.caller == "hello"
    assert turn.v2v_ms is not None
    assert 180 < turn.v2v_ms < 800  # the stand-in waits for 200 ms of silence; the 40 ms at the end do not count
    assert abs(len(turn.audio) - ANSWER_MS * 8) < 10
    assert report.greeting is not None
    assert len(report.greeting.audio) == GREETING_MS * 8
    assert (report.counters.marks_received, report.counters.marks_echoed) == (2, 2)
    assert report.counters.frames_received == 2


def test_both_sides_are_recorded_on_one_clock(good_call: tuple[CallReport, StandIn]) -> None:
    report, _ = good_call

    assert len(report.caller_track) == len(report.agent_track)
    assert tone(120) in report.caller_track
    assert tone(GREETING_MS) in report.agent_track
    assert report.agent_track.index(tone(GREETING_MS)) < report.caller_track.index(tone(120))


def test_the_stream_status_callback_is_told(good_call: tuple[CallReport, StandIn]) -> None:
    report, bridge = good_call
    told = [dict(request.form) for request in bridge.requests if request.path == "/stream-status"]

    assert [status["StreamEvent"] for status in told] == ["stream-started", "stream-stopped"]
    assert {status["CallSid"] for status in told} == {report.call_sid}
    assert told[0]["StreamSid"].startswith("MZ")


def test_nothing_of_the_tail_runs_when_the_caller_hangs_up(good_call: tuple[CallReport, StandIn]) -> None:
    _, bridge = good_call

    assert "/stream-ended" not in bridge.paths()


def test_the_tail_runs_when_the_server_ends_the_stream() -> None:
    report, bridge = place(to_bridge, Manners(closes_after=1))

    assert report.failures == []  # everything was said, so the agent may hang up
    assert report.executed == [f"redirects to {bridge.origin}/stream-ended"]
    assert report.ended == "the bridge hung up"
    assert dict(bridge.requests[-1].form or bridge.requests[-2].form)["CallSid"] == report.call_sid


def test_a_server_that_ends_the_call_too_early_fails_it() -> None:
    report, _ = place(to_bridge, Manners(closes_after=0))

    assert report.failures == ["the server closed the socket (1000) before the caller had said everything"]


def test_a_bad_close_code_is_a_breach() -> None:
    report, _ = place(to_bridge, Manners(closes_after=1, close_code=1011))

    assert [(breach.code, breach.text) for breach in report.violations] == [(31921, "the socket was closed with 1011")]


def test_with_an_action_the_verbs_after_the_stream_never_run() -> None:
    def twiml(bridge: StandIn, path: str) -> str:
        document = plain_twiml(bridge, path)
        return document.replace("<Connect>", '<Connect action="/after">')

    report, bridge = place(to_bridge, Manners(closes_after=1), twiml=twiml)

    assert "/after" in bridge.paths()
    assert "/stream-ended" not in bridge.paths()
    assert report.ended == "the TwiML ended"


def test_the_caller_is_cut_in_on_and_the_agent_cleared() -> None:
    script = (WaitGreeting(), Say(HELLO), BargeIn(MORE, after_ms=200), WaitAnswer(limit_s=3), HangUp())

    report, _ = place(lambda bridge: plan(bridge.origin, *script), Manners(answer_ms=1500))

    assert report.failures == []
    (cut,) = report.barge_ins
    assert cut.stop_ms is not None
    assert cut.heard_ms is not None
    assert 0 <= cut.stop_ms < 300
    assert 150 <= cut.heard_ms < 700
    assert abs(len(report.turns[0].audio) / 8 - cut.heard_ms) < 1
    assert report.turns[1].v2v_ms is not None


def test_an_agent_that_cannot_be_interrupted_fails_the_call() -> None:
    script = (WaitGreeting(), Say(HELLO), BargeIn(MORE, after_ms=100), HangUp())
    impatient = replace(QUICK, talk_over_ms=160)

    report, _ = place(
        lambda bridge: replace(plan(bridge.origin, *script), patience=impatient),
        Manners(answer_ms=1500, clears=False),
    )

    assert report.failures == ["the agent talked on for 160 ms when it was interrupted by “more”"]
    assert report.barge_ins[0].stop_ms is None


def test_keys_are_sent_as_dtmf() -> None:
    _, bridge = place(lambda bridge: plan(bridge.origin, Dtmf("42#"), HangUp()))
    pressed = [frame["dtmf"] for frame in bridge.frames if frame["event"] == "dtmf"]

    assert pressed == [{"track": "inbound_track", "digit": digit} for digit in "42#"]


def test_breaches_of_the_server_are_listed_and_the_call_goes_on() -> None:
    extra = [
        '{"event":"mark","streamSid":"SID","mark":{"name":"x"},"sequenceNumber":"1"}',
        '{"event":"clear","streamSid":"MZ-of-another"}',
    ]
    report, _ = place(to_bridge, Manners(extra=extra))

    assert [breach.code for breach in report.violations] == [31951, 31951]
    assert report.failures == []


def test_a_media_server_is_dialled_directly() -> None:
    report, bridge = place(to_stream)

    assert report.failures == []
    assert report.webhook_ms is None
    assert report.connect_ms is not None
    assert [(request.method, request.path, request.signed) for request in bridge.requests] == [
        ("UPGRADE", "/media", True)
    ]


def test_signing_as_another_origin_keeps_the_way_we_were_given() -> None:
    report, bridge = place(
        lambda bridge: replace(plan(bridge.origin), sign_as="https://bridge.example"),
        Manners(closes_after=1),
        named="https://bridge.example",
    )

    assert report.failures == []
    assert all(request.signed for request in bridge.requests)
    assert {request.headers["host"] for request in bridge.requests} == {"bridge.example"}
    assert {"/incoming-call", "/media-stream/tok", "/stream-ended"} <= set(bridge.paths())


def test_a_shared_key_signs_with_sha256() -> None:
    signer = Signer(TOKEN, Algorithm.HMAC_SHA256)

    _, bridge = place(lambda bridge: replace(plan(bridge.origin), signer=signer))

    assert all(request.signed for request in bridge.requests)
    assert "algorithm=HMAC_SHA256" in bridge.requests[0].headers["x-twilio-webhooks-signature-settings"]


def test_without_a_token_nothing_is_signed() -> None:
    report, bridge = place(lambda bridge: replace(plan(bridge.origin), signer=Signer()))

    assert report.failures == []
    assert not any(request.signed for request in bridge.requests)
    assert "x-twilio-signature" not in bridge.requests[0].headers


def test_a_refused_signature_is_told_as_such() -> None:
    report, _ = place(to_bridge, twiml=lambda _bridge, _path: "403")

    assert isinstance(report.trouble, CredentialsError)
    assert "/incoming-call refused our signature" in report.trouble.message
    assert report.first_audio_ms is None


def test_a_refused_upgrade_is_told_and_the_tail_runs() -> None:
    report, bridge = place(to_bridge, Manners(upgrade_status=403))

    assert isinstance(report.trouble, CredentialsError)
    assert report.failures == ["the media socket /media-stream/tok was refused with 403 (Twilio 31920)"]
    assert "/stream-ended" in bridge.paths()
    told = [dict(request.form) for request in bridge.requests if request.path == "/stream-status"]
    assert told[0]["StreamEvent"] == "stream-error"
    assert "refused with 403" in told[0]["StreamError"]


def test_a_bridge_that_is_not_there_is_unreachable() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        for target in (f"http://127.0.0.1:{port}", f"ws://127.0.0.1:{port}/media"):
            report = asyncio.run(place_call(plan(target), hang_up=asyncio.Event()))

            assert isinstance(report.trouble, UnreachableError)
            assert report.failures


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        ("500", "/incoming-call answered 500 (Twilio 11200)"),
        ("hello", "/incoming-call answered text/plain, not text/xml (Twilio 12300)"),
        ("<Response><Say>Hi</Say>", "/incoming-call: the answer is not well-formed XML"),
        ("<Response><Reject reason='busy'/></Response>", "the call was rejected as busy"),
        ("<Response><Enqueue/></Response>", "<Enqueue> is not a verb of this phone (Twilio 12200)"),
        ("<Response><Redirect>/incoming-call</Redirect></Response>", "more than 10 documents"),
        (
            '<Response><Connect><Stream url="ws://bridge.example/m"/></Connect></Response>',
            "the stream's URL must be wss://, not ws://bridge.example/m (Twilio 31922)",
        ),
        (
            '<Response><Connect><Stream url="ws://127.0.0.1.evil.example/m"/></Connect></Response>',
            "the stream's URL must be wss://, not ws://127.0.0.1.evil.example/m (Twilio 31922)",
        ),
        (
            '<Response><Connect><Stream url="wss://h/m" track="both_tracks"/></Connect></Response>',
            "a <Connect><Stream> has no track 'both_tracks' (Twilio 31941)",
        ),
    ],
)
def test_bad_answers_of_the_webhook_fail_the_call(answer: str, failure: str) -> None:
    report, _ = place(to_bridge, twiml=lambda _bridge, _path: answer)

    assert report.failures[0].startswith(failure)
    assert report.turns == []


def test_other_verbs_are_executed_in_order() -> None:
    document = (
        "<Response><Say>One moment.</Say><Pause length='2'/><Play>/music.wav</Play><Dial>+14155550199</Dial>"
        "<Say>Goodbye.</Say></Response>"
    )
    report, bridge = place(to_bridge, twiml=lambda _bridge, _path: document)

    assert report.executed == [
        "says “One moment.”",
        "pauses 2 s",
        "plays /music.wav",
        "would dial +14155550199",
        "says “Goodbye.”",
    ]
    assert bridge.paths() == ["/incoming-call", "/music.wav"]
    assert report.failures == ["the bridge took the call without a media stream"]


def test_say_is_spoken_into_the_recording() -> None:
    async def call() -> CallReport:
        async with stand_in(twiml=lambda _bridge, _path: "<Response><Say>Sorry</Say></Response>") as bridge:
            return await place_call(plan(bridge.origin), hang_up=asyncio.Event(), speak=lambda _: tone(500))

    assert tone(500) in asyncio.run(call()).agent_track


def test_the_call_ends_after_its_duration() -> None:
    report, bridge = place(lambda bridge: replace(plan(bridge.origin, Pause(60_000)), duration_s=0.4))

    assert report.failures == []
    assert bridge.kinds()[-1] == "stop"
    assert 250 < len(report.caller_track) / 8 < 600


def test_the_caller_hangs_up_when_told_to() -> None:
    async def call() -> tuple[CallReport, list[object]]:
        hang_up = asyncio.Event()

        def watch(event: events.CallEvent) -> None:
            if isinstance(event, events.AgentSpoke):
                hang_up.set()

        async with asyncio.timeout(10), stand_in() as bridge:
            report = await place_call(plan(bridge.origin, Pause(60_000)), hang_up=hang_up, watch=watch)
            await bridge.callbacks.wait()
            return report, bridge.kinds()

    report, kinds = asyncio.run(call())

    assert report.failures == ["stopped before the script was over"]
    assert report.stopped
    assert kinds[-1] == "stop"


def test_a_bad_line_loses_frames_and_delays_what_arrives() -> None:
    quality = LineQuality(loss_percent=20, latency_ms=100)

    report, bridge = place(lambda bridge: replace(plan(bridge.origin), quality=quality, seed=5))

    assert report.failures == []
    assert report.frames_lost > 5
    assert report.first_audio_ms is not None
    assert report.first_audio_ms >= 200
    sequence = [int(str(frame["sequenceNumber"])) for frame in bridge.frames[1:]]
    assert sequence == list(range(1, len(sequence) + 1))
    stamps = [int(media["timestamp"]) for frame in bridge.frames if isinstance(media := frame.get("media"), dict)]
    assert {later - earlier for earlier, later in pairwise(stamps)} > {20}


def test_frames_come_on_an_absolute_clock() -> None:
    _, bridge = place(lambda bridge: plan(bridge.origin, Pause(600), HangUp()))
    media = [frame for frame in bridge.frames if frame["event"] == "media"]

    assert 29 <= len(media) <= 32


def test_what_happens_is_told_as_it_happens() -> None:
    told: list[events.CallEvent] = []
    place(to_bridge, Manners(closes_after=1), watch=told.append)

    assert [type(event).__name__ for event in told] == [
        "Answered",
        "StreamOpened",
        "AgentSpoke",
        "CallerSpoke",
        "AgentSpoke",
        "Executed",
        "Ended",
    ]


def test_the_frames_are_json_that_twilio_could_have_sent(good_call: tuple[CallReport, StandIn]) -> None:
    _, bridge = good_call

    assert all(isinstance(frame["sequenceNumber"], str) for frame in bridge.frames[1:])
    assert json.dumps(bridge.frames[0]) == '{"event": "connected", "protocol": "Call", "version": "1.0.0"}'

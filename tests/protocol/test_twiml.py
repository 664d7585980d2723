"""TwiML: what we answer, to the letter, and what the simulated phone reads out of anybody's document."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twilio.twiml import voice_response  # type: ignore[import-untyped]

from twilio_rt_cli.errors import LocalProtocolError
from twilio_rt_cli.protocol.twiml import (
    Connect,
    Dial,
    Hangup,
    Pause,
    Play,
    Redirect,
    Reject,
    Say,
    Stream,
    TwimlError,
    UnknownVerb,
    busy,
    connect_stream,
    hangup,
    parse,
    say_and_hangup,
)

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # other tests share the cores
HEAD = '<?xml version="1.0" encoding="UTF-8"?>'


def test_a_call_is_connected_without_action_and_with_a_tail() -> None:
    xml = connect_stream(
        "wss://example.com/media-stream/tok", "https://example.com/stream-status", "https://example.com/stream-ended"
    )
    assert xml == (
        HEAD + '<Response><Connect><Stream url="wss://example.com/media-stream/tok"'
        ' statusCallback="https://example.com/stream-status" statusCallbackMethod="POST" /></Connect>'
        '<Redirect method="POST">https://example.com/stream-ended</Redirect></Response>'
    )
    stream = Stream("wss://example.com/media-stream/tok", status_callback="https://example.com/stream-status")
    assert parse(xml) == (Connect(stream), Redirect("https://example.com/stream-ended"))


@pytest.mark.parametrize(
    "url",
    [
        "https://h/s",
        "wss://h/s?token=1",
        "wss://h/s?",
        "wss://h/s#x",
        "wss://",
        "wss:///s",
        "/media-stream/x",
        "wss://h/a b",
        "wss://h/s\n",
        "",
    ],
)
def test_a_stream_url_that_twilio_would_not_dial_is_our_own_mistake(url: str) -> None:
    with pytest.raises(LocalProtocolError):
        connect_stream(url, "https://h/status", "https://h/ended")


def test_a_message_is_said_before_the_hang_up() -> None:
    assert say_and_hangup("Fish & <chips>") == (
        HEAD + "<Response><Say>Fish &amp; &lt;chips&gt;</Say><Hangup /></Response>"
    )
    assert parse(busy("All lines are busy.")) == (Say("All lines are busy."), Hangup())


def test_a_blank_message_is_left_out() -> None:
    assert say_and_hangup("  ") == hangup() == HEAD + "<Response><Hangup /></Response>"


@unhurried
@given(st.text())
def test_any_message_makes_a_document_that_can_be_sent_and_read(message: str) -> None:
    xml = say_and_hangup(message)
    xml.encode()
    assert parse(xml)[-1] == Hangup()


@unhurried
@given(st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=1))
def test_a_message_arrives_as_it_was_written(message: str) -> None:
    words = " ".join(message.split())
    assert parse(say_and_hangup(message)) == ((Say(words),) if words else ()) + (Hangup(),)


def test_every_verb_is_read() -> None:
    assert parse(
        """<?xml version="1.0"?>
        <Response>
          <!-- a comment -->
          <Say voice="alice" loop="0">Good <emphasis>morning</emphasis>,
             caller</Say>
          <Play loop="2">https://example.com/a.wav</Play>
          <Play digits="ww12"/>
          <Pause length="3"/><Pause/>
          <Dial action="/done" method="get" timeout="9">+15550100</Dial>
          <Dial><Number>+15550101</Number><Sip>sip:a@example.com</Sip></Dial>
          <Redirect method="GET"> https://example.com/next?a=1&amp;b=2 </Redirect>
          <Reject reason="busy"/><Reject/>
          <Gather/>
          <Hangup/>
        </Response>"""
    ) == (
        Say("Good morning, caller", loop=0),
        Play("https://example.com/a.wav", loop=2),
        Play("", digits="ww12"),
        Pause(3),
        Pause(1),
        Dial(("+15550100",), action="/done", method="GET", timeout_s=9),
        Dial(("+15550101", "sip:a@example.com")),
        Redirect("https://example.com/next?a=1&b=2", "GET"),
        Reject("busy"),
        Reject("rejected"),
        UnknownVerb("Gather"),
        Hangup(),
    )


def test_a_stream_keeps_its_attributes_and_parameters() -> None:
    xml = """<Response><Connect action="/after" method="GET"><Stream url=" wss://h/s " track="both_tracks" name="n"
        statusCallback="https://h/status" statusCallbackMethod="GET">
        <Parameter name="a" value="1"/><Parameter name="b"/></Stream></Connect></Response>"""
    stream = Stream("wss://h/s", "both_tracks", "https://h/status", "GET", (("a", "1"), ("b", "")), "n")
    assert parse(xml) == (Connect(stream, action="/after", method="GET"),)


def test_a_connect_to_something_else_has_no_stream() -> None:
    assert parse("<Response><Connect><Room>r</Room></Connect></Response>") == (Connect(None),)


def test_the_sdks_own_documents_are_read() -> None:
    response, connect = voice_response.VoiceResponse(), voice_response.Connect()
    connect.stream(url="wss://h/s", name="n").parameter(name="token", value="ä & b")
    response.append(connect)
    response.say("Good bye")
    assert parse(str(response)) == (
        Connect(Stream("wss://h/s", parameters=(("token", "ä & b"),), name="n")),
        Say("Good bye"),
    )


@pytest.mark.parametrize("length", ["-1", "1.5", "x", "", "٣", "9" * 5000])
def test_a_bad_number_is_the_default(length: str) -> None:
    assert parse(f'<Response><Pause length="{length}"/></Response>') == (Pause(1),)


@pytest.mark.parametrize(
    "xml",
    [
        "",
        "   ",
        "hello",
        "<Response>",
        "<Response><Say></Response>",
        "<html/>",
        "{}",
        "<Response>\x00</Response>",
        "<Response>\ud800</Response>",
        '<Response><Say a="1" a="2"/></Response>',
        '<!DOCTYPE r [<!ENTITY a "b">]><Response><Say>&a;</Say></Response>',
    ],
)
def test_what_twilio_could_not_execute_is_a_twiml_error(xml: str) -> None:
    with pytest.raises(TwimlError, match="12100"):
        parse(xml)


def test_deep_nesting_is_only_an_unknown_verb() -> None:
    deep = "<Response>" + "<a>" * 20_000 + "</a>" * 20_000 + "</Response>"
    assert parse(deep) == (UnknownVerb("a"),)


def test_no_verbs_is_an_empty_tuple() -> None:
    assert parse("<Response/>") == ()

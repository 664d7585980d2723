"""What would change, and how it is said."""

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from twilio_rt_cli.numbers.plan import Change, echo_url, plan, shown, webhook_url, without_password
from twilio_rt_cli.protocol import twiml
from twilio_rt_cli.twilio_api import Number, VoiceConfig

DEMO = "https://demo.twilio.com/welcome/voice/"
APOLOGY = "I'm sorry, we can't take your call right now. Please try again in a few minutes. Goodbye."
OURS = webhook_url("https://ab12.ngrok.app/")


def number(**voice: str) -> Number:
    return Number(
        sid="PN1",
        phone_number="+14155550100",
        friendly_name="Support line",
        voice_capable=True,
        voice=replace(VoiceConfig(voice_method="POST", voice_fallback_method="POST"), **voice),
    )


def test_the_webhook_is_asked_by_post_and_an_apology_stands_behind_it() -> None:
    change = plan(number(voice_url="https://prod.example.com/answer", voice_method="GET"), OURS)
    assert change.after == VoiceConfig(
        voice_url="https://ab12.ngrok.app/incoming-call",
        voice_method="POST",
        voice_fallback_url=echo_url(APOLOGY),
        voice_fallback_method="POST",
    )
    assert change.needed
    assert change.lines() == [
        "  voice_url              https://prod.example.com/answer → https://ab12.ngrok.app/incoming-call",
        "  voice_method           GET → POST",
        "  voice_fallback_url     (none) → https://twimlets.com/echo?Twiml=… (an apology)",
    ]


def test_what_does_not_fit_a_line_takes_two() -> None:
    change = plan(number(voice_url="https://prod.example.com/answer", voice_fallback_url="https://x.example/"), OURS)
    assert change.lines(80) == [
        "  voice_url              https://prod.example.com/answer",
        "                       → https://ab12.ngrok.app/incoming-call",
    ]


def test_somebodys_fallback_and_status_callback_are_left_alone() -> None:
    theirs = number(
        voice_fallback_url="https://prod.example.com/sorry",
        voice_fallback_method="GET",
        status_callback="https://prod.example.com/status",
    )
    after = plan(theirs, OURS).after
    assert after == replace(theirs.voice, voice_url=OURS)


@pytest.mark.parametrize("url", ["", DEMO, "http://demo.twilio.com/docs/voice.xml"])
def test_nothing_and_twilios_demo_are_no_live_webhook(url: str) -> None:
    assert plan(number(voice_url=url), OURS).warnings() == []


def test_our_own_earlier_webhook_is_no_live_one() -> None:
    earlier = "https://cd34.ngrok.app/incoming-call"
    assert plan(number(voice_url=earlier), OURS, earlier_urls={earlier}).warnings() == []


def test_a_live_webhook_is_warned_of() -> None:
    change = plan(number(voice_url="https://prod.example.com/answer"), OURS)
    assert change.warnings() == ["+14155550100 has a live webhook."]


def test_a_number_that_is_as_it_should_be_needs_nothing() -> None:
    done = plan(number(), OURS).after
    again = plan(replace(number(), voice=done), OURS)
    assert not again.needed
    assert again.lines() == []
    assert not again.live_webhook


def overruling(change: Change) -> list[str]:
    """The fields that would still win over the webhook after this change."""
    return [name for name in ("trunk_sid", "voice_application_sid") if getattr(change.after, name)]


@pytest.mark.parametrize(
    ("name", "sid", "why"), [("trunk_sid", "TK1", "SIP trunk"), ("voice_application_sid", "AP1", "application")]
)
def test_what_wins_over_a_webhook_is_said_and_cleared_on_request(name: str, sid: str, why: str) -> None:
    kept = plan(number(**{name: sid}), OURS)
    assert overruling(kept) == [name]
    assert f"{name} {sid} is set, so its {why}" in kept.warnings()[0]
    assert not kept.warnings()[0].endswith("it is cleared.")
    cleared = plan(number(**{name: sid}), OURS, clear=True)
    assert overruling(cleared) == []
    assert cleared.warnings()[0].endswith("whatever the webhook is: it is cleared.")
    assert f"  {name:<22} {sid} → (none)" in cleared.lines()


@pytest.mark.parametrize("message", [APOLOGY, "Wir sind gleich da & <wieder>."])
def test_the_apology_is_twiml_that_twilio_says_itself(message: str) -> None:
    url = urlsplit(echo_url(message))
    assert (url.scheme, url.netloc, url.path) == ("https", "twimlets.com", "/echo")
    (document,) = parse_qs(url.query)["Twiml"]
    assert twiml.parse(document) == (twiml.Say(message, 1), twiml.Hangup())


@pytest.mark.parametrize("message", ["", " ", "x" * 500])
def test_an_apology_that_a_url_cannot_hold_is_replaced(message: str) -> None:
    assert echo_url(message) == echo_url(APOLOGY)


def test_a_webhooks_password_is_not_shown() -> None:
    url = "https://me:secret@prod.example.com:8443/answer?x=1"
    assert without_password(url) == shown(url) == "https://me:…@prod.example.com:8443/answer?x=1"
    assert without_password("https://[bad") == "https://[bad"

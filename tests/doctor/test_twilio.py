"""The account, the key and the number, by the stand-in for Twilio's REST API."""

from collections.abc import Iterator

import pytest

from tests.twilio_rest import TwilioRest, twilio_rest
from twilio_rt_cli.doctor.finding import Finding, State
from twilio_rt_cli.doctor.twilio import account_findings, clock_finding, number_findings
from twilio_rt_cli.settings.groups import TwilioSettings
from twilio_rt_cli.settings.loading import bare_settings

NUMBER = "+14155550100"
ORIGIN = "https://ab12.ngrok.app"
KEY, SECRET = "SK" + "a" * 32, "canary-canary-canary-canary"


@pytest.fixture
def rest() -> Iterator[TwilioRest]:
    with twilio_rest([NUMBER]) as running:
        yield running


def settings(rest: TwilioRest, **given: object) -> TwilioSettings:
    named = {
        "realtime_provider": "local",
        "twilio_account_sid": rest.account.sid,
        "twilio_auth_token": rest.account.auth_token,
        "twilio_api_url": rest.url,
    }
    return bare_settings(**(named | given)).twilio


def number(rest: TwilioRest, origin: str | None = ORIGIN, **given: object) -> Finding:
    [finding] = number_findings(settings(rest, **given), origin, show=False)
    assert NUMBER not in finding.message
    return finding


def test_an_account_that_is_well(rest: TwilioRest) -> None:
    [finding] = account_findings(settings(rest))
    assert finding.state is State.OK


def test_a_trial_account_is_warned_of(rest: TwilioRest) -> None:
    rest.account.type = "Trial"
    [finding] = account_findings(settings(rest))
    assert (finding.state, "trial" in finding.message) == (State.WARNING, True)


def test_a_wrong_token_and_an_api_that_is_down(rest: TwilioRest) -> None:
    [finding] = account_findings(settings(rest, twilio_auth_token=SECRET))
    assert (finding.state, finding.code, SECRET in finding.message) == (State.FAILED, 4, False)
    rest.faults.status = 503
    [finding] = account_findings(settings(rest))
    assert (finding.state, finding.code) == (State.FAILED, 5)


def test_without_an_account_it_is_named_once(rest: TwilioRest) -> None:
    nobodys = settings(rest, twilio_account_sid=None, twilio_auth_token=None)
    assert [one.state for one in account_findings(nobodys)] == [State.FAILED, State.FAILED]
    assert [one.state for one in number_findings(nobodys, None, show=False)] == [State.SKIPPED]


def test_the_api_key_is_tried_and_so_is_the_token_beside_it(rest: TwilioRest) -> None:
    rest.account.keys[KEY] = SECRET
    rest.account.number(NUMBER).voice_url = f"{ORIGIN}/incoming-call"
    both = settings(rest, twilio_api_key=KEY, twilio_api_secret=SECRET)
    assert [one.state for one in account_findings(both)] == [State.OK]
    assert {one.name: one.state for one in number_findings(both, ORIGIN, show=False)} == {
        "twilio-api-key": State.OK,
        "number": State.OK,
    }
    wrong = settings(rest, twilio_api_key=KEY, twilio_api_secret="x" * 32)
    refused, skipped = number_findings(wrong, ORIGIN, show=False)
    assert (refused.name, refused.code, skipped.state) == ("twilio-api-key", 4, State.SKIPPED)
    unknown = settings(rest, twilio_api_key=KEY, twilio_api_secret=SECRET, twilio_auth_token=None)
    [finding] = account_findings(unknown)
    assert finding.state is State.SKIPPED


@pytest.mark.parametrize(
    ("url", "origin", "state"),
    [
        (f"{ORIGIN}/incoming-call", ORIGIN, State.OK),
        ("https://me:canary@prod.example.com/answer", ORIGIN, State.WARNING),
        ("https://prod.example.com/answer", None, State.OK),
        ("https://demo.twilio.com/welcome/voice/", ORIGIN, State.WARNING),
        ("", None, State.WARNING),
    ],
)
def test_where_the_number_points(rest: TwilioRest, url: str, origin: str | None, state: State) -> None:
    rest.account.number(NUMBER).voice_url = url
    finding = number(rest, origin, twilio_phone_number=NUMBER)
    assert (finding.state, "canary" in finding.message) == (state, False)
    if state is State.WARNING:
        assert finding.hint == f"twilio-rt configure-number {rest.account.number(NUMBER).sid}"


@pytest.mark.parametrize("field", ["trunk_sid", "voice_application_sid"])
def test_what_wins_over_the_webhook_is_told(rest: TwilioRest, field: str) -> None:
    setattr(rest.account.number(NUMBER), field, "XX" + "0" * 32)
    finding = number(rest)
    assert (finding.state, field in finding.message) == (State.WARNING, True)


def test_numbers_that_cannot_be_called(rest: TwilioRest) -> None:
    rest.account.number(NUMBER).voice = False
    assert number(rest).state is State.FAILED
    assert number(rest, twilio_phone_number="+14155550999").state is State.FAILED
    rest.account.numbers.clear()
    assert number(rest).state is State.WARNING


def test_the_clock(rest: TwilioRest) -> None:
    assert clock_finding(settings(rest).twilio_api_url).state is State.OK
    rest.faults.ahead_s = 300
    finding = clock_finding(settings(rest).twilio_api_url)
    assert (finding.state, "behind Twilio's" in finding.message) == (State.WARNING, True)
    assert clock_finding(settings(rest, twilio_api_url="http://127.0.0.1:1").twilio_api_url).state is State.SKIPPED

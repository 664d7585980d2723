"""The account's REST API through the real SDK, against the stand-in on loopback."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.twilio_rest import Account as RestAccount
from tests.twilio_rest import Callee, Number, TwilioRest, twilio_rest
from twilio_rt_cli.errors import (
    CredentialsError,
    ServiceError,
    SettingsError,
    TwilioRtError,
    UnreachableError,
)
from twilio_rt_cli.twilio_api import Account, NoSuchNumberError, TwilioApi, VoiceConfig

FIRST, SECOND, THIRD = "+14155550100", "+14155550101", "+442071838750"
DEMO = "https://demo.twilio.com/welcome/voice/"


def account(rest: TwilioRest, **changes: object) -> Account:
    settings: dict[str, object] = {"account_sid": rest.account.sid, "auth_token": rest.account.auth_token}
    return Account(**settings | {"api_url": rest.url, "timeout_s": 5.0} | changes)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def running() -> Iterator[TwilioRest]:
    with twilio_rest([FIRST, Number(SECOND, "Support line"), THIRD]) as rest:
        yield rest


@pytest.fixture
def rest(running: TwilioRest) -> Iterator[TwilioRest]:
    running.requests.clear()
    yield running
    for call_sid in running.account.calls:
        running.ended(call_sid).result(10)  # their callbacks come to the stand-in itself: none may reach the next test
    running.heal()
    running.routes.largest_page = 1000
    running.routes.deaf = False


@pytest.fixture
def api(rest: TwilioRest) -> Iterator[TwilioApi]:
    with TwilioApi(account(rest)) as opened:
        yield opened


@contextmanager
def api_of(rest: TwilioRest, **changes: object) -> Iterator[TwilioApi]:
    with TwilioApi(account(rest, **changes)) as opened:
        yield opened


def refused(api: TwilioApi) -> TwilioRtError:
    with pytest.raises(TwilioRtError) as caught:
        api.numbers()
    return caught.value


# The account


def test_the_account_tells_its_type(api: TwilioApi, rest: TwilioRest) -> None:
    about = api.about()
    assert (about.sid, about.friendly_name, about.type, about.status) == (
        rest.account.sid,
        "A test account",
        "Full",
        "active",
    )
    assert not about.trial
    assert rest.account.auth_token not in repr(about)


def test_an_api_key_stands_in_for_the_token(rest: TwilioRest) -> None:
    rest.account.keys["SK1"] = "the-secret"
    with api_of(rest, auth_token="", api_key="SK1", api_secret="the-secret") as api:
        assert api.about().sid == rest.account.sid


def test_secrets_are_not_in_the_accounts_repr(rest: TwilioRest) -> None:
    told = repr(account(rest, api_key="SK1", api_secret="the-secret"))
    assert rest.account.auth_token not in told
    assert "the-secret" not in told


def test_region_edge_and_the_environment_do_not_lead_away_from_another_origin(
    rest: TwilioRest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWILIO_REGION", "ie1")
    monkeypatch.setenv("TWILIO_EDGE", "dublin")
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "another")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with api_of(rest, region="au1", edge="sydney") as api:
        assert len(api.numbers()) == 3


def test_region_and_edge_are_part_of_twilios_host_name() -> None:
    with TwilioApi(Account(account_sid="AC1", auth_token="t", region="ie1", edge="dublin")) as api:
        assert api.origin == "https://api.dublin.ie1.twilio.com"
    with TwilioApi(Account(account_sid="AC1", auth_token="t")) as api:
        assert api.origin == "https://api.twilio.com"


# Numbers


def test_all_pages_of_numbers_are_read(api: TwilioApi, rest: TwilioRest) -> None:
    rest.routes.largest_page = 1
    assert [number.phone_number for number in api.numbers()] == [FIRST, SECOND, THIRD]
    assert len(rest.requests) == 3


@pytest.mark.parametrize("wanted", [SECOND, "+1 (415) 555-0101"])
def test_a_number_is_found_by_what_people_write(wanted: str, api: TwilioApi) -> None:
    number = api.number(wanted)
    assert (number.phone_number, number.friendly_name, number.voice_capable) == (SECOND, "Support line", True)
    assert number.voice == VoiceConfig(
        voice_url=DEMO, voice_method="POST", voice_fallback_method="POST", status_callback_method="POST"
    )


def test_a_number_is_found_by_its_sid(api: TwilioApi, rest: TwilioRest) -> None:
    assert api.number(rest.account.number(THIRD).sid).phone_number == THIRD


@pytest.mark.parametrize("wanted", ["+1415555010", "+14155550199", "PN" + "0" * 32, "0171838750", "support"])
def test_an_unknown_number_is_told_with_the_list(wanted: str, api: TwilioApi, rest: TwilioRest) -> None:
    with pytest.raises(NoSuchNumberError) as caught:
        api.number(wanted)
    sid = rest.account.number(SECOND).sid
    assert wanted in caught.value.message
    assert f"\n  {SECOND}  {sid}  Support line\n" in caught.value.hint
    assert caught.value.hint.startswith("The account has:\n")


def test_several_numbers_and_none_named_are_listed(api: TwilioApi) -> None:
    with pytest.raises(SettingsError, match="The account has 3 numbers: name one") as caught:
        api.number(None)
    assert all(number in caught.value.hint for number in (FIRST, SECOND, THIRD))


def test_the_only_number_needs_no_name() -> None:
    with twilio_rest([FIRST]) as rest, api_of(rest) as api:
        assert api.number(None).phone_number == FIRST


def test_an_account_without_numbers_says_so() -> None:
    with twilio_rest([]) as rest, api_of(rest) as api:
        with pytest.raises(NoSuchNumberError, match=r"^The account has no phone number\.$"):
            api.number(None)
        with pytest.raises(NoSuchNumberError, match=r"is not a number of the account AC"):
            api.number(FIRST)


def test_only_what_differs_is_changed(rest: TwilioRest, api: TwilioApi) -> None:
    before = api.number(FIRST)
    after = VoiceConfig(**{**_fields(before.voice), "voice_url": "https://a.example/incoming-call"})
    assert api.update(before.sid, after, before.voice).voice == after
    assert rest.requests[-1].form == {"VoiceUrl": ["https://a.example/incoming-call"]}
    assert api.update(before.sid, before.voice, after).voice == before.voice
    assert api.fetch(before.sid) == before


def test_an_application_is_cleared_by_an_empty_text(rest: TwilioRest, api: TwilioApi) -> None:
    rest.account.number(FIRST).voice_application_sid = "AP1"
    before = api.number(FIRST)
    assert before.voice.voice_application_sid == "AP1"
    after = VoiceConfig(**{**_fields(before.voice), "voice_application_sid": ""})
    assert api.update(before.sid, after, before.voice).voice.voice_application_sid == ""


def test_a_number_that_is_gone_is_told(api: TwilioApi) -> None:
    with pytest.raises(NoSuchNumberError, match=r"^The account has no number PN0 \(Twilio 20404\)\.$"):
        api.fetch("PN0")


def _fields(voice: VoiceConfig) -> dict[str, str]:
    return {name: getattr(voice, name) for name in VoiceConfig.__dataclass_fields__}


# Calls


def test_a_call_is_placed_as_asked(rest: TwilioRest, api: TwilioApi) -> None:
    rest.network.callee = Callee(answers=False, how_not="busy")
    call = api.start_call(
        SECOND, FIRST, "https://a.example/incoming-call", status_callback=rest.url + "/told", time_limit_s=60
    )
    assert (call.sid[:2], call.status, call.duration_s, call.price) == ("CA", "queued", None, "")
    assert rest.requests[0].form == {
        "To": [SECOND],
        "From": [FIRST],
        "Url": ["https://a.example/incoming-call"],
        "TimeLimit": ["60"],
        "StatusCallback": [rest.url + "/told"],
        "StatusCallbackEvent": ["initiated", "ringing", "answered", "completed"],
    }


def test_a_call_that_is_over_cannot_be_changed(rest: TwilioRest, api: TwilioApi) -> None:
    rest.network.callee = Callee(answers=False)
    call = api.start_call(SECOND, FIRST, "https://a.example/x", status_callback=None, time_limit_s=60)
    rest.ended(call.sid).result(10)
    now = api.call(call.sid)
    assert (now.status, now.over) == ("no-answer", True)
    with pytest.raises(ServiceError, match=r"^Twilio would not end the call: .* \(Twilio 21220\)\.$"):
        api.hang_up(call.sid)
    with pytest.raises(ServiceError, match=r"^Twilio would not redirect the call: .* \(Twilio 21220\)\.$"):
        api.redirect(call.sid, twiml="<Response/>")


@pytest.mark.parametrize(
    ("to", "source", "kind", "code"),
    [
        ("", FIRST, SettingsError, 21201),
        ("555", FIRST, SettingsError, 21211),
        (SECOND, "555", SettingsError, 21212),
        (SECOND, "", SettingsError, 21213),
        (SECOND, "+14155550177", SettingsError, 21210),
    ],
)
def test_a_wrong_argument_is_the_persons_to_mend(
    to: str, source: str, kind: type[TwilioRtError], code: int, api: TwilioApi
) -> None:
    with pytest.raises(kind, match=rf"^Twilio would not place the call: .* \(Twilio {code}\)\.$") as caught:
        api.start_call(to, source, "https://a.example/x", status_callback=None, time_limit_s=60)
    assert caught.value.hint


def test_a_url_that_is_none_is_told(api: TwilioApi) -> None:
    with pytest.raises(SettingsError, match="21205"):
        api.start_call(SECOND, FIRST, "ftp://a.example", status_callback=None, time_limit_s=60)


def test_a_trial_account_calls_verified_numbers_only() -> None:
    with twilio_rest([FIRST], account=RestAccount(type="Trial")) as rest, api_of(rest) as api:
        assert api.about().trial
        with pytest.raises(ServiceError, match="21219") as caught:
            api.start_call(SECOND, FIRST, "https://a.example/x", status_callback=None, time_limit_s=60)
        assert "upgrade" in caught.value.hint


def test_an_unknown_call_is_told(api: TwilioApi) -> None:
    with pytest.raises(ServiceError, match=r"Twilio would not show the call: .*\(Twilio 20404\)") as caught:
        api.call("CA0")
    assert "another account or region" in caught.value.hint


# What goes wrong


@pytest.mark.parametrize("changes", [{"auth_token": "wrong"}, {"api_key": "SK1", "api_secret": "wrong-secret"}])
def test_wrong_credentials(changes: dict[str, str], rest: TwilioRest) -> None:
    with api_of(rest, **changes) as api:
        for question in (api.numbers, api.about, lambda: api.fetch("PN0")):
            with pytest.raises(
                CredentialsError, match=r"^Twilio does not take these credentials \(Twilio 20003\)\.$"
            ) as it:
                question()
            assert ("TWILIO_API_KEY" in it.value.hint) is ("api_key" in changes)
            assert "wrong" not in f"{it.value.message}{it.value.hint}"


CODES = {
    10004: ServiceError,
    13224: ServiceError,
    20005: ServiceError,
    20006: CredentialsError,
    20008: ServiceError,
    20429: ServiceError,
    21202: ServiceError,
    21203: ServiceError,
    21214: ServiceError,
    21215: ServiceError,
    21216: ServiceError,
    21217: SettingsError,
    21218: ServiceError,
    21402: SettingsError,
}


@pytest.mark.parametrize("problem", [False, True])
@pytest.mark.parametrize("code", CODES)
def test_every_refusal_has_its_code_and_a_hint(code: int, problem: bool, rest: TwilioRest, api: TwilioApi) -> None:
    rest.faults.code, rest.faults.problem = code, problem
    for question in (api.numbers, lambda: api.hang_up("CA0")):
        with pytest.raises(TwilioRtError) as caught:
            question()
        assert type(caught.value) is CODES[code]
        assert f"(Twilio {code})." in caught.value.message
        assert caught.value.hint


def test_a_failure_in_the_middle_of_a_list(rest: TwilioRest, api: TwilioApi) -> None:
    rest.routes.largest_page, rest.faults.spares, rest.faults.code = 1, 2, 20429
    error = refused(api)
    assert error.message == "Twilio would not list the account's numbers: Too Many Requests (Twilio 20429)."


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_server_error_means_unreachable(status: int, rest: TwilioRest, api: TwilioApi) -> None:
    rest.faults.status = status
    error = refused(api)
    assert isinstance(error, UnreachableError)
    assert error.message == f"Twilio's API failed to list the account's numbers: it answered {status}."


def test_a_status_without_a_code(rest: TwilioRest, api: TwilioApi) -> None:
    rest.faults.status = 418
    assert refused(api).message == "Twilio would not list the account's numbers: it answered 418."


@pytest.mark.parametrize("text", ["<html>hello</html>", "[]", "{}", '{"incoming_phone_numbers": [1]}', "null"])
def test_an_answer_that_is_not_twilios(text: str, rest: TwilioRest, api: TwilioApi) -> None:
    rest.faults.text = text
    error = refused(api)
    assert isinstance(error, ServiceError)
    assert error.message == f"{rest.url} answered something that is not the Twilio API."


def test_a_dropped_connection(rest: TwilioRest, api: TwilioApi) -> None:
    rest.faults.drops = True
    error = refused(api)
    assert isinstance(error, UnreachableError)
    assert error.message == f"{rest.url} broke the connection off."


def test_no_answer_in_time() -> None:
    with twilio_rest() as rest, api_of(rest, timeout_s=0.2) as api:
        rest.faults.silent = True
        error = refused(api)
        assert isinstance(error, UnreachableError)
        assert error.message == f"{rest.url} did not answer within 0.2 s."


def test_nobody_listens() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        with TwilioApi(Account(account_sid="AC1", auth_token="t", api_url=url)) as api:
            error = refused(api)
    assert isinstance(error, UnreachableError)
    assert error.message == f"{url} cannot be reached: connection refused."

"""Refusals in words, where the stand-in cannot bring them about."""

import socket

import pytest
from requests import exceptions
from twilio.base.exceptions import TwilioRestException  # type: ignore[import-untyped]

from twilio_rt_cli.errors import CredentialsError, ServiceError
from twilio_rt_cli.twilio_api.account import Account
from twilio_rt_cli.twilio_api.refusals import TwilioRefusal, refusal_error, refusal_of, unreachable

TOKEN = "0123456789abcdef0123456789abcdef"
ACCOUNT = Account(account_sid="AC1", auth_token=TOKEN, region="ie1")
ORIGIN = "https://api.twilio.com"


def test_no_secret_and_no_power_over_the_terminal_comes_with_a_message() -> None:
    error = refusal_error(TwilioRefusal(400, 21999, f"\x1b[31mno\n{TOKEN}" + "x" * 999), "place the call", ACCOUNT)
    assert isinstance(error, ServiceError)
    assert TOKEN not in error.message
    assert error.message.isprintable()
    assert len(error.message) < 400
    assert error.message.startswith("Twilio would not place the call: [31mno …xxx")
    assert error.hint == "More: https://www.twilio.com/docs/api/errors/21999"


def test_the_sdks_own_prefix_is_left_out() -> None:
    refusal = refusal_of(TwilioRestException(400, "/x", "Unable to create record: It is wrong.", 21999))
    assert refusal == TwilioRefusal(400, 21999, "It is wrong.")


def test_an_exception_without_an_answer_is_no_refusal() -> None:
    assert refusal_of(ValueError("no")) is None
    assert refusal_of(ValueError("no", "answer")) is None


def test_a_regions_credentials_are_its_own() -> None:
    error = refusal_error(TwilioRefusal(401, 20003, "Authenticate"), "show the account", ACCOUNT)
    assert isinstance(error, CredentialsError)
    assert error.hint.endswith("They must be those of the region ie1.")


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (exceptions.ConnectTimeout(), f"{ORIGIN} did not answer within 10 s."),
        (exceptions.ReadTimeout(), f"{ORIGIN} did not answer within 10 s."),
        (exceptions.SSLError("x"), f"{ORIGIN} does not speak TLS as it should."),
        (exceptions.ProxyError("http://me:pass@proxy"), f"The proxy on the way to {ORIGIN} did not let us through."),
        (exceptions.InvalidURL("x"), f"{ORIGIN} cannot be reached."),
    ],
)
def test_every_way_not_to_get_an_answer(error: Exception, message: str) -> None:
    assert unreachable(error, ORIGIN, 10).message == message


def test_a_name_that_does_not_exist() -> None:
    error = exceptions.ConnectionError("x")
    error.__context__ = socket.gaierror(-2, "Name or service not known")
    assert unreachable(error, ORIGIN, 10).message == f"{ORIGIN} cannot be found: there is no such name."

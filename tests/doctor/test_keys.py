"""Keys by their looks."""

import pytest

from twilio_rt_cli.doctor.finding import Finding, State
from twilio_rt_cli.doctor.keys import key_findings
from twilio_rt_cli.settings.loading import bare_settings

TOKEN = "0123456789abcdef0123456789abcdef"
SECRET = "canary-canary-canary-canary"


def found(**given: object) -> dict[str, Finding]:
    settings = bare_settings(**({"openai_api_key": "sk-" + "x" * 40} | given))
    return {one.name: one for one in key_findings(settings.twilio, settings.model)}


@pytest.mark.parametrize(
    ("given", "name", "state"),
    [
        ({}, "openai-key", State.OK),
        ({"openai_api_key": SECRET}, "openai-key", State.FAILED),
        ({"openai_api_key": SECRET, "openai_realtime_url": "ws://127.0.0.1:9/x"}, "openai-key", State.OK),
        ({"twilio_account_sid": "AC" + TOKEN}, "twilio-sid", State.OK),
        ({"twilio_api_key": "SK" + TOKEN}, "twilio-api-key-sid", State.OK),
        ({"twilio_api_key": SECRET}, "twilio-api-key-sid", State.FAILED),
        ({}, "signatures", State.FAILED),
        ({"twilio_api_key": "SK" + TOKEN, "twilio_api_secret": SECRET}, "signatures", State.FAILED),
        ({"twilio_auth_token": TOKEN}, "signatures", State.OK),
        ({"twilio_auth_token": SECRET}, "signatures", State.WARNING),
        ({"twilio_shared_key": SECRET}, "signatures", State.OK),
        ({"twilio_auth_token": TOKEN, "twilio_validate": False}, "signatures", State.WARNING),
    ],
)
def test_what_is_said_of_keys(given: dict[str, object], name: str, state: State) -> None:
    finding = found(**given)[name]
    assert finding.state is state
    assert SECRET not in finding.message + finding.hint
    assert bool(finding.hint) == (state is not State.OK)


def test_keys_of_others_are_not_looked_at() -> None:
    assert set(found(realtime_provider="local")) == {"signatures"}

"""The account at Twilio, out of the settings."""

import pytest

from twilio_rt_cli.errors import SettingsError
from twilio_rt_cli.settings.model import bare_settings
from twilio_rt_cli.settings.parts import account_of

SID, TOKEN = "AC" + "0" * 32, "0123456789abcdef0123456789abcdef"


def test_the_token_or_the_key_opens_it() -> None:
    by_token = account_of(bare_settings(realtime_provider="local", twilio_account_sid=SID, twilio_auth_token=TOKEN))
    assert (by_token.account_sid, by_token.auth_token, by_token.by_key) == (SID, TOKEN, False)
    by_key = account_of(
        bare_settings(
            realtime_provider="local",
            twilio_account_sid=SID,
            twilio_api_key="SK1",
            twilio_api_secret="s",
            twilio_region="ie1",
            twilio_edge="dublin",
        )
    )
    assert (by_key.api_key, by_key.api_secret, by_key.by_key) == ("SK1", "s", True)
    assert (by_key.region, by_key.edge, by_key.elsewhere) == ("ie1", "dublin", False)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"twilio_auth_token": TOKEN}, "TWILIO_ACCOUNT_SID is missing."),
        (
            {"twilio_account_sid": SID},
            "TWILIO_AUTH_TOKEN is missing (or TWILIO_API_KEY and TWILIO_API_SECRET).",
        ),
        (
            {"twilio_account_sid": SID, "twilio_api_key": "SK1"},
            "TWILIO_API_SECRET is missing: the secret of TWILIO_API_KEY.",
        ),
        (
            {"twilio_account_sid": SID, "twilio_api_secret": "s"},
            "TWILIO_API_KEY is missing: the key of TWILIO_API_SECRET.",
        ),
    ],
)
def test_what_is_missing_is_named(given: dict[str, str], problem: str) -> None:
    with pytest.raises(SettingsError) as caught:
        account_of(bare_settings(realtime_provider="local", **given))
    assert caught.value.message == problem

"""What the settings become for the account at Twilio, the server, and those who hide secrets."""

import pytest

from twilio_rt_cli.errors import SettingsError
from twilio_rt_cli.settings.loading import bare_settings
from twilio_rt_cli.settings.parts import account_of, secrets_of, server_config

SID, TOKEN = "AC" + "0" * 32, "0123456789abcdef0123456789abcdef"
KEY = "sk-proj-0123456789abcdef9f2a"


def test_the_token_or_the_key_opens_it() -> None:
    by_token = account_of(
        bare_settings(realtime_provider="local", twilio_account_sid=SID, twilio_auth_token=TOKEN).twilio
    )
    assert (by_token.account_sid, by_token.auth_token, by_token.by_key) == (SID, TOKEN, False)
    by_key = account_of(
        bare_settings(
            realtime_provider="local",
            twilio_account_sid=SID,
            twilio_api_key="SK1",
            twilio_api_secret="s",
            twilio_region="ie1",
            twilio_edge="dublin",
        ).twilio
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
        account_of(bare_settings(realtime_provider="local", **given).twilio)
    assert caught.value.message == problem


def test_the_server_follows_the_settings() -> None:
    account = "AC" + "1" * 32
    config = server_config(
        bare_settings(
            openai_api_key=KEY,
            twilio_auth_token="token",
            twilio_shared_key="shared",
            twilio_account_sid=account,
            host="127.0.0.1",
            port=1,
            public_url="https://x.example",
            limit_concurrency=2,
            backlog=3,
            timeout_keep_alive=4,
            ws_ping_interval=5,
            ws_ping_timeout=6,
            ws_max_size=7000,
            drain_seconds=8,
            fallback_message="Sorry.",
            busy_message="Busy.",
        )
    )
    assert (config.host, config.port, config.public_url) == ("127.0.0.1", 1, "https://x.example")
    assert (config.limit_concurrency, config.backlog, config.keep_alive_s) == (2, 3, 4)
    assert (config.ping_interval_s, config.ping_timeout_s, config.max_message_bytes) == (5, 6, 7000)
    assert (config.auth_token, config.shared_key, config.account_sid) == ("token", "shared", account)
    assert (config.fallback_message, config.busy_message, config.drain_s) == ("Sorry.", "Busy.", 8)
    assert config.checked


def test_unchecked_is_the_same_for_settings_and_server() -> None:
    for flags in ({}, {"twilio_auth_token": "t"}, {"twilio_auth_token": "t", "twilio_validate": False}):
        settings = bare_settings(**({"openai_api_key": KEY} | flags))
        assert server_config(settings).checked is settings.twilio.checked


def test_all_secrets_are_known_to_those_who_hide_them() -> None:
    settings = bare_settings(
        openai_api_key="one", azure_openai_api_key="two", twilio_auth_token="three", twilio_shared_key="four"
    )
    assert sorted(secrets_of(settings)) == ["four", "one", "three", "two"]
    assert secrets_of(bare_settings(realtime_provider="local")) == ()

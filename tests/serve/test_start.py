"""`serve` around the server: what the settings become there."""

from twilio_rt_cli.settings.model import bare_settings
from twilio_rt_cli.settings.parts import secrets_of, server_config

KEY = "sk-proj-0123456789abcdef9f2a"


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
        assert server_config(settings).checked is settings.checked


def test_all_secrets_are_known_to_those_who_hide_them() -> None:
    settings = bare_settings(
        openai_api_key="one", azure_openai_api_key="two", twilio_auth_token="three", twilio_shared_key="four"
    )
    assert sorted(secrets_of(settings)) == ["four", "one", "three", "two"]
    assert secrets_of(bare_settings(realtime_provider="local")) == ()

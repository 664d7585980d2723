import pytest

from twilio_rt_cli.machine.environment import secret_names

OURS = ("OPENAI_API_KEY", "AZURE_OPENAI_API_KEY", "TWILIO_AUTH_TOKEN", "NGROK_AUTHTOKEN", "NGROK_API_KEY", "twilio_x")


@pytest.mark.parametrize("name", OURS)
def test_our_secrets_are_known_in_any_letters(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "x")
    assert name in secret_names()


@pytest.mark.parametrize("name", ["PATH", "NGROK_CONFIG", "MY_TWILIO_THING"])
def test_what_programs_need_is_none(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "x")
    assert name not in secret_names()

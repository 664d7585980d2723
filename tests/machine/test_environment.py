import pytest

from twilio_rt_cli.machine.environment import secret_names
from twilio_rt_cli.settings.groups import FIELDS

OURS = ("OPENAI_API_KEY", "AZURE_OPENAI_API_KEY", "TWILIO_AUTH_TOKEN", "NGROK_AUTHTOKEN", "NGROK_API_KEY", "twilio_x")
SECRETS = [name.upper() for name, field in FIELDS.items() if "SecretStr" in str(field.annotation)]


@pytest.mark.parametrize("name", OURS)
def test_our_secrets_are_known_in_any_letters(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "x")
    assert name in secret_names()


@pytest.mark.parametrize("name", SECRETS)
def test_every_secret_among_the_settings_is_known(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "x")
    assert name in secret_names(), "children would inherit it: add how it begins to _SECRETS of machine/environment.py"


@pytest.mark.parametrize("name", ["PATH", "NGROK_CONFIG", "MY_TWILIO_THING"])
def test_what_programs_need_is_none(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "x")
    assert name not in secret_names()

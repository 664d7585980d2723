"""Each provider has its settings, and whoever needs them hears of the same ones."""

from typing import get_args

import pytest

from twilio_rt_cli.errors import SettingsError
from twilio_rt_cli.models.provider import ProviderName
from twilio_rt_cli.settings.fields import setting_fields
from twilio_rt_cli.settings.groups import FIELDS, ModelSettings
from twilio_rt_cli.settings.loading import bare_settings, load_settings
from twilio_rt_cli.settings.model_access import MODEL_ACCESS, access_of, asked_of, key_of, url_of
from twilio_rt_cli.settings.parts import provider_of

PROVIDERS: tuple[ProviderName, ...] = get_args(ProviderName)


def model(**given: object) -> ModelSettings:
    return bare_settings(**({"openai_api_key": "sk-x"} | given)).model


def complete(name: ProviderName) -> dict[str, str]:
    """An address and a key, in whatever settings they belong."""
    access = MODEL_ACCESS[name]
    given = {"realtime_provider": str(name)}
    if access.url:
        given[access.url] = "wss://model.example/v1/realtime"
    if access.api_key:
        given[access.api_key] = "the-key"
    return given


def test_each_provider_has_its_settings() -> None:
    assert set(MODEL_ACCESS) == set(PROVIDERS), "MODEL_ACCESS in settings/model_access.py"
    for access in MODEL_ACCESS.values():
        assert {access.url, access.api_key} - {None} <= FIELDS.keys()
        assert access.question.endswith(".")


def test_the_meaning_of_realtime_provider_names_each() -> None:
    meaning = setting_fields()["realtime_provider"].meaning
    assert [name for name in PROVIDERS if name not in meaning] == [], "settings/groups.py, below realtime_provider"


@pytest.mark.parametrize("name", PROVIDERS)
def test_address_and_key_are_those_of_the_provider(name: ProviderName) -> None:
    given, access = complete(name), MODEL_ACCESS[name]
    settings = bare_settings(**given)
    key = key_of(settings.model)
    assert access_of(settings.model) is access
    assert url_of(settings.model) == (given[access.url] if access.url else "")
    assert (key.get_secret_value() if key else None) == (given[access.api_key] if access.api_key else None)
    found = provider_of(settings, "ws://127.0.0.1:9/v1/realtime")
    assert (found.name, found.url) == (name, url_of(settings.model) or "ws://127.0.0.1:9/v1/realtime")


@pytest.mark.parametrize("name", PROVIDERS)
def test_what_is_asked_for_is_what_is_missed(name: ProviderName, monkeypatch: pytest.MonkeyPatch) -> None:
    for one in FIELDS:
        monkeypatch.delenv(one.upper(), raising=False)
    empty = bare_settings(realtime_provider="local").having(realtime_provider=name)
    needed = [one for one, must in asked_of(empty.model).items() if must]
    if not needed:
        load_settings(realtime_provider=name)
        return
    with pytest.raises(SettingsError) as caught:
        load_settings(realtime_provider=name)
    assert caught.value.message.splitlines() == [f"{one} is missing." for one in needed]
    assert caught.value.hint == MODEL_ACCESS[name].hint != ""


def test_an_address_that_is_there_by_default_is_not_asked_for() -> None:
    assert asked_of(model()) == {"OPENAI_API_KEY": True}
    assert asked_of(model(openai_realtime_url="ws://127.0.0.1:9/v1/realtime")) == {"OPENAI_API_KEY": False}
    assert asked_of(bare_settings(realtime_provider="local").model) == {}

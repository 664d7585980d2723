"""Each provider's address and headers."""

from typing import Any, get_args

import pytest

from twilio_rt_cli.models.dialects.openai import OPENAI
from twilio_rt_cli.models.provider import Provider
from twilio_rt_cli.models.providers import PROVIDERS, endpoint
from twilio_rt_cli.settings.types import ProviderName


def test_openai_has_a_bearer_key_the_model_in_the_url_and_no_beta_header() -> None:
    one = endpoint(Provider(name="openai", url="wss://api.openai.com/v1/realtime", model="gpt-x", api_key="sk-1"))
    assert one.url == "wss://api.openai.com/v1/realtime?model=gpt-x"
    headers = dict(one.headers)
    assert headers["Authorization"] == "Bearer sk-1"
    assert headers["User-Agent"].startswith("twilio-rt/")
    assert "Python/" in headers["User-Agent"]
    assert not any(name.lower() == "openai-beta" for name in headers)


def test_a_compatible_server_gets_no_key_that_we_do_not_have() -> None:
    one = endpoint(Provider(name="openai", url="ws://127.0.0.1:8080/v1/realtime?a=b&model=old", model="m"))
    assert one.url == "ws://127.0.0.1:8080/v1/realtime?a=b&model=m"
    assert "Authorization" not in dict(one.headers)


def test_azure_has_its_own_header_and_no_api_version() -> None:
    url = "wss://r.openai.azure.com/openai/v1/realtime"
    one = endpoint(Provider(name="azure", url=url, model="my deployment", api_key="k"))
    assert one.url == f"{url}?model=my+deployment"
    assert dict(one.headers)["api-key"] == "k"


def test_the_offline_engine_gets_no_key() -> None:
    one = endpoint(Provider(name="local", url="ws://127.0.0.1:9/v1/realtime", model="offline"))
    assert {name for name, _ in one.headers} == {"User-Agent"}


@pytest.mark.parametrize("name", get_args(get_args(ProviderName)[0]))
def test_pings_are_passed_on_and_all_speak_the_dialect_of_openai(name: Any) -> None:
    one = endpoint(Provider(name=name, url="ws://x", model="m", ping_interval_s=7, ping_timeout_s=3))
    assert (one.ping_interval_s, one.ping_timeout_s, one.dialect) == (7, 3, OPENAI)


def test_each_name_that_settings_take_has_a_provider() -> None:
    assert set(PROVIDERS) == set(get_args(get_args(ProviderName)[0])), "PROVIDERS in models/providers.py"

"""From a provider's name to its endpoint."""

from dataclasses import dataclass
from typing import Literal, assert_never

from twilio_rt_cli.models.azure import azure_endpoint
from twilio_rt_cli.models.dialer import Endpoint
from twilio_rt_cli.models.local import local_endpoint
from twilio_rt_cli.models.openai import openai_endpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """Which model answers, and where."""

    name: Literal["openai", "azure", "local"]
    url: str
    """ws:// or wss:// address of the realtime route, without the model"""
    model: str
    """model, or deployment at Azure"""
    api_key: str | None = None
    ping_interval_s: float = 30.0
    ping_timeout_s: float = 30.0


def endpoint(provider: Provider) -> Endpoint:
    """The endpoint of a provider."""
    pings = {"ping_interval_s": provider.ping_interval_s, "ping_timeout_s": provider.ping_timeout_s}
    match provider.name:
        case "openai":
            return openai_endpoint(url=provider.url, model=provider.model, api_key=provider.api_key, **pings)
        case "azure":
            return azure_endpoint(url=provider.url, deployment=provider.model, api_key=provider.api_key or "", **pings)
        case "local":
            return local_endpoint(url=provider.url, model=provider.model, **pings)
        case _:
            assert_never(provider.name)

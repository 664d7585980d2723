"""The providers by name. One file a provider: a function that makes its endpoint."""

from collections.abc import Callable, Mapping

from twilio_rt_cli.models.azure import azure_endpoint
from twilio_rt_cli.models.dialer import Endpoint
from twilio_rt_cli.models.local import local_endpoint
from twilio_rt_cli.models.openai import openai_endpoint
from twilio_rt_cli.models.provider import Provider, ProviderName

PROVIDERS: Mapping[ProviderName, Callable[[Provider], Endpoint]] = {
    "openai": openai_endpoint,
    "azure": azure_endpoint,
    "local": local_endpoint,
}


def endpoint(provider: Provider) -> Endpoint:
    """The endpoint of a provider."""
    return PROVIDERS[provider.name](provider)

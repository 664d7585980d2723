"""The offline engine on loopback: the same protocol, no key."""

from twilio_rt_cli.models.dialer import Endpoint
from twilio_rt_cli.models.openai import USER_AGENT, with_model
from twilio_rt_cli.models.provider import Provider


def local_endpoint(provider: Provider) -> Endpoint:
    """The endpoint of the engine that runs."""
    return Endpoint(
        url=with_model(provider.url, provider.model),
        headers=(("User-Agent", USER_AGENT),),
        ping_interval_s=provider.ping_interval_s,
        ping_timeout_s=provider.ping_timeout_s,
    )

"""The offline engine on loopback: the same protocol, no key."""

from twilio_rt_cli.models.dialer import Endpoint
from twilio_rt_cli.models.openai import USER_AGENT, with_model


def local_endpoint(*, url: str, model: str, ping_interval_s: float, ping_timeout_s: float) -> Endpoint:
    """The endpoint of an engine that runs at this URL."""
    return Endpoint(
        url=with_model(url, model),
        headers=(("User-Agent", USER_AGENT),),
        ping_interval_s=ping_interval_s,
        ping_timeout_s=ping_timeout_s,
    )

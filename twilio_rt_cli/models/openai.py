"""OpenAI, and any server of the same protocol: bearer key, model in the URL, never a beta header."""

import platform
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from twilio_rt_cli import __version__
from twilio_rt_cli.models.dialer import Endpoint
from twilio_rt_cli.models.provider import Provider

USER_AGENT = f"twilio-rt/{__version__} Python/{platform.python_version()}"


def with_model(url: str, model: str) -> str:
    """The URL with `model` in its query; other parameters stay. (OpenAI API reference, "Realtime: connect")"""
    parts = urlsplit(url)
    query = [(name, value) for name, value in parse_qsl(parts.query) if name != "model"]
    return urlunsplit(parts._replace(query=urlencode([*query, ("model", model)])))


def openai_endpoint(provider: Provider) -> Endpoint:
    """The endpoint of OpenAI or of a server that speaks its protocol; without a key none is sent."""
    headers = [("User-Agent", USER_AGENT)]
    if provider.api_key:
        headers.append(("Authorization", f"Bearer {provider.api_key}"))
    return Endpoint(
        url=with_model(provider.url, provider.model),
        headers=tuple(headers),
        ping_interval_s=provider.ping_interval_s,
        ping_timeout_s=provider.ping_timeout_s,
    )

"""OpenAI, and any server of the same protocol: bearer key, model in the URL, never a beta header."""

import platform
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from twilio_rt_cli import __version__
from twilio_rt_cli.models.dialer import Endpoint

USER_AGENT = f"twilio-rt/{__version__} Python/{platform.python_version()}"


def with_model(url: str, model: str) -> str:
    """The URL with `model` in its query; other parameters stay. (OpenAI API reference, "Realtime: connect")"""
    parts = urlsplit(url)
    query = [(name, value) for name, value in parse_qsl(parts.query) if name != "model"]
    return urlunsplit(parts._replace(query=urlencode([*query, ("model", model)])))


def openai_endpoint(
    *, url: str, model: str, api_key: str | None, ping_interval_s: float, ping_timeout_s: float
) -> Endpoint:
    """The endpoint of OpenAI or of a server that speaks its protocol; without a key none is sent."""
    headers = [("User-Agent", USER_AGENT)]
    if api_key:
        headers.append(("Authorization", f"Bearer {api_key}"))
    return Endpoint(
        url=with_model(url, model),
        headers=tuple(headers),
        ping_interval_s=ping_interval_s,
        ping_timeout_s=ping_timeout_s,
    )

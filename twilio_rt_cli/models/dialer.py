"""Opens the model's socket: picows, one TLS context for the process, one retry, errors in words.

One SSLContext serves all calls: making one takes 25 ms, which would stop every call on the loop for a whole frame.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from picows import WSAutoPingStrategy, WSHandshakeError, ws_connect

from twilio_rt_cli.errors import CredentialsError, SettingsError, UnreachableError
from twilio_rt_cli.leg import Leg, Owner

MAX_MESSAGE_BYTES = 16 * 1024 * 1024
"""The model's largest message; an item retrieved with its audio can be long"""
RETRY_AFTER_S = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where a model's socket is and how to say who we are."""

    url: str
    """ws:// or wss://, with the model in its query"""
    headers: tuple[tuple[str, str], ...] = ()
    ping_interval_s: float = 30.0
    ping_timeout_s: float = 30.0
    connect_timeout_s: float = 2.5
    """for one try, TLS and upgrade included"""


def dialer(endpoint: Endpoint) -> Callable[[Owner], Awaitable[Leg]]:
    """A function that opens one socket for one call.

    It raises CredentialsError or SettingsError when the model said no for good, UnreachableError after a second failure
    of any other kind.
    """
    context = ssl.create_default_context() if endpoint.url.startswith("wss:") else None

    async def dial(owner: Owner) -> Leg:
        try:
            return await _open(endpoint, context, owner)
        except UnreachableError:
            await asyncio.sleep(RETRY_AFTER_S)
            return await _open(endpoint, context, owner)

    return dial


async def _open(endpoint: Endpoint, context: ssl.SSLContext | None, owner: Owner) -> Leg:
    host = endpoint.url.partition("://")[2].partition("/")[0]
    try:
        async with asyncio.timeout(endpoint.connect_timeout_s):
            _, leg = await ws_connect(
                lambda: Leg(owner, MAX_MESSAGE_BYTES),
                endpoint.url,
                ssl_context=context,
                extra_headers=list(endpoint.headers),
                max_redirects=0,  # a redirect must not carry the key elsewhere
                max_frame_size=MAX_MESSAGE_BYTES,
                websocket_handshake_timeout=endpoint.connect_timeout_s,
                enable_auto_ping=True,
                auto_ping_strategy=WSAutoPingStrategy.PING_PERIODICALLY,
                auto_ping_idle_timeout=endpoint.ping_interval_s,
                auto_ping_reply_timeout=min(endpoint.ping_timeout_s, endpoint.ping_interval_s),
                logger_name="twilio_rt.model_socket",
            )
    except WSHandshakeError as error:
        raise _refused(host, int(error.response.status) if error.response else 0) from error
    except (OSError, TimeoutError, EOFError) as error:
        why = str(error) or "no answer in time"
        raise UnreachableError(f"The model at {host} could not be reached: {why}") from error
    assert isinstance(leg, Leg)
    return leg


def _refused(host: str, status: int) -> CredentialsError | SettingsError | UnreachableError:
    if status in (401, 403):
        return CredentialsError(f"The model at {host} refused our key (HTTP {status})", hint="check the API key")
    if status in (400, 404):
        return SettingsError(f"The model at {host} does not know this model (HTTP {status})", hint="check OPENAI_MODEL")
    return UnreachableError(f"The model at {host} refused the connection (HTTP {status or 'no answer'})")

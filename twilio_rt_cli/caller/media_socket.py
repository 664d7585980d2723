"""Opens the media socket as Twilio does: signed, uncompressed, and with Twilio's number for every way to fail."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, InvalidStatus, InvalidURI

from twilio_rt_cli.caller.failures import BRIDGE_HINT, unreachable
from twilio_rt_cli.caller.route import Route, Signer
from twilio_rt_cli.errors import CredentialsError, TwilioRtError, UnreachableError
from twilio_rt_cli.protocol.origin import is_loopback_url

CONNECT_S = 10.0
CLOSE_S = 2.0
_LARGEST_MESSAGE = 16 << 20  # the phone judges what is too large; this only keeps memory in bounds


class StreamRefused(Exception):  # noqa: N818  # a fact about them, not an error of ours
    """There is no media stream. `code` is Twilio's error number; `trouble` is set when no call is possible at all."""

    def __init__(self, code: int, text: str, trouble: TwilioRtError | None = None) -> None:
        super().__init__(f"{text} (Twilio {code})")
        self.code = code
        self.text = text
        self.trouble = trouble


@asynccontextmanager
async def media_socket(url: str, route: Route, signer: Signer) -> AsyncIterator[ClientConnection]:
    """An open socket for a stream URL as TwiML names it; closed with 1000 at the end. Raises StreamRefused."""
    socket = await _opened(_dialled(url), route, signer)
    try:
        yield socket
    finally:
        await socket.close()  # bounded by close_timeout


def _dialled(url: str) -> str:
    """The URL that Twilio dials: it strips the query (error 31920 otherwise) and takes no other scheme than wss."""
    parts = urlsplit(url)
    if parts.scheme not in {"ws", "wss"} or not parts.hostname:
        raise StreamRefused(31923, f"{url!r} is not a WebSocket URL")
    if parts.scheme == "ws" and not is_loopback_url(url):
        raise StreamRefused(31922, f"the stream's URL must be wss://, not {url}")
    return url.partition("#")[0].partition("?")[0]


async def _opened(url: str, route: Route, signer: Signer) -> ClientConnection:
    destination = route.destination(url)
    secure = destination.url.startswith("wss:")
    try:
        return await connect(
            destination.url,
            host=destination.host,
            port=destination.port,
            server_hostname=destination.host if secure else None,
            additional_headers=signer.headers(url),
            user_agent_header="Twilio.TmeWs/1.0",
            compression=None,
            open_timeout=CONNECT_S,
            close_timeout=CLOSE_S,
            ping_interval=None,
            max_size=_LARGEST_MESSAGE,
            proxy=None if is_loopback_url(destination.url) or is_loopback_url(route.target) else True,
        )
    except InvalidStatus as error:
        raise _refused(url, error.response.status_code, signed=bool(signer.secret)) from error
    except InvalidURI as error:
        raise StreamRefused(31923, f"{url!r} is not a WebSocket URL") from error
    except InvalidHandshake as error:
        raise StreamRefused(
            31920, f"{destination.address} did not complete the WebSocket handshake: {error}"
        ) from error
    except ssl.SSLError as error:
        raise _unreachable(31910, f"{destination.address} does not speak TLS as it should: {error.reason}") from error
    except TimeoutError as error:
        raise _unreachable(31901, f"{destination.address} did not answer within {CONNECT_S:g} s") from error
    except OSError as error:
        why, hint = unreachable(destination.address, error)
        raise _unreachable(31902 if isinstance(error, ConnectionRefusedError) else 31901, why, hint) from error


def _refused(url: str, status: int, *, signed: bool) -> StreamRefused:
    text = f"the media socket {urlsplit(url).path} was refused with {status}"
    if status not in {401, 403}:
        return StreamRefused(31920, text)
    hint = "Its token must be our TWILIO_AUTH_TOKEN." if signed else "It checks signatures: set TWILIO_AUTH_TOKEN."
    return StreamRefused(31920, text, CredentialsError(f"{text}.", hint=f"{hint} A media URL is good for one use."))


def _unreachable(code: int, text: str, hint: str = BRIDGE_HINT) -> StreamRefused:
    return StreamRefused(code, text, UnreachableError(f"{text}.", hint=hint))

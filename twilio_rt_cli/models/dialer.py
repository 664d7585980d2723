"""Opens the model's socket: picows, one TLS context for the process, one retry, errors in words.

One SSLContext serves all calls: making one takes 25 ms, which would stop every call on the loop for a whole frame.
"""

import asyncio
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass

from picows import WSHandshakeError, WSParsedURL, ws_connect

from twilio_rt_cli.bridge.leg import KeepAlive, Nobody, Owner
from twilio_rt_cli.bridge.model_leg import ModelLeg
from twilio_rt_cli.errors import CredentialsError, SettingsError, UnreachableError
from twilio_rt_cli.machine.reasons import reason
from twilio_rt_cli.models.dialects.openai import OPENAI
from twilio_rt_cli.models.dialects.session import ModelDialect

MAX_MESSAGE_BYTES = 16 * 1024 * 1024
"""The model's largest message; an item retrieved with its audio can be long"""
RETRY_AFTER_S = 0.25
SEND_BUFFER_BYTES = 16_384
"""About a second of caller audio: a model that stopped reading shows soon"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where a model's socket is, how to say who we are, and how it is spoken to."""

    url: str
    """ws:// or wss://, with the model in its query"""
    headers: tuple[tuple[str, str], ...] = ()
    dialect: ModelDialect = OPENAI
    ping_interval_s: float = 30.0
    ping_timeout_s: float = 30.0
    connect_timeout_s: float = 2.5
    """for one try, TLS and upgrade included"""


class Dialer:
    """Opens sockets to one endpoint: one for each call."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._context = ssl.create_default_context() if endpoint.url.startswith("wss:") else None

    @property
    def dialect(self) -> ModelDialect:
        """How the model there is spoken to."""
        return self._endpoint.dialect

    async def dial(self, owner: Owner) -> ModelLeg:
        """One socket.

        Raises CredentialsError or SettingsError when the model said no for good, UnreachableError after a second
        failure of any other kind.
        """
        try:
            return await _open(self._endpoint, self._context, owner)
        except UnreachableError:
            await asyncio.sleep(RETRY_AFTER_S)
            return await _open(self._endpoint, self._context, owner)


async def _open(endpoint: Endpoint, context: ssl.SSLContext | None, owner: Owner) -> ModelLeg:
    host = endpoint.url.partition("://")[2].partition("/")[0]
    attempt = _Attempt(owner, endpoint)
    try:
        async with asyncio.timeout(endpoint.connect_timeout_s):
            _, leg = await ws_connect(
                attempt.new_leg,
                endpoint.url,
                ssl_context=context,
                socket_factory=attempt.connect,
                extra_headers=list(endpoint.headers),
                max_redirects=0,  # a redirect must not carry the key elsewhere
                max_frame_size=MAX_MESSAGE_BYTES,
                websocket_handshake_timeout=endpoint.connect_timeout_s,
                enable_auto_ping=False,  # the leg pings
                logger_name="twilio_rt.model_socket",
            )
        if not isinstance(leg, ModelLeg):  # picows returns without one when the connection is lost in the handshake
            raise ConnectionResetError("it closed the connection before it answered")
        attempt.opened = True
    except WSHandshakeError as error:
        raise _refused(host, int(error.response.status) if error.response else 0) from error
    except (OSError, TimeoutError, EOFError) as error:
        why = reason(error) if isinstance(error, OSError) and error.errno else str(error) or "no answer in time"
        raise UnreachableError(f"The model at {host} could not be reached: {why}") from error
    else:
        return leg
    finally:
        attempt.give_up_unless_opened()


class _Attempt:
    """One try. picows shields its handshake from cancellation, so what was begun has to be ended here."""

    def __init__(self, owner: Owner, endpoint: Endpoint) -> None:
        self._owner = owner
        self._endpoint = endpoint
        self._socket: socket.socket | None = None
        self._legs: list[ModelLeg] = []
        self.opened = False

    async def connect(self, url: WSParsedURL) -> socket.socket:
        """A TCP connection to the URL's host; each of its addresses is tried."""
        loop = asyncio.get_running_loop()
        error = OSError(f"no address of {url.host}")
        for family, kind, protocol, _, address in await loop.getaddrinfo(url.host, url.port, type=socket.SOCK_STREAM):
            wire = socket.socket(family, kind, protocol)
            wire.setblocking(False)
            try:
                await loop.sock_connect(wire, address)
                self._socket = wire
            except OSError as refused:
                error = refused
            finally:
                if self._socket is None:
                    wire.close()
            if self._socket is not None:
                return self._socket
        raise error

    def new_leg(self) -> ModelLeg:
        """The leg of a handshake that succeeded."""
        one = self._endpoint
        keep_alive = KeepAlive(one.ping_interval_s, one.ping_timeout_s)
        self._legs.append(ModelLeg(self._owner, one.dialect, MAX_MESSAGE_BYTES, SEND_BUFFER_BYTES, keep_alive))
        return self._legs[-1]

    def give_up_unless_opened(self) -> None:
        """End what is left of a try that failed or was cancelled: nobody hears of it any more."""
        if self.opened:
            return
        self._owner = Nobody()
        for leg in self._legs:
            leg.hand_over(self._owner)
        if self._socket is not None:
            with suppress(OSError):  # it is gone already
                self._socket.shutdown(socket.SHUT_RDWR)  # its transport sees the end and closes it


def _refused(host: str, status: int) -> CredentialsError | SettingsError | UnreachableError:
    if status in (401, 403):
        return CredentialsError(f"The model at {host} refused our key (HTTP {status})", hint="check the API key")
    if status in (400, 404):
        return SettingsError(f"The model at {host} does not know this model (HTTP {status})", hint="check OPENAI_MODEL")
    return UnreachableError(f"The model at {host} refused the connection (HTTP {status or 'no answer'})")

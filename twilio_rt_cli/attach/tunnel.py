"""Keeps a tunnel open until a signal: prints its address, and tells the server at its end."""

import asyncio
import time
from contextlib import suppress
from http import HTTPStatus

import httpx

from twilio_rt_cli.attach.client import Admin, NoAnswerError, admin_client
from twilio_rt_cli.errors import SettingsError, TwilioRtError
from twilio_rt_cli.machine.signals import on_stop_signals
from twilio_rt_cli.machine.state import RunningServer, running_server
from twilio_rt_cli.output import console
from twilio_rt_cli.reporting.tunnel_events import tunnel_event
from twilio_rt_cli.tunnel import Tunnel, TunnelChange, TunnelConfig, TunnelDown, TunnelLost, TunnelUp, open_tunnel

_LOOK_S = 1.0
"""between two looks for a server: it may be started after us, or again"""
_TAKEN = range(200, 300)


def keep_open(config: TunnelConfig, *, json: bool) -> None:
    """Open the tunnel and keep it until the first signal.

    Raises TwilioRtError when it cannot be opened or is lost, KeyboardInterrupt on a signal before it is open and on
    the second one after it.
    """
    asyncio.run(_Opened(config, json).keep())


class _Opened:
    def __init__(self, config: TunnelConfig, json: bool) -> None:
        self._config = config
        self._json = json
        self._open = False
        self._over = asyncio.Event()
        self._changed = asyncio.Event()
        self._error: TwilioRtError | None = None
        self._informed: tuple[RunningServer, str] | None = None
        self._deaf: RunningServer | None = None
        """a server that would not be told, which was said"""

    async def keep(self) -> None:
        with on_stop_signals(self._on_signal, asyncio.get_running_loop()):
            await self._keep()
        if self._error is not None:
            raise self._error

    async def _keep(self) -> None:
        if not self._json:
            console.say(f"Opening a tunnel to port {self._config.port} …")
        async with open_tunnel(self._config, self._on_change) as tunnel:
            self._open = True
            self._print(TunnelUp(tunnel.public_url, changed=False))
            if not self._json:
                console.say("It is open until Ctrl-C.")
            self._say_who_listens()
            await self._until_over(tunnel)

    def _on_signal(self) -> None:
        if not self._open or self._over.is_set():
            raise KeyboardInterrupt
        self._over.set()
        self._changed.set()

    def _on_change(self, change: TunnelChange) -> None:
        self._print(change)
        if isinstance(change, TunnelLost):
            self._error = change.error
            self._over.set()
        self._changed.set()

    def _print(self, change: TunnelChange) -> None:
        if self._json:
            console.data(tunnel_event(change).json(time.time()))
            return
        match change:
            case TunnelUp():
                console.data(change.url)
            case TunnelDown():
                console.say(f"The tunnel is down: {change.why}. Opening it again …")
            case TunnelLost():
                pass  # an error, told at the end

    # The server

    async def _until_over(self, tunnel: Tunnel) -> None:
        async with admin_client() as client:
            while not self._over.is_set():
                await self._inform(client, tunnel.public_url)
                with suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_S):
                        await self._changed.wait()
                self._changed.clear()
            await self._take_back(client)

    async def _inform(self, client: httpx.AsyncClient, url: str) -> None:
        """Tell the server where it is reached, if it does not know; one that does not check callers refuses."""
        server = self._server()
        if server is None or self._informed == (server, url):
            return
        try:
            status = await Admin(client, server.admin_url).put_origin(url, self._config.port)
        except NoAnswerError as error:
            self._say_once(server, f"cannot be told its address ({error.why})")
            return
        if status == HTTPStatus.CONFLICT:
            self._error = SettingsError(
                f"The server on port {server.port} does not check Twilio's signatures, and takes no public address.",
                hint="Start it with TWILIO_AUTH_TOKEN (Twilio console, account page), then open the tunnel again.",
            )
            self._over.set()
            self._changed.set()
        elif status not in _TAKEN:
            self._say_once(server, f"would not be told its address ({status})")
        else:
            self._informed = (server, url)
            if not self._json:
                console.say(f"The server on port {server.port} knows that this is its address.")

    async def _take_back(self, client: httpx.AsyncClient) -> None:
        if self._informed is None or self._server() != self._informed[0]:
            return
        with suppress(NoAnswerError):  # it goes on with an address that leads nowhere, and a next tunnel corrects it
            await Admin(client, self._informed[0].admin_url).put_origin(None, self._config.port)

    def _server(self) -> RunningServer | None:
        """The server of this user that the tunnel leads to."""
        found = running_server()
        return found if found is not None and found.port == self._config.port else None

    def _say_who_listens(self) -> None:
        if self._server() is None:
            console.say(
                f"No twilio-rt of yours serves on port {self._config.port}: one that starts there will be told its "
                f"address. Any other program has to be told by you."
            )

    def _say_once(self, server: RunningServer, what: str) -> None:
        if self._deaf != server:
            self._deaf = server
            console.say(f"The server on port {server.port} {what}.")

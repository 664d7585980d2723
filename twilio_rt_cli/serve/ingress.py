"""How callers reach a server while it serves: admin port, tunnel, and a number that points here for as long as we run.

In this order: the admin port opens and says where it is; the tunnel opens, or one that somebody else opened is found; a
probe goes the way that Twilio will go; what would change at a number is shown and agreed to. Then the server is ready,
and the number is pointed. At the first signal the number's old webhook is put back, so that new callers meet that and
not a line that is closing; the tunnel stays up until the last call is over.
"""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager, nullcontext

from twilio_rt_cli.admin.port import admin_port, create_admin_app
from twilio_rt_cli.caller.probe import NOBODYS_ACCOUNT, Probe, probe
from twilio_rt_cli.errors import TwilioRtError, UnreachableError
from twilio_rt_cli.machine import state
from twilio_rt_cli.reporting.event_lines import Where
from twilio_rt_cli.reporting.reporter import Reporter
from twilio_rt_cli.serve.admin_backend import AdminBackend
from twilio_rt_cli.serve.options import IngressOptions
from twilio_rt_cli.serve.served_number import ServedNumber, put_back_left_behind
from twilio_rt_cli.server.run import BridgeServer
from twilio_rt_cli.settings.groups import Settings
from twilio_rt_cli.settings.parts import config_of, signer_of
from twilio_rt_cli.tunnel import TunnelChange, TunnelDown, TunnelLost, TunnelUp, open_tunnel
from twilio_rt_cli.tunnel.ngrok_api import public_url

_LOOK_S = 5.0
"""between two looks for a tunnel of somebody else's"""
log = logging.getLogger("twilio_rt.serve")


class Ingress:
    """Around one run of a server. `error` is what ended it, or went wrong at its end."""

    def __init__(
        self,
        settings: Settings,
        options: IngressOptions,
        reporter: Reporter,
        attended: AdminBackend,
        *,
        on_ready: Callable[[str | None], None],
        view: Callable[[], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        """`on_ready` hears where Twilio reaches us, if it does, once the server is ready; `view` shows it."""
        self._on_ready = on_ready
        self._view = view
        self.error: TwilioRtError | None = None
        self._settings = settings
        self._options = options
        self._reporter = reporter
        self._attended = attended
        self._admin_url = ""
        self._server: BridgeServer | None = None
        self._number: ServedNumber | None = None
        self._tasks: set[asyncio.Future[None]] = set()

    @asynccontextmanager
    async def around(self, server: BridgeServer) -> AsyncIterator[None]:
        """For `BridgeServer.run`. Raises TwilioRtError when callers could not reach us as was asked."""
        self._server = server
        settings, origins = self._settings, server.origins
        async with AsyncExitStack() as stack:
            admin_url = self._admin_url = await stack.enter_async_context(self._admin(server))
            self._announce(stack, admin_url)
            opened = await self._tunnel(stack)
            if opened is not None:
                self._tell_probe(await self._probe(opened))
            await asyncio.to_thread(put_back_left_behind, settings, self._reporter, spare=self._options.number)
            self._number = await asyncio.to_thread(
                ServedNumber.planned, settings, self._options, origins.public, self._reporter
            )
            self._reporter.ready(server.local_url, origins.public, admin_url)
            self._attended.begin()
            self._on_ready(origins.public)
            if opened is not None:
                self._reporter.tunnel(TunnelUp(opened, changed=False))
            if self._number is not None:
                await stack.enter_async_context(self._pointed(self._number))
            with self._view():
                yield
            await self._settled()

    # Where other commands find us

    @asynccontextmanager
    async def _admin(self, server: BridgeServer) -> AsyncIterator[str]:
        """The admin port; gives its URL."""
        settings = self._settings
        with self._attended.open(self._where) as source:
            app = create_admin_app(
                server.origins,
                server.port,
                checked=server.checked,
                on_origin_changed=self._on_told,
                source=source,
                host=settings.server.admin_host,
            )
            async with admin_port(app, settings.server.admin_host, settings.server.admin_port, source.close) as url:
                yield url

    def _where(self) -> Where:
        assert self._server is not None
        server = self._server
        return Where(
            url=server.local_url,
            public_url=server.origins.public,
            admin_url=self._admin_url,
            pid=os.getpid(),
            calls=len(server.registry.streaming()),
            draining=server.registry.draining,
        )

    def _announce(self, stack: AsyncExitStack, admin_url: str) -> None:
        assert self._server is not None
        wanted = self._settings.server.admin_port
        if wanted and not admin_url.endswith(f":{wanted}"):
            log.warning("port %d is taken: the admin port is %s", wanted, admin_url)
        try:
            stack.callback(state.withdraw, state.announce(self._server.port, admin_url))
        except OSError as error:
            log.warning("other commands will not find this server: %s", error)

    def _on_told(self) -> None:
        assert self._server is not None
        log.info("reached at %s from now on", self._server.origin)

    # The tunnel

    async def _tunnel(self, stack: AsyncExitStack) -> str | None:
        """Open ours, or look for one of somebody else's. The address of ours."""
        assert self._server is not None
        origins = self._server.origins
        if self._options.tunnel:
            config = config_of(self._settings.tunnel, self._server.port)
            tunnel = await stack.enter_async_context(open_tunnel(config, self._on_tunnel))
            origins.tunnel = tunnel.public_url
            return tunnel.public_url
        if origins.configured is None and self._server.checked:
            await self._look_for_agent()
            looking = asyncio.ensure_future(self._keep_looking())
            stack.callback(looking.cancel)
        return None

    async def _keep_looking(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_S)
            await self._look_for_agent()

    async def _look_for_agent(self) -> None:
        assert self._server is not None
        origins = self._server.origins
        found = await asyncio.to_thread(public_url, self._settings.tunnel.ngrok_api_url, self._server.port)
        if found != origins.agent:
            origins.agent = found
            log.info("a tunnel of somebody else's leads here: %s" if found else "that tunnel is gone%s", found or "")

    def _on_tunnel(self, change: TunnelChange) -> None:
        assert self._server is not None
        self._reporter.tunnel(change)
        match change:
            case TunnelDown():
                log.warning("the tunnel is down: %s", change.why)
            case TunnelUp():
                log.warning("the tunnel is up again: %s", change.url)
                self._server.origins.tunnel = change.url
                if change.changed and self._number is not None:
                    self._spawn(self._repoint(self._number, change.url))
            case TunnelLost():
                self.error = change.error
                self._server.stop()

    async def _repoint(self, number: ServedNumber, url: str) -> None:
        try:
            await asyncio.to_thread(number.repoint, url)
        except TwilioRtError as error:
            log.error("the number could not be pointed to the new address: %s", error.message)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _settled(self) -> None:
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=5)

    # The probe

    async def _probe(self, origin: str) -> Probe:
        settings = self._settings
        return await probe(
            origin, signer_of(settings.twilio), account_sid=settings.twilio.twilio_account_sid or NOBODYS_ACCOUNT
        )

    def _tell_probe(self, found: Probe) -> None:
        if found.ok:
            log.info("Twilio gets through to %s, webhook and WebSocket, in %.0f ms", found.origin, found.elapsed_ms)
            return
        raise UnreachableError(f"Twilio would not get through to {found.origin}: {found.problem}.", hint=found.hint)

    # The number

    @asynccontextmanager
    async def _pointed(self, number: ServedNumber) -> AsyncIterator[None]:
        """Pointed here until the first signal."""
        assert self._server is not None
        pointing = asyncio.ensure_future(asyncio.to_thread(number.point))
        putting_back: asyncio.Future[None] | None = None
        try:
            await asyncio.shield(pointing)
            putting_back = asyncio.ensure_future(self._put_back(number))
            yield
        finally:  # also when a signal came while it was being pointed
            self._server.drain_began.set()
            await asyncio.wait({pointing})
            await (putting_back or self._put_back(number))

    async def _put_back(self, number: ServedNumber) -> None:
        assert self._server is not None
        await self._server.drain_began.wait()
        await self._settled()
        try:
            await asyncio.to_thread(number.put_back)
        except TwilioRtError as error:
            self.error = error

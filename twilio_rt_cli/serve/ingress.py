"""How callers reach a server while it serves, each a context that `serve/run.py` enters in this order.

The admin port opens and says where it is; the tunnel opens, or one that somebody else opened is found; a probe goes the
way that Twilio will go. Then the server is ready, and a number is pointed at it. At the first signal the number's old
webhook is put back, so that new callers meet that and not a line that is closing; the tunnel stays up until the last
call is over.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

from twilio_rt_cli.admin.port import admin_port, create_admin_app
from twilio_rt_cli.admin.routes import AdminSource
from twilio_rt_cli.caller.probe import NOBODYS_ACCOUNT, probe
from twilio_rt_cli.errors import TwilioRtError, UnreachableError
from twilio_rt_cli.machine import state
from twilio_rt_cli.reporting.reporter import Reporter
from twilio_rt_cli.serve.served_number import ServedNumber
from twilio_rt_cli.server.run import BridgeServer, PublicPort
from twilio_rt_cli.settings.groups import ServerSettings, TunnelSettings, TwilioSettings
from twilio_rt_cli.settings.parts import config_of, signer_of
from twilio_rt_cli.tunnel import TunnelChange, TunnelDown, TunnelLost, TunnelUp, open_tunnel
from twilio_rt_cli.tunnel.ngrok_api import public_url

_LOOK_S = 5.0
"""between two looks for a tunnel of somebody else's"""
_SETTLE_S = 5.0
"""for a number to be pointed to an address that has just changed"""
log = logging.getLogger("twilio_rt.serve")

Failed = Callable[[TwilioRtError], None]
"""hears what ended the server, or went wrong at its end"""
Moves = asyncio.Queue[str]
"""our public addresses after the first, as they come"""


@asynccontextmanager
async def admin_port_of(
    server: BridgeServer, port: PublicPort, source: AdminSource, wanted: ServerSettings
) -> AsyncIterator[str]:
    """The admin port; gives its URL."""

    def on_origin_changed() -> None:
        log.info("reached at %s from now on", port.origin)

    app = create_admin_app(
        port.origins,
        port.number,
        checked=server.checked,
        on_origin_changed=on_origin_changed,
        source=source,
        host=wanted.admin_host,
    )
    async with admin_port(app, wanted.admin_host, wanted.admin_port, source.close) as url:
        yield url


@contextmanager
def announced(port: PublicPort, admin_url: str, wanted_port: int) -> Iterator[None]:
    """Other commands find the server."""
    if wanted_port and not admin_url.endswith(f":{wanted_port}"):
        log.warning("port %d is taken: the admin port is %s", wanted_port, admin_url)
    entry = None
    try:
        entry = state.announce(port.number, admin_url)
    except OSError as error:
        log.warning("other commands will not find this server: %s", error)
    try:
        yield
    finally:
        if entry is not None:
            state.withdraw(entry)


@asynccontextmanager
async def our_tunnel(
    port: PublicPort, wanted: TunnelSettings, on_change: Callable[[TunnelChange], None]
) -> AsyncIterator[str]:
    """A tunnel that we open; gives its address. `on_change` hears what becomes of it."""

    def follow(change: TunnelChange) -> None:
        if isinstance(change, TunnelUp):
            port.origins.tunnel = change.url
        on_change(change)

    async with open_tunnel(config_of(wanted, port.number), follow) as tunnel:
        port.origins.tunnel = tunnel.public_url
        yield tunnel.public_url


def tunnel_follower(
    server: BridgeServer, reporter: Reporter, moves: Moves, failed: Failed
) -> Callable[[TunnelChange], None]:
    """What is done about our tunnel when it changes: it is told, the number moves with it, and its loss ends us."""

    def on_change(change: TunnelChange) -> None:
        reporter.tunnel(change)
        match change:
            case TunnelDown():
                log.warning("the tunnel is down: %s", change.why)
            case TunnelUp():
                log.warning("the tunnel is up again: %s", change.url)
                if change.changed:
                    moves.put_nowait(change.url)
            case TunnelLost():
                failed(change.error)
                server.stop()

    return on_change


@asynccontextmanager
async def tunnel_of_others(port: PublicPort, wanted: TunnelSettings) -> AsyncIterator[None]:
    """A tunnel of somebody else's that leads here counts as ours, from now on and whenever one comes."""
    await _look(port, wanted.ngrok_api_url)
    looking = asyncio.ensure_future(_keep_looking(port, wanted.ngrok_api_url))
    try:
        yield
    finally:
        looking.cancel()


async def _keep_looking(port: PublicPort, api_url: str) -> None:
    while True:
        await asyncio.sleep(_LOOK_S)
        await _look(port, api_url)


async def _look(port: PublicPort, api_url: str) -> None:
    found = await asyncio.to_thread(public_url, api_url, port.number)
    if found != port.origins.agent:
        port.origins.agent = found
        log.info("a tunnel of somebody else's leads here: %s" if found else "that tunnel is gone%s", found or "")


async def probed(origin: str, twilio: TwilioSettings) -> None:
    """Go the way that Twilio will go. Raises UnreachableError when there is none."""
    account_sid = twilio.twilio_account_sid or NOBODYS_ACCOUNT
    found = await probe(origin, signer_of(twilio), account_sid=account_sid)
    if not found.ok:
        raise UnreachableError(f"Twilio would not get through to {found.origin}: {found.problem}.", hint=found.hint)
    log.info("Twilio gets through to %s, webhook and WebSocket, in %.0f ms", found.origin, found.elapsed_ms)


@asynccontextmanager
async def number_pointed(
    number: ServedNumber, drain_began: asyncio.Event, moves: Moves, failed: Failed
) -> AsyncIterator[None]:
    """The number points here until the drain begins, and moves with our address; `failed` hears if it stays so."""
    leaving = asyncio.Event()
    pointing = asyncio.ensure_future(asyncio.to_thread(number.point))
    following: asyncio.Future[None] | None = None
    draining = asyncio.ensure_future(drain_began.wait())
    draining.add_done_callback(lambda _: leaving.set())
    putting_back: asyncio.Future[None] | None = None
    try:
        await asyncio.shield(pointing)
        following = asyncio.ensure_future(_follow(number, moves))
        putting_back = asyncio.ensure_future(_put_back(number, leaving, moves, failed))
        yield
    finally:  # also when a signal came while it was being pointed
        leaving.set()
        draining.cancel()
        await asyncio.wait({pointing})
        await (putting_back or _put_back(number, leaving, Moves(), failed))
        if following is not None:
            following.cancel()


async def _follow(number: ServedNumber, moves: Moves) -> None:
    while True:
        url = await moves.get()
        try:
            await asyncio.to_thread(number.repoint, url)
        except TwilioRtError as error:
            log.error("the number could not be pointed to the new address: %s", error.message)
        finally:
            moves.task_done()


async def _put_back(number: ServedNumber, leaving: asyncio.Event, moves: Moves, failed: Failed) -> None:
    await leaving.wait()
    with suppress(TimeoutError):
        async with asyncio.timeout(_SETTLE_S):
            await moves.join()
    try:
        await asyncio.to_thread(number.put_back)
    except TwilioRtError as error:
        failed(error)

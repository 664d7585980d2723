"""Runs a server in this process: its parts, and what is around it while it serves."""

import asyncio
import logging
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import (
    AbstractContextManager,
    AsyncExitStack,
    asynccontextmanager,
    closing,
    nullcontext,
    redirect_stdout,
)
from dataclasses import dataclass
from functools import partial

from twilio_rt_cli.admin.feed import EventFeed
from twilio_rt_cli.admin.routes import AdminSource
from twilio_rt_cli.errors import TwilioRtError
from twilio_rt_cli.live.on_terminal import live_view
from twilio_rt_cli.output import console
from twilio_rt_cli.output.logs import log_lines
from twilio_rt_cli.reporting.event_lines import Where
from twilio_rt_cli.reporting.reporter import Form, Reporter
from twilio_rt_cli.serve.assembly import Parts, assembled
from twilio_rt_cli.serve.banner import Banner
from twilio_rt_cli.serve.ingress import (
    Failed,
    Moves,
    admin_port_of,
    announced,
    number_pointed,
    our_tunnel,
    probed,
    tunnel_follower,
    tunnel_of_others,
)
from twilio_rt_cli.serve.options import IngressOptions
from twilio_rt_cli.serve.served_number import ServedNumber, put_back_left_behind
from twilio_rt_cli.serve.server_view import ServerView
from twilio_rt_cli.serve.stats_timer import StatsTimer
from twilio_rt_cli.server.run import PublicPort
from twilio_rt_cli.settings.groups import Settings
from twilio_rt_cli.settings.parts import secrets_of
from twilio_rt_cli.tunnel import TunnelUp

log = logging.getLogger("twilio_rt.serve")


def log_lines_of(settings: Settings) -> AbstractContextManager[None]:
    """Logging as the settings want it."""
    return log_lines(
        level=settings.log.log_level,
        log_format=settings.log.log_format,
        secrets=secrets_of(settings),
        show_numbers=settings.log.show_numbers,
    )


def serve_once(settings: Settings, form: Form, engine_url: str | None, options: IngressOptions) -> None:
    """Serve in this process, with an engine that already runs when the provider is `local`.

    Raises TwilioRtError when it cannot start, was ended by a loss, or could not put back what it changed.
    """
    out = sys.stdout
    errors: list[TwilioRtError] = []
    with redirect_stdout(sys.stderr):  # a tool that prints must not print between our lines
        parts = assembled(settings, form, engine_url, out)
        show = partial(live_view, out=out) if form is Form.VIEW else nullcontext
        with parts.reporter, parts.records.running():
            try:
                parts.server.run(_Run(parts, settings, options, show, errors.append).around)
            except SystemExit:  # by a second signal
                parts.reporter.stopped()
                raise
            log.info("%s", parts.server.lag.snapshot())
            parts.reporter.stopped()
    if errors:
        raise errors[-1]


@dataclass(frozen=True, slots=True)
class _Run:
    """One run: the parts, what was asked for, and who hears what ended it."""

    parts: Parts
    settings: Settings
    options: IngressOptions
    show: Callable[[ServerView], AbstractContextManager[object]]
    """shows the server while it serves"""
    failed: Failed

    @asynccontextmanager
    async def around(self, port: PublicPort) -> AsyncIterator[None]:
        """For `BridgeServer.run`. Raises TwilioRtError when callers could not reach us as was asked."""
        settings, server, reporter = self.settings, self.parts.server, self.parts.reporter
        view, moves = ServerView(self.parts.model, server, port, self.parts.redactor), Moves()
        news = _NumberNews(reporter, view)
        async with AsyncExitStack() as stack:
            feed, admin_url = await stack.enter_async_context(self._admin(port, view))
            stack.enter_context(announced(port, admin_url, settings.server.admin_port))
            opened = await stack.enter_async_context(self._public_origin(port, moves))
            if opened is not None:
                await probed(opened, settings.twilio)
            number = await asyncio.to_thread(self._number, port.origins.public, news)
            reporter.ready(port.local_url, port.origins.public, admin_url)
            stack.enter_context(StatsTimer(lambda: view.snapshot(0, 0), reporter, feed).ticking())
            _say_where(Banner(settings.server, settings.twilio, settings.model, port.local_url, port.origins.public))
            if opened is not None:
                reporter.tunnel(TunnelUp(opened, changed=False))
            if number is not None:
                await stack.enter_async_context(number_pointed(number, server.drain.began, moves, self.failed))
            stack.enter_context(self.show(view))
            yield

    @asynccontextmanager
    async def _admin(self, port: PublicPort, view: ServerView) -> AsyncIterator[tuple[EventFeed, str]]:
        """The admin port and what it tells; gives the feed of events and the URL."""
        server, admin_url = self.parts.server, ""

        def where() -> Where:
            return Where(
                url=port.local_url,
                public_url=port.origins.public,
                admin_url=admin_url,
                pid=os.getpid(),
                calls=len(server.registry.streaming()),
                draining=server.registry.draining,
            )

        feed = EventFeed(where)
        source = AdminSource(
            snapshot=view.snapshot,
            detail=view.detail,
            hang_up=server.hang_up,
            metrics=self.parts.metrics.exposed,
            events=feed.broadcast,
            close=feed.close,
        )
        with closing(feed), self.parts.reporter.overheard_by(feed.publish, lambda: bool(feed.broadcast.readers)):
            async with admin_port_of(server, port, source, self.settings.server) as admin_url:
                yield feed, admin_url

    @asynccontextmanager
    async def _public_origin(self, port: PublicPort, moves: Moves) -> AsyncIterator[str | None]:
        """Our tunnel if one was asked for, which gives its URL; else others', where nobody says how we are reached."""
        server, tunnel = self.parts.server, self.settings.tunnel
        if self.options.tunnel:
            on_change = tunnel_follower(server, self.parts.reporter, moves, self.failed)
            async with our_tunnel(port, tunnel, on_change) as opened:
                yield opened
        elif port.origins.configured is None and server.checked:
            async with tunnel_of_others(port, tunnel):
                yield None
        else:
            yield None

    def _number(self, origin: str | None, news: "_NumberNews") -> ServedNumber | None:
        """The number that is to point here, once somebody agreed. Blocks."""
        twilio, apology = self.settings.twilio, self.settings.agent.fallback_message
        put_back_left_behind(twilio, news, spare=self.options.number)
        return ServedNumber.planned(twilio, self.options, origin, apology, news)


@dataclass(frozen=True, slots=True)
class _NumberNews:
    """Tells the event lines and the view what becomes of the number."""

    reporter: Reporter
    view: ServerView

    def number_changed(self, number: str, old: str, new: str) -> None:
        """It points here now."""
        self.view.number_pointed(number)
        self.reporter.number_changed(number, old, new)

    def number_restored(self, number: str, url: str, *, put_back: bool) -> None:
        """It points here no more."""
        self.view.number_pointed(None)
        self.reporter.number_restored(number, url, put_back=put_back)


def _say_where(banner: Banner) -> None:
    if console.is_terminal(sys.stderr):
        for line in banner.lines(console.width(sys.stderr)):
            console.say(line)
        return
    log.info("listening on %s", banner.url)
    if banner.doubt is not None:
        log.warning("Twilio's signatures are %s", banner.doubt)

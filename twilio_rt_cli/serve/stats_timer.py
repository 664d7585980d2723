"""Tells how the server does: every second to whoever attached, every ten seconds on stdout."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from twilio_rt_cli.admin.feed import EventFeed
from twilio_rt_cli.live.snapshot import Snapshot
from twilio_rt_cli.reporting.reporter import Form, Reporter

EVERY_S = 1.0
PRINTED_EVERY = 10
"""ticks from one printed line to the next"""


class StatsTimer:
    """Ticks on the running loop from `start` to `stop`. Nobody listens: nothing is summed up."""

    def __init__(
        self, snapshot: Callable[[], Snapshot], reporter: Reporter, feed: EventFeed, every_s: float = EVERY_S
    ) -> None:
        """`snapshot`: the totals are enough, without a single call."""
        self._snapshot = snapshot
        self._reporter = reporter
        self._feed = feed
        self._every_s = every_s
        self._ticks = 0
        self._timer: asyncio.TimerHandle | None = None

    @contextmanager
    def ticking(self) -> Iterator[None]:
        """Tick in this context."""
        self.start()
        try:
            yield
        finally:
            self.stop()

    def start(self) -> None:
        """Tick from now on."""
        self._timer = asyncio.get_running_loop().call_later(self._every_s, self._on_timer)

    def stop(self) -> None:
        """Tick no more; again: nothing."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def tick(self) -> None:
        """One tick."""
        self._ticks += 1
        printed = self._ticks % PRINTED_EVERY == 0 and self._reporter.form in (Form.JSON, Form.PLAIN)
        if not printed and not self._feed.broadcast.readers:
            return
        now = self._snapshot()
        self._feed.stats(now)
        if printed:
            self._reporter.stats(now)

    def _on_timer(self) -> None:
        self.start()
        self.tick()

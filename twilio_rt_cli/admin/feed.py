"""The event lines of `GET /events`: the same that `serve --json` prints, for all who attach to the admin port."""

import asyncio
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from twilio_rt_cli.admin.broadcast import Broadcast
from twilio_rt_cli.live.snapshot import Snapshot
from twilio_rt_cli.reporting.event_lines import EventLine, Where, cut_off_event, ready_event, stats_event


class EventFeed:
    """Made on the event loop, whose thread it belongs to; only `publish` may be called from another one."""

    def __init__(self, where: Callable[[], Where], clock: Callable[[], float] = time.time) -> None:
        """`where` the server is now: the first line of whoever attaches says it."""
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self.broadcast = Broadcast(
            lambda: ready_event(where()).json(clock()), lambda lost: cut_off_event(lost).json(clock())
        )

    def publish(self, at: float, event: EventLine) -> None:
        """An event, for all who are attached."""
        if threading.get_ident() != self._thread:  # a number is changed in a thread
            with suppress(RuntimeError):  # the loop is closed, and nobody is attached any more
                self._loop.call_soon_threadsafe(self.publish, at, event)
        elif self.broadcast.readers:
            self.broadcast.publish(event.json(at))

    def stats(self, now: Snapshot) -> None:
        """How the server does, for those who keep up."""
        at = self._clock()
        self.broadcast.publish_figures(lambda dropped: stats_event(now, dropped).json(at))

    def close(self) -> None:
        """The server is gone: everybody hears so, and the streams end."""
        self.broadcast.close(EventLine("server.stopped").json(self._clock()))

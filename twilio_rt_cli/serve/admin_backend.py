"""What whoever attaches to the admin port sees and may do, put together for one run of a server."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from twilio_rt_cli.admin.feed import EventFeed
from twilio_rt_cli.admin.metrics import Metrics
from twilio_rt_cli.admin.routes import AdminSource
from twilio_rt_cli.reporting.event_lines import EventLine, Where
from twilio_rt_cli.reporting.reporter import Reporter
from twilio_rt_cli.serve.server_view import ServerView
from twilio_rt_cli.serve.stats_timer import StatsTimer
from twilio_rt_cli.server.run import BridgeServer


class AdminBackend:
    """Around one run: `open` before the admin port, then `begin` once the server is ready."""

    def __init__(self, server: BridgeServer, view: ServerView, metrics: Metrics, reporter: Reporter) -> None:
        self._server = server
        self._view = view
        self._metrics = metrics
        self._reporter = reporter
        self._timer: StatsTimer | None = None

    @contextmanager
    def open(self, where: Callable[[], Where]) -> Iterator[AdminSource]:
        """What the admin port asks, on the running loop; leaving ends what readers are told."""
        feed = EventFeed(where)
        self._timer = StatsTimer(lambda: self._view.snapshot(0, 0), self._reporter, feed)

        def tee(at: float, event: EventLine) -> None:
            if event.type in ("number.changed", "number.restored"):
                number = str(dict(event.fields)["number"])
                self._view.number_pointed(number if event.type == "number.changed" else None)
            feed.publish(at, event)

        self._reporter.tee, self._reporter.overheard = tee, lambda: bool(feed.broadcast.readers)
        try:
            yield AdminSource(
                snapshot=self._view.snapshot,
                detail=self._view.detail,
                hang_up=self._server.hang_up,
                metrics=self._metrics.exposed,
                events=feed.broadcast,
                close=feed.close,
            )
        finally:
            self._timer.stop()
            self._reporter.tee = self._server.lag.observer = None
            feed.close()

    def begin(self) -> None:
        """Tell how the server does, from now on: no call waited for what came before."""
        assert self._timer is not None
        self._server.lag.observer = self._metrics.lag
        self._timer.start()

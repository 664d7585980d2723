"""What whoever attaches to the admin port sees and may do, put together for one run of a server."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from twilio_rt_cli.admin.feed import EventFeed
from twilio_rt_cli.admin.metrics import Metrics
from twilio_rt_cli.admin.routes import Desk
from twilio_rt_cli.reporting.event_lines import EventLine, Where
from twilio_rt_cli.reporting.reporter import Reporter
from twilio_rt_cli.serve.server_view import Watch
from twilio_rt_cli.serve.stats_timer import Pulse
from twilio_rt_cli.server.run import BridgeServer


class Attended:
    """Around one run: `open` before the admin port, then `begin` once the server is ready."""

    def __init__(self, server: BridgeServer, watch: Watch, metrics: Metrics, reporter: Reporter) -> None:
        self._server = server
        self._watch = watch
        self._metrics = metrics
        self._reporter = reporter
        self._pulse: Pulse | None = None

    @contextmanager
    def open(self, where: Callable[[], Where]) -> Iterator[Desk]:
        """The desk of the admin port, on the running loop; leaving ends what readers are told."""
        feed = EventFeed(where)
        self._pulse = Pulse(lambda: self._watch.snapshot(0, 0), self._reporter, feed)

        def tee(at: float, event: EventLine) -> None:
            if event.type in ("number.changed", "number.restored"):
                number = str(dict(event.fields)["number"])
                self._watch.number_pointed(number if event.type == "number.changed" else None)
            feed.tell(at, event)

        self._reporter.tee, self._reporter.overheard = tee, lambda: bool(feed.broadcast.readers)
        try:
            yield Desk(
                snapshot=self._watch.snapshot,
                detail=self._watch.detail,
                hang_up=self._server.hang_up,
                metrics=self._metrics.exposed,
                events=feed.broadcast,
                close=feed.close,
            )
        finally:
            self._pulse.stop()
            self._reporter.tee = self._server.lag.observer = None
            feed.close()

    def begin(self) -> None:
        """Tell how the server does, from now on: no call waited for what came before."""
        assert self._pulse is not None
        self._server.lag.observer = self._metrics.lag
        self._pulse.start()

"""How evenly caller audio arrives: RFC 3550's interarrival jitter (section 6.4.1), in ms."""

from twilio_rt_cli.call.record import CallStatistics


class Jitter:
    """Keeps `jitter_ms` of a call's counters. Every eighth message is enough to tell."""

    def __init__(self, statistics: CallStatistics) -> None:
        self._statistics = statistics
        self._transit_ms: float | None = None

    def arrived(self, timestamp_ms: int, now: float) -> None:
        """Caller audio of this stream time came, in monotonic seconds."""
        transit_ms, before_ms = now * 1000 - timestamp_ms, self._transit_ms
        self._transit_ms = transit_ms
        if before_ms is None:
            return
        jitter_ms = self._statistics.jitter_ms or 0.0
        self._statistics.jitter_ms = jitter_ms + (abs(transit_ms - before_ms) - jitter_ms) / 16

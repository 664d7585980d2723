"""When caller audio came: how evenly, and at what moment each part of what the model has heard was spoken.

The model tells times as positions in the audio that was written to its buffer. Lost packets leave no audio there, so a
position says nothing about time by itself; the moments at which some positions arrived do.
"""

from bisect import bisect_left
from collections import deque

from twilio_rt_cli.audio.rate import PER_S
from twilio_rt_cli.call.figures.statistics import CallStatistics

BETWEEN_SAMPLES = 7
"""Messages of caller audio that come before the next one is told: those whose number has one of these bits"""
_LONGEST_MS = 10**9
"""eleven days; Twilio ends a call after one. A stream's time beyond it is nonsense, maybe larger than any float"""
_KEPT = 64
"""moments, one in 160 ms: 10 s of them; what is asked for is a second old"""


class Arrivals:
    """Told of one message of caller audio in eight, which is enough. Keeps `jitter_ms` of a call's counters."""

    def __init__(self, statistics: CallStatistics) -> None:
        self._statistics = statistics
        self._transit_ms: float | None = None
        self._positions: deque[int] = deque(maxlen=_KEPT)
        self._moments: deque[float] = deque(maxlen=_KEPT)

    def arrived(self, timestamp_ms: int, position: int, now: float) -> None:
        """Audio of this stream time came; with it the model has so many samples. `now` in monotonic seconds."""
        if not self._positions or position > self._positions[-1]:
            self._positions.append(position)
            self._moments.append(now)
        if not 0 <= timestamp_ms <= _LONGEST_MS:
            return
        transit_ms, before_ms = now * 1000 - timestamp_ms, self._transit_ms
        self._transit_ms = transit_ms
        if before_ms is None:
            return
        jitter_ms = self._statistics.jitter_ms or 0.0  # RFC 3550, 6.4.1
        self._statistics.jitter_ms = jitter_ms + (abs(transit_ms - before_ms) - jitter_ms) / 16

    def moment_of(self, position: int, written: int, now: float) -> float:
        """When the audio before this position had come, in monotonic seconds; `written`: what the model has by now."""
        position = max(0, position)  # a model may tell any number
        after = bisect_left(self._positions, position)
        at_position, at = (
            (written, now) if after == len(self._positions) else (self._positions[after], self._moments[after])
        )
        moment = at - max(0, at_position - position) / PER_S
        return max(moment, self._moments[after - 1]) if after else moment

"""What arrived of one direction: how many stretches, in what order and state, and how late."""

from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain

from tests.bench.stamps import Stamp, now_ns


@dataclass(slots=True)
class Tally:
    """One direction of all calls. Everything is counted from the first stretch on; latency only while `recording`."""

    sent: int = 0
    received: int = 0
    altered: int = 0
    """not what was sent: another call's, or a bit is wrong"""
    reordered: int = 0
    recording: bool = False
    latencies_ns: "array[int]" = field(default_factory=lambda: array("q"))

    @property
    def lost(self) -> int:
        """Sent and not arrived; right once nothing is on its way any more."""
        return self.sent - self.received

    def reset(self) -> None:
        """Begin again at nothing."""
        self.sent = self.received = self.altered = self.reordered = 0
        del self.latencies_ns[:]

    def arrived(self, stamp: Stamp, expected: int) -> int:
        """A stretch came in as number `expected`; answers the number that should be next."""
        if self.recording:
            self.latencies_ns.append(now_ns() - stamp.sent_ns)
        self.received += 1
        if stamp.number < expected:
            self.reordered += 1
            return expected
        return stamp.number + 1


@dataclass(frozen=True, slots=True)
class Latency:
    """How late stretches were, in ms."""

    p50: float
    p99: float
    max: float
    count: int


def latency(samples_ns: "Iterable[array[int]]") -> Latency:
    """Quantiles of all these samples; zeros of none."""
    ordered = sorted(chain.from_iterable(samples_ns))
    if not ordered:
        return Latency(0.0, 0.0, 0.0, 0)
    p50, p99 = (ordered[min(len(ordered) - 1, int(len(ordered) * part))] / 1e6 for part in (0.50, 0.99))
    return Latency(p50, p99, ordered[-1] / 1e6, len(ordered))

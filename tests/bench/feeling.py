"""What the calls of a rig feel while something goes on beside them."""

from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.bench.load import Rig
from tests.bench.tally import Latency, latency


@dataclass(slots=True)
class Felt:
    """How late their frames were, both directions."""

    samples: "list[array[int]]" = field(default_factory=list)

    @property
    def latency(self) -> Latency:
        """Once it is over."""
        return latency(self.samples)


@contextmanager
def feeling(one: Rig) -> Iterator[Felt]:
    """Record it in this context."""
    felt = Felt()
    tallies = one.phones.caller, one.phones.agent
    for tally in tallies:
        tally.latencies_ns = array("q")
        tally.recording = True
    try:
        yield felt
    finally:
        for tally in tallies:
            tally.recording = False
            felt.samples.append(tally.latencies_ns)

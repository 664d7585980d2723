"""What the kernel says about a process: CPU time, waiting for a core, memory. From /proc, so Linux only."""

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

BRIDGE_CORE, GENERATOR_CORE = 0, 1


@dataclass(frozen=True, slots=True)
class Reading:
    """All threads of a process at one moment."""

    at_s: float
    on_cpu_s: float
    """user and system time, to the nanosecond (schedstat)"""
    user_s: float
    system_s: float
    """the same time as the kernel splits it, in ticks of 10 ms"""
    waiting_s: float
    """time the process could have run, but its core did other people's work"""
    switches: int
    """times it was put on a core: wake-ups, mostly"""


@dataclass(frozen=True, slots=True)
class Span:
    """What a process did between two readings."""

    seconds: float
    on_cpu_s: float
    user_s: float
    system_s: float
    waiting_s: float
    wakeups: int

    @property
    def busy(self) -> float:
        """Part of one core, 0…1."""
        return self.on_cpu_s / self.seconds

    @property
    def waiting(self) -> float:
        """Part of the time spent waiting for the core, 0…1."""
        return self.waiting_s / self.seconds


def read(pid: int) -> Reading:
    """The process now. Raises OSError when it is gone."""
    on_cpu = waiting = switches = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        ran_ns, waited_ns, times = (task / "schedstat").read_text().split()
        on_cpu, waiting, switches = on_cpu + int(ran_ns), waiting + int(waited_ns), switches + int(times)
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    ticks = os.sysconf("SC_CLK_TCK")
    user_s, system_s = int(fields[11]) / ticks, int(fields[12]) / ticks
    return Reading(time.monotonic(), on_cpu / 1e9, user_s, system_s, waiting / 1e9, switches)


def between(first: Reading, last: Reading) -> Span:
    """What happened from one reading to the other."""
    return Span(
        last.at_s - first.at_s,
        last.on_cpu_s - first.on_cpu_s,
        last.user_s - first.user_s,
        last.system_s - first.system_s,
        last.waiting_s - first.waiting_s,
        last.switches - first.switches,
    )


def total(spans: Iterable[Span]) -> Span:
    """Several spans as if they were one."""
    every = list(spans)
    return Span(
        sum(span.seconds for span in every),
        sum(span.on_cpu_s for span in every),
        sum(span.user_s for span in every),
        sum(span.system_s for span in every),
        sum(span.waiting_s for span in every),
        sum(span.wakeups for span in every),
    )


def resident_kb(pid: int) -> int:
    """Resident memory of the process."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise ValueError(f"no VmRSS for {pid}")


@contextmanager
def on_core(core: int) -> Iterator[None]:
    """Bind this process, and what it starts in this context, to one core (where there is more than one)."""
    before = os.sched_getaffinity(0)
    if (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)

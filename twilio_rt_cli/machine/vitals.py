"""What this process takes of the machine: memory, and its share of a core."""

import os
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_STATM = Path("/proc/self/statm")
_SHORTEST_S = 0.5


@dataclass(frozen=True, slots=True)
class ProcessFigures:
    """Now."""

    rss_mb: float
    cpu_percent: float
    """of one core, since the last look that was long enough ago"""


class Vitals:
    """Looks at the process it runs in."""

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, cpu_clock: Callable[[], float] = time.process_time
    ) -> None:
        self._clock, self._cpu_clock = clock, cpu_clock
        self._at, self._cpu_s = clock(), cpu_clock()
        self._percent = 0.0

    def look(self) -> ProcessFigures:
        """The figures now; asked again within half a second, the share of a core is the one given before."""
        now, cpu_s = self._clock(), self._cpu_clock()
        if now - self._at >= _SHORTEST_S:
            self._percent = round(100 * (cpu_s - self._cpu_s) / (now - self._at), 1)
            self._at, self._cpu_s = now, cpu_s
        return ProcessFigures(round(_rss_bytes() / 1e6, 1), self._percent)


def _rss_bytes() -> int:
    try:
        return int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):  # no /proc: the highest it ever was has to do
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024

"""How late the event loop is: what a frame that comes in now waits while something else runs.

Ten times a second a timer says by how much it came late. Whatever blocks the loop shows here, whoever wrote it: a tool,
a library, the garbage collector, a machine that has no time for us. uvloop's timers count in milliseconds, so a lag of
one is none.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

EVERY_S = 0.1
WARN_MS = 100.0
"""a lag above it is logged: five frames of every call waited"""
_KEPT = 600
"""samples, a minute of them"""
_WARN_EVERY_S = 60.0

log = logging.getLogger("twilio_rt.server")


@dataclass(frozen=True, slots=True)
class Lag:
    """How late the loop was, in ms."""

    p50_ms: float
    p99_ms: float
    max_ms: float
    """these three: of the last minute"""
    worst_ms: float
    """since it was started"""

    def __str__(self) -> str:
        minute = f"p50 {self.p50_ms:.1f} p99 {self.p99_ms:.1f} max {self.max_ms:.1f} ms in the last minute"
        return f"loop lag {minute}, {self.worst_ms:.1f} ms at worst"


class LoopLag:
    """Samples the lag of the running loop from `start` to `stop`; the figures stay afterwards."""

    def __init__(self, observer: Callable[[float], None] = lambda _: None) -> None:
        """`observer` hears every sample, in ms; a histogram for one."""
        self._observer = observer
        self._late_ms: deque[float] = deque(maxlen=_KEPT)
        self._worst_ms = 0.0
        self._warn_at = 0.0
        self._due_at = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Sample from now on, on the running loop; what was sampled before is forgotten."""
        self.stop()
        self._late_ms.clear()
        self._worst_ms = self._warn_at = 0.0
        self._arm(time.monotonic())

    def stop(self) -> None:
        """Sample no more; again: nothing."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def snapshot(self) -> Lag:
        """The figures now; zeros before the first sample."""
        ordered = sorted(self._late_ms) or [0.0]
        p50, p99 = (ordered[int(len(ordered) * part)] for part in (0.50, 0.99))
        return Lag(p50, p99, ordered[-1], self._worst_ms)

    def take(self, late_ms: float, now: float) -> None:
        """One sample; `now` is monotonic. A long lag is logged, at most once a minute."""
        self._late_ms.append(late_ms)
        self._worst_ms = max(self._worst_ms, late_ms)
        self._observer(late_ms)
        if late_ms > WARN_MS and now >= self._warn_at:
            self._warn_at = now + _WARN_EVERY_S
            log.warning("the event loop stood still for %.0f ms, and every call waited: what blocks it?", late_ms)

    def _arm(self, now: float) -> None:
        # The loop's own clock stands still while callbacks run, and uvloop's has no fractions of a millisecond.
        self._due_at = now + EVERY_S
        self._timer = asyncio.get_running_loop().call_later(EVERY_S, self._on_timer)

    def _on_timer(self) -> None:
        now = time.monotonic()
        self.take(max(0.0, now - self._due_at) * 1000, now)
        self._arm(now)

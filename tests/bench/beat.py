"""Whoever does something every so many milliseconds, on an absolute clock, spread evenly over the period.

Calls are not in step with each other, so a bridge gets their frames one by one and not in heaps. A loop's own timers
have a resolution of one millisecond, in which two hundred calls send ten frames; hence a timer of the kernel, four
times finer. A beat that comes late is made up for at once, so that the rate holds whatever the loop does.
"""

import asyncio
import ctypes
import os
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

TICK_S = 0.00025
LAG_S = 0.010
"""from here on a tick that comes late is kept as a lag"""
_CLOCK_MONOTONIC = 1


class Beating(Protocol):
    """Does its thing, once a period."""

    def beat(self) -> None: ...


class Beat:
    """Calls `beat` of each member once every `period_ms`, as long as a ticker drives it."""

    def __init__(self, period_ms: int) -> None:
        self._slots: list[list[Beating]] = [[] for _ in range(round(period_ms / 1000 / TICK_S))]
        self._where: dict[Beating, list[Beating]] = {}
        self._joined = 0
        self._start_at = 0.0
        self._slot = 0
        self._going = False
        self.worst_late_s = 0.0
        """how late a beat was at worst since somebody set this to 0"""

    def join(self, member: Beating) -> None:
        """From now on this one too, in a slot that is far from those of the last ones."""
        # Multiples of the golden section fill an interval evenly, however many they are.
        slot = self._slots[int(self._joined * 0.6180339887 % 1.0 * len(self._slots))]
        self._joined += 1
        slot.append(member)
        self._where[member] = slot

    def leave(self, member: Beating) -> None:
        """This one no longer; unknown ones: nothing."""
        if (slot := self._where.pop(member, None)) is not None:
            slot.remove(member)

    def start(self) -> None:
        """Beat from now on."""
        self._start_at, self._slot, self._going = time.monotonic(), 0, True

    def stop(self) -> None:
        """No more beats, until it is started again."""
        self._going = False

    def tick(self, now: float) -> None:
        """All beats that are due."""
        if not self._going:
            return
        late_s = now - self._start_at - self._slot * TICK_S
        self.worst_late_s = max(self.worst_late_s, late_s)
        while late_s >= 0 and self._going:
            if members := self._slots[self._slot % len(self._slots)]:
                for member in tuple(members):
                    member.beat()
            self._slot += 1
            late_s = time.monotonic() - self._start_at - self._slot * TICK_S


@contextmanager
def ticking(*beats: Beat) -> Iterator[list[tuple[float, float]]]:
    """Drive these beats on the running loop. Gives the lags of this loop: from when until when nothing ran."""
    for beat in beats:
        beat.start()
    libc = ctypes.CDLL(None, use_errno=True)
    timer = libc.timerfd_create(_CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC)
    if timer < 0:
        raise OSError(ctypes.get_errno(), "timerfd_create")
    nanoseconds = round(TICK_S * 1e9)
    libc.timerfd_settime(timer, 0, struct.pack("qqqq", 0, nanoseconds, 0, nanoseconds), None)

    lags: list[tuple[float, float]] = []
    last_at = time.monotonic()

    def on_tick() -> None:
        nonlocal last_at
        try:
            os.read(timer, 8)
        except BlockingIOError:  # read already
            return
        now = time.monotonic()
        if now - last_at > LAG_S:
            lags.append((last_at, now))
        last_at = now
        for beat in beats:
            beat.tick(now)

    loop = asyncio.get_running_loop()
    loop.add_reader(timer, on_tick)
    try:
        yield lags
    finally:
        loop.remove_reader(timer)
        os.close(timer)
        for beat in beats:
            beat.stop()

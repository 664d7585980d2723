"""What waits to be written: bounded, filled from any thread, emptied by the writer's."""

import queue
import threading
from collections.abc import Callable
from contextlib import suppress

from msgspec import Struct

from twilio_rt_cli.records.store import Store

Write = Callable[[Store], None]

_IDLE_S = 1.0  # between looks at the clock, and at the calls that run, when nothing waits


class Job(Struct, frozen=True):
    """Something to write."""

    call_sid: str
    """whose it is, for a warning"""
    write: Write
    passing: bool = False
    """nothing is lost with it: the next one tells the same, and more"""


class Inbox:
    """Jobs that wait, until it is closed; at most so many at once."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._closed = threading.Event()

    def put(self, job: Job) -> bool:
        """Whether there was room for it. Never blocks and never raises."""
        if len(self) >= self._most or self.closed:
            return False
        self._jobs.put(job)
        return True

    def close(self) -> None:
        """Nothing more is taken in; who waits for a job is woken."""
        self._closed.set()
        self._jobs.put(None)

    @property
    def closed(self) -> bool:
        """Whether it was closed. What waited then is still there."""
        return self._closed.is_set()

    def __len__(self) -> int:
        return self._jobs.qsize()

    # In the writer's thread

    def batch(self, pause_s: float) -> list[Job]:
        """What waits; of an empty inbox, what comes within a second, and in this pause after the first."""
        found: list[Job | None] = []
        with suppress(queue.Empty):
            found.append(self._jobs.get(timeout=0 if self.closed else _IDLE_S))
            self.pause(pause_s)
            while len(found) < self._most:
                found.append(self._jobs.get_nowait())
        return [job for job in found if job is not None]

    def pause(self, pause_s: float) -> None:
        """Wait so long, or until it is closed."""
        self._closed.wait(pause_s)

"""One thread that writes call records, so that neither a call nor the event loop ever waits for the disk.

What is to be written stands in a bounded queue; twice a second the thread writes all that waits, in one transaction.
When the disk is full, read-only, gone or too slow, what cannot be kept is dropped and counted, with one warning for
each call it belongs to; every further batch is a new attempt, and the first that succeeds is told once.
"""

import logging
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from msgspec import Struct

from twilio_rt_cli.errors import TwilioRtError
from twilio_rt_cli.records.schema import is_busy, is_corrupt, set_aside
from twilio_rt_cli.records.store import Store

DAY_S = 86_400.0
_IDLE_S = 1.0  # between looks at the clock, and at the calls that run, when nothing waits
_MOST_WARNED = 10_000
_ATTEMPTS = 3
_OF_ONE = (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.InterfaceError, sqlite3.DataError)

Write = Callable[[Store], None]

log = logging.getLogger("twilio_rt.records")


class Job(Struct, frozen=True):
    """Something to write."""

    call_sid: str
    """whose it is, for a warning"""
    write: Write
    passing: bool = False
    """nothing is lost with it: the next one tells the same, and more"""


def _nothing() -> list[Job]:
    return []


class Writer:
    """The thread. Enter it as a context, or `start` and `close` it; `put` in between, from any thread."""

    def __init__(
        self,
        path: Path,
        *,
        days: int = 0,
        most: int = 10_000,
        pause_s: float = 0.5,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Records older than `days` are deleted at the start and once a day; 0: never. `most` may wait at once."""
        self.notes: Callable[[], list[Job]] = _nothing
        """asked by the thread, once a second or so: what is to be noted of calls that run"""
        self._path = path
        self._days = days
        self._most = most
        self._pause_s = pause_s
        self._clock = clock
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._work, name="records", daemon=True)
        self._store: Store | None = None
        self._inode: int | None = None
        self._turned_away = 0  # by `put`
        self._unwritten = 0  # by the thread
        self._warned: set[str] = set()
        self._told_lost = 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def dropped(self) -> int:
        """How much was lost since the start."""
        return self._turned_away + self._unwritten

    def start(self) -> None:
        """Begin to write. The file is opened, tidied and pruned by the thread: nothing here waits for the disk."""
        self._thread.start()

    def put(self, job: Job) -> None:
        """Have this written, soon. Never blocks and never raises; with too much waiting it is dropped."""
        if self._jobs.qsize() >= self._most or self._closing.is_set():
            self._turned_away += 1
            self._warn({job.call_sid}, "too much waits for the disk")
            return
        self._jobs.put(job)

    def close(self, timeout_s: float = 5.0) -> None:
        """Write what waits, for so long at most; a disk that hangs holds nobody up."""
        self._closing.set()
        self._jobs.put(None)
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            log.warning("call records: the disk did not take what was waiting (%d)", self._jobs.qsize())
        elif self.dropped > self._told_lost:
            log.warning("call records: %d entries were lost", self.dropped)

    def _work(self) -> None:
        tidy_at = 0.0
        try:
            while True:
                if self._clock() >= tidy_at and self._tidied():
                    tidy_at = self._clock() + DAY_S
                jobs = self._waiting()
                jobs += self.notes()
                if jobs:
                    self._write(jobs)
                elif self._closing.is_set():
                    return
        finally:
            self._close_store()

    def _waiting(self) -> list[Job]:
        """What waits; of an empty queue, what comes within half a second after the first."""
        found: list[Job | None] = []
        with suppress(queue.Empty):
            found.append(self._jobs.get(timeout=0 if self._closing.is_set() else _IDLE_S))
            self._closing.wait(self._pause_s)
            while len(found) < self._most:
                found.append(self._jobs.get_nowait())
        return [job for job in found if job is not None]

    def _write(self, jobs: list[Job]) -> None:
        done = self._attempt(lambda store: self._write_all(store, jobs), {job.call_sid for job in jobs})
        if not done:
            self._unwritten += sum(not job.passing for job in jobs)
            return
        if self._warned:
            lost = self.dropped - self._told_lost
            self._told_lost = self.dropped
            self._warned.clear()
            log.warning("call records are kept again; %d entries were lost", lost)

    def _write_all(self, store: Store, jobs: list[Job]) -> None:
        with store.transaction():
            for job in jobs:
                try:
                    job.write(store)
                except Exception as error:  # one call's row must not cost the others theirs
                    if isinstance(error, OSError | sqlite3.Error) and not isinstance(error, _OF_ONE):
                        raise
                    self._unwritten += not job.passing
                    log.exception("a call record cannot take this", extra={"call": job.call_sid})

    def _tidied(self) -> bool:
        return self._attempt(self._tidy, {""})

    def _tidy(self, store: Store) -> None:
        recordings: list[Path] = []
        with store.transaction():
            if count := store.cut_off_the_dead():
                log.warning("calls that were cut off when their server died: %d", count)
            if self._days:
                recordings = store.prune(self._clock() - self._days * DAY_S)
        store.give_back()
        ours = self._path.parent.resolve()
        for recording in recordings:
            with suppress(OSError, RuntimeError, ValueError):  # what no path leads to: a loop of links, a NUL
                if recording.resolve().is_relative_to(ours):  # what we did not put there is not ours to delete
                    recording.unlink(missing_ok=True)

    def _attempt(self, work: Write, call_sids: set[str]) -> bool:
        """Work with the store; a damaged one is set aside, and the work done with a new one."""
        why = ""
        for _ in range(_ATTEMPTS):
            try:
                work(self._opened())
                return True
            except (OSError, sqlite3.Error, TwilioRtError) as error:
                self._close_store()
                why = str(error)
                if is_corrupt(error):
                    self._set_aside()
                elif is_busy(error):
                    self._closing.wait(self._pause_s)
                else:
                    break
        self._warn(call_sids, why)
        return False

    def _opened(self) -> Store:
        if self._store is not None and self._inode != _inode(self._path):  # deleted, or set aside by another server
            self._close_store()
        if self._store is None:
            self._inode = _inode(self._path)
            self._store = Store(self._path)
            self._inode = _inode(self._path)
        return self._store

    def _set_aside(self) -> None:
        if self._inode != _inode(self._path):  # another server has done it
            return
        try:
            aside = set_aside(self._path)
        except OSError:  # as with a disk that is full: the next attempt tells
            return
        log.warning("the call records in %s are damaged; they are now %s", self._path, aside.name)

    def _close_store(self) -> None:
        store, self._store = self._store, None
        if store is not None:
            store.close()

    def _warn(self, call_sids: Iterable[str], why: str) -> None:
        """Once for each call, until records are kept again."""
        if len(self._warned) > _MOST_WARNED:
            return
        for call_sid in set(call_sids) - self._warned:
            self._warned.add(call_sid)
            log.warning("call records cannot be written: %s", why, extra={"call": call_sid} if call_sid else {})


def _inode(path: Path) -> int | None:
    """What tells a file from another one that took its place."""
    try:
        return path.stat().st_ino
    except OSError:
        return None

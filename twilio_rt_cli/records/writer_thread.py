"""The work of the thread that writes call records, and all that it alone touches.

Twice a second it writes what waits, in one transaction. A damaged file is set aside and a new one begun, also for one
that was deleted; one that another process has is waited for. What still cannot be written is dropped and counted.
"""

import logging
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from twilio_rt_cli.errors import TwilioRtError
from twilio_rt_cli.records.inbox import Inbox, Job, Write
from twilio_rt_cli.records.losses import Losses
from twilio_rt_cli.records.schema import is_busy, is_corrupt, set_aside
from twilio_rt_cli.records.store import Store

DAY_S = 86_400.0
_ATTEMPTS = 3
_OF_ONE = (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.InterfaceError, sqlite3.DataError)

log = logging.getLogger("twilio_rt.records")


class WriterThread:
    """What one thread does from its start to its end: `run` it there."""

    def __init__(
        self,
        path: Path,
        inbox: Inbox,
        losses: Losses,
        *,
        days: int,
        pause_s: float,
        clock: Callable[[], float],
    ) -> None:
        """Records older than `days` are deleted at the start and once a day; 0: never."""
        self._file = _OpenFile(path)
        self._inbox = inbox
        self._losses = losses
        self._days = days
        self._pause_s = pause_s
        self._clock = clock

    def run(self, notes: Callable[[], list[Job]]) -> None:
        """Write until the inbox is closed and empty. `notes` is asked once a second or so what is to be noted."""
        tidy_at = 0.0
        try:
            while True:
                if self._clock() >= tidy_at and self._attempt(self._tidy, {""}):
                    tidy_at = self._clock() + DAY_S
                jobs = self._inbox.batch(self._pause_s)
                jobs += notes()
                if jobs:
                    self._write(jobs)
                elif self._inbox.closed:
                    return
        finally:
            self._file.close()

    def _write(self, jobs: list[Job]) -> None:
        if self._attempt(lambda store: self._write_all(store, jobs), {job.call_sid for job in jobs}):
            self._losses.kept_again()
        else:
            self._losses.unwritten(sum(not job.passing for job in jobs))

    def _write_all(self, store: Store, jobs: list[Job]) -> None:
        with store.transaction():
            for job in jobs:
                try:
                    job.write(store)
                except Exception as error:  # one call's row must not cost the others theirs
                    if isinstance(error, OSError | sqlite3.Error) and not isinstance(error, _OF_ONE):
                        raise
                    self._losses.unwritten(not job.passing)
                    log.exception("a call record cannot take this", extra={"call": job.call_sid})

    def _tidy(self, store: Store) -> None:
        recordings: list[Path] = []
        with store.transaction():
            if count := store.cut_off_the_dead():
                log.warning("calls that were cut off when their server died: %d", count)
            if self._days:
                recordings = store.prune(self._clock() - self._days * DAY_S)
        store.give_back()
        self._file.remove_beside(recordings)

    def _attempt(self, work: Write, call_sids: set[str]) -> bool:
        """Work with the store; a damaged one is set aside, and the work done with a new one."""
        why = ""
        for _ in range(_ATTEMPTS):
            try:
                work(self._file.store())
                return True
            except (OSError, sqlite3.Error, TwilioRtError) as error:
                self._file.close()
                why = str(error)
                if is_corrupt(error):
                    self._file.set_aside()
                elif is_busy(error):
                    self._inbox.pause(self._pause_s)
                else:
                    break
        self._losses.warn(call_sids, why)
        return False


class _OpenFile:
    """The file of the records, opened when it is wanted, and again when another took its place."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._store: Store | None = None
        self._inode: int | None = None

    def store(self) -> Store:
        """The open store. Raises OSError, sqlite3.Error or ServerError when it cannot be opened."""
        if self._store is not None and self._inode != _inode(self._path):  # deleted, or set aside by another server
            self.close()
        if self._store is None:
            self._inode = _inode(self._path)
            self._store = Store(self._path)
            self._inode = _inode(self._path)
        return self._store

    def close(self) -> None:
        """Close it; again: nothing."""
        store, self._store = self._store, None
        if store is not None:
            store.close()

    def set_aside(self) -> None:
        """Give the damaged file that was open last another name, unless somebody did."""
        if self._inode != _inode(self._path):  # another server has done it
            return
        try:
            aside = set_aside(self._path)
        except OSError:  # as with a disk that is full: the next attempt tells
            return
        log.warning("the call records in %s are damaged; they are now %s", self._path, aside.name)

    def remove_beside(self, recordings: list[Path]) -> None:
        """Delete those of these files that lie in our folder."""
        ours = self._path.parent.resolve()
        for recording in recordings:
            with suppress(OSError, RuntimeError, ValueError):  # what no path leads to: a loop of links, a NUL
                if recording.resolve().is_relative_to(ours):  # what we did not put there is not ours to delete
                    recording.unlink(missing_ok=True)


def _inode(path: Path) -> int | None:
    """What tells a file from another one that took its place."""
    try:
        return path.stat().st_ino
    except OSError:
        return None

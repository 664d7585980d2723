"""Call records as whoever has something to write sees them: neither a call nor the event loop ever waits for the disk.

What is to be written stands in a bounded inbox; a thread writes it (records/writer_thread.py). When the disk is full,
read-only, gone or too slow, what cannot be kept is dropped and counted, with one warning for each call it belongs to;
every further batch is a new attempt, and the first that succeeds is logged once.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from twilio_rt_cli.records.inbox import Inbox, Job
from twilio_rt_cli.records.losses import Losses
from twilio_rt_cli.records.writer_thread import WriterThread

log = logging.getLogger("twilio_rt.records")


class Writer:
    """Has things written: `put` them, from any thread. They are written from `start` to `close`, or while `running`."""

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
        self._inbox = Inbox(most)
        self._losses = Losses()
        self._work = WriterThread(path, self._inbox, self._losses, days=days, pause_s=pause_s, clock=clock)
        self._thread: threading.Thread | None = None

    @contextmanager
    def running(self, notes: Callable[[], list[Job]]) -> Iterator[Self]:
        """This writer, which writes while the context lasts, and what is left when it ends; `notes` as for `start`."""
        self.start(notes)
        try:
            yield self
        finally:
            self.close()

    @property
    def dropped(self) -> int:
        """How much was lost since the start."""
        return self._losses.count

    def start(self, notes: Callable[[], list[Job]]) -> None:
        """Begin to write. The file is opened, tidied and pruned by the thread: nothing here waits for the disk.

        The thread asks `notes`, once a second or so, what is to be noted of calls that run.
        """
        self._thread = threading.Thread(target=self._work.run, args=(notes,), name="records", daemon=True)
        self._thread.start()

    def put(self, job: Job) -> None:
        """Have this written, soon. Never blocks and never raises; with too much waiting it is dropped."""
        if not self._inbox.put(job):
            self._losses.turned_away(job.call_sid)

    def close(self, timeout_s: float = 5.0) -> None:
        """Write what waits, for so long at most; a disk that hangs holds nobody up."""
        self._inbox.close()
        if self._thread is None:
            return
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            log.warning("call records: the disk did not take what was waiting (%d)", len(self._inbox))
        else:
            self._losses.log_the_rest()

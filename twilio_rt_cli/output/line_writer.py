"""Lines written from a thread of their own, so that a reader who does not read never holds up a call.

A terminal that is stopped by Ctrl-S and a pipe into a sleeping program both block a plain write, and with it the event
loop and every call's audio.
"""

import contextlib
import os
import select
import threading
from queue import Full, Queue
from typing import TextIO

from twilio_rt_cli.output.backlog import MOST_LINES, keeps_up


class LineWriter:
    """Writes lines to a stream in order. When the reader is gone, lines are dropped without a word."""

    def __init__(self, stream: TextIO, limit: int = MOST_LINES) -> None:
        self._stream = stream
        self._waiting: Queue[str | None] = Queue(limit)
        self._thread: threading.Thread | None = None
        self._gone = False
        self.dropped = 0
        """lines nobody took: the reader is too slow, or gone"""

    def write(self, line: str) -> None:
        """Queue one line; never blocks. Above `limit` waiting lines new ones are dropped and counted."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="lines", daemon=True)
            self._thread.start()
        try:
            self._waiting.put_nowait(line)
        except Full:
            self.dropped += 1

    def write_figures(self, line: str) -> None:
        """The same for a line that the next of its kind makes up for: the first to go when the reader is slow."""
        if not keeps_up(self._waiting.qsize()):
            self.dropped += 1
            return
        self.write(line)

    def close(self, timeout_s: float = 2.0) -> None:
        """Write what waits, for at most so long; again: wait on. No line may follow."""
        if self._thread is None:
            return
        with contextlib.suppress(Full):
            self._waiting.put(None, timeout=timeout_s)
        self._thread.join(timeout_s)
        if not self._thread.is_alive():
            self._thread = None

    def _run(self) -> None:
        while (line := self._waiting.get()) is not None:
            if self._gone:
                self.dropped += 1
                continue
            try:
                self._put((line + "\n").encode("utf-8", "backslashreplace"))
            except (OSError, ValueError):  # a broken pipe, a closed file: the calls go on
                self._gone = True
                self.dropped += 1

    def _put(self, raw: bytes) -> None:
        try:
            descriptor = self._stream.fileno()
        except (OSError, ValueError, AttributeError):  # a stream in memory
            self._stream.write(raw.decode())
            self._stream.flush()
            return
        # Not through the stream's own buffer: a thread stuck in it would stop the interpreter from ending.
        view = memoryview(raw)
        while view:
            try:
                view = view[os.write(descriptor, view) :]
            except BlockingIOError:
                select.select([], [descriptor], [])

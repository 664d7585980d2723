"""What would be written on the terminal while the live view has it: kept, shown among its events, written afterwards.

Only what goes to a terminal is kept: a log that is redirected to a file goes on as usual.
"""

import contextlib
import io
import logging
import sys
import time
from collections import deque
from collections.abc import Collection, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TextIO

from twilio_rt_cli.live.snapshot import RecentEvent
from twilio_rt_cli.output import console
from twilio_rt_cli.output.line_writer import LineWriter
from twilio_rt_cli.output.logs import LineHandler

_MOST = 200
_LONGEST = 10_000
"""characters of a line that does not end"""
_SHOWN_ELSEWHERE = frozenset({"twilio_rt.server.refused"})
"""what these loggers say is an event of the live view itself, and counted in what is written afterwards"""


@dataclass(frozen=True, slots=True)
class KeptLine:
    """One line that was not written."""

    line: str
    event: RecentEvent


class KeptLines:
    """The last lines that were kept."""

    def __init__(self, handlers: Collection[LineHandler], stream: TextIO) -> None:
        self._stream = stream
        self._lines: deque[KeptLine] = deque(maxlen=_MOST)
        self.released = False
        self._kept_from = ExitStack()
        for handler in handlers:
            self._kept_from.enter_context(handler.kept_by(self.take_record))

    def events(self) -> tuple[RecentEvent, ...]:
        """Warnings and errors of the log, and what was printed; for the live view."""
        return tuple(kept.event for kept in list(self._lines))

    def take_record(self, record: logging.LogRecord, line: str, message: str) -> None:
        """A record of the log; only warnings and errors are kept, however many others come between them."""
        if record.levelno < logging.WARNING or record.name in _SHOWN_ELSEWHERE:
            return
        wrong = record.levelno >= logging.ERROR
        call = str(getattr(record, "call", "") or "")
        self._lines.append(KeptLine(line, RecentEvent(record.created, call, "log", message, wrong=wrong)))

    def take_print(self, line: str) -> None:
        """A line that somebody printed."""
        self._lines.append(KeptLine(line, RecentEvent(time.time(), "", "print", line)))

    def release(self) -> None:
        """Keep nothing more, and write what is left to be written where it belongs; again: nothing."""
        if self.released:
            return
        self.released = True
        self._kept_from.close()
        writer = LineWriter(self._stream)
        for kept in list(self._lines):
            writer.write(kept.line)
        self._lines.clear()
        writer.close()


@contextlib.contextmanager
def kept_lines() -> Iterator[KeptLines]:
    """Inside this context nothing is written on the terminal by the log, by `print` or on stderr.

    Afterwards the warnings, errors and prints among the last lines are written where they belong.
    """
    handlers = [one for one in logging.getLogger().handlers if isinstance(one, LineHandler) and one.on_terminal]
    kept = KeptLines(handlers, sys.stderr)
    try:
        with ExitStack() as stack:
            if console.is_terminal(sys.stdout):
                stack.enter_context(contextlib.redirect_stdout(stack.enter_context(_Kept(sys.stdout, kept))))
            if console.is_terminal(sys.stderr):
                stack.enter_context(contextlib.redirect_stderr(stack.enter_context(_Kept(sys.stderr, kept))))
            yield kept
    finally:
        kept.release()


class _Kept(io.TextIOBase):
    """A stream that keeps what is written; a child process still gets the real one."""

    encoding = "utf-8"

    def __init__(self, real: TextIO, kept: KeptLines) -> None:
        self._real = real
        self._kept = kept
        self._begun = ""

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._real.fileno()

    def write(self, text: str) -> int:
        if self._kept.released:
            return self._real.write(text)
        *lines, self._begun = (self._begun + text).split("\n")
        for line in lines:
            self._kept.take_print(line)
        while len(self._begun) > _LONGEST:
            self._kept.take_print(self._begun[:_LONGEST])
            self._begun = self._begun[_LONGEST:]
        return len(text)

    def close(self) -> None:
        if self._begun:
            self._kept.take_print(self._begun)
        self._begun = ""
        super().close()

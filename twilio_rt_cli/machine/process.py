"""A process as one value: its number, and what tells it from a later one that has the same number."""

import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

END_S = 2.0
"""how long a process may take to end before it is killed"""
_LOOK_S = 0.02


@dataclass(frozen=True, slots=True)
class Process:
    """One process of this machine, whether it still runs or not."""

    pid: int
    started_at: str
    """the kernel's start time where /proc has it; elsewhere empty, and the pid alone has to do"""

    @classmethod
    def of(cls, pid: int) -> "Process":
        """The process that has this number now."""
        return Process(pid, _started_at(pid) or "")

    @classmethod
    def current(cls) -> "Process":
        """This one."""
        return Process.of(os.getpid())

    @property
    def alive(self) -> bool:
        """Whether that very process still runs."""
        return _started_at(self.pid) == self.started_at

    def end(self, patience_s: float = END_S) -> None:
        """SIGTERM, then SIGKILL after a moment; nothing where the start time cannot tell whether it is the one."""
        if not self.started_at:
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            if not self.alive:
                return
            with suppress(ProcessLookupError, PermissionError):
                os.kill(self.pid, number)
            until = time.monotonic() + patience_s
            while self.alive and time.monotonic() < until:
                time.sleep(_LOOK_S)  # in a thread; a process that is not our child ends without a word to us


def _started_at(pid: int) -> str | None:
    """None when there is no such process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        pass
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except OSError:
        return ""
    return None if fields[0] == "Z" else fields[19]

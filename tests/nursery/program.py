"""A process of the nursery's for tests that run no loop."""

import os
import select
import signal
import socket
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from threading import Thread
from typing import TextIO


class Program:
    """Has the names of `subprocess.Popen`, with text on its pipes."""

    def __init__(self, asking: socket.socket, pipes: Mapping[int, int]) -> None:
        self.stdout: TextIO | None = os.fdopen(pipes[1]) if 1 in pipes else None
        self.stderr: TextIO | None = os.fdopen(pipes[2]) if 2 in pipes else None
        self._asking = asking
        self._fate = asking.makefile("rb", buffering=0)  # nothing is read ahead of what is asked for
        self.pid: int = int(self._fate.readline())
        self.returncode: int | None = None

    def send_signal(self, number: signal.Signals) -> None:
        if self.returncode is None:
            with suppress(ProcessLookupError):  # it has ended, and nobody has asked how
                os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            if not select.select([self._asking], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
            self.returncode = int(self._fate.readline())
        return self.returncode

    def communicate(self, timeout: float) -> tuple[str, str]:
        """The rest of stdout and stderr, when it has ended; killed when that is not so in time."""
        told = ["", ""]

        def read(number: int, pipe: TextIO | None) -> None:
            told[number] = pipe.read() if pipe else ""

        threads = [Thread(target=read, args=one) for one in enumerate((self.stdout, self.stderr))]
        for thread in threads:
            thread.start()
        try:
            self.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        finally:
            for thread in threads:
                thread.join()
        return told[0], told[1]

    def close(self) -> None:
        """Kill it if it still runs, and let go of its pipes."""
        self.kill()
        self.wait(20)
        for one in (self.stdout, self.stderr, self._fate, self._asking):
            if one:
                one.close()

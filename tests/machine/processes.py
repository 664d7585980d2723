"""Processes to look at, and to end."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_CODE = "import time, signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(60)"


@contextmanager
def stubborn_process() -> Iterator["subprocess.Popen[bytes]"]:
    """A process that asks for more than a SIGTERM."""
    with subprocess.Popen([sys.executable, "-c", _CODE], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()

"""Somebody watches our bridge: a terminal that shows the live view, and a scraper of its metrics."""

import fcntl
import os
import pty
import struct
import termios
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

COLUMNS, ROWS = 200, 50
SCRAPE_S = 5.0


class Terminal:
    """A terminal of 200 × 50, read by a thread that throws away what it shows."""

    def __init__(self) -> None:
        self._master, self.slave = pty.openpty()
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        self.shown_bytes = 0
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def close(self) -> None:
        """When the process that used it is gone."""
        os.close(self.slave)
        self._reader.join(5)
        os.close(self._master)

    def _read(self) -> None:
        while True:
            try:
                shown = os.read(self._master, 65_536)
            except OSError:  # nobody has the other end any more
                return
            if not shown:
                return
            self.shown_bytes += len(shown)


@contextmanager
def scraping(admin_url: str) -> Iterator[None]:
    """Ask for the metrics every five seconds, as Prometheus would."""
    over = threading.Event()

    def scrape() -> None:
        while not over.wait(SCRAPE_S):
            with urllib.request.urlopen(f"{admin_url}/metrics", timeout=5) as answer:
                assert answer.read()

    thread = threading.Thread(target=scrape, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(10)

"""Event lines for whoever attached to the admin port: each reader has a queue of its own, and none waits for another.

A reader may be slow, stopped or dead; a call never notices. While more than a hundred lines wait for a reader it gets
no `stats`, and the next one counts how many it missed. Other lines are never left out: a reader who is thousands behind
is cut off instead, with a last line that says so. So what a reader costs is bounded, and what it was sent has no holes.

All of it belongs to the event loop's thread, and nothing here blocks.
"""

import asyncio
from collections import deque
from collections.abc import Callable

from twilio_rt_cli.output.backlog import MOST_LINES, keeps_up

MOST_BYTES = 16 * 1024 * 1024
"""waiting for one reader, as MOST_LINES: a tool's answer can be a long line"""
MOST_READERS = 50
_CHUNK_BYTES = 65_536


class Reader:
    """One who attached: ask for chunks until there are none."""

    def __init__(self, farewell: Callable[[int], str]) -> None:
        self._farewell = farewell
        self._lines: deque[bytes] = deque()
        self._bytes = 0
        self._stirred = asyncio.Event()
        self._ended = False
        self._dropped = 0

    @property
    def waiting(self) -> int:
        """Lines that it has not taken yet."""
        return len(self._lines)

    @property
    def ended(self) -> bool:
        """Whether no further line will be taken in."""
        return self._ended

    def put(self, line: str) -> None:
        """Queue a line, or cut the reader off."""
        raw = line.encode("utf-8", "backslashreplace") + b"\n"
        if len(self._lines) >= MOST_LINES or self._bytes + len(raw) > MOST_BYTES:
            lost = len(self._lines) + 1
            self._lines.clear()
            self._bytes = 0
            raw = self._farewell(lost).encode() + b"\n"
            self._ended = True
        self._lines.append(raw)
        self._bytes += len(raw)
        self._stirred.set()

    def put_figures(self, line: Callable[[int], str]) -> None:
        """Queue figures unless too much waits; `line` is made from how many were left out so far."""
        if not keeps_up(len(self._lines)):
            self._dropped += 1
            return
        self.put(line(self._dropped))

    def end(self) -> None:
        """No further line; what waits can still be taken."""
        self._ended = True
        self._stirred.set()

    async def chunk(self) -> bytes:
        """Whole lines that wait, as many as are handy to send at once; empty when it is over."""
        while not self._lines and not self._ended:
            self._stirred.clear()
            await self._stirred.wait()
        taken: list[bytes] = []
        size = 0
        while self._lines and size < _CHUNK_BYTES:
            taken.append(self._lines.popleft())
            size += len(taken[-1])
        self._bytes -= size
        return b"".join(taken)


class Broadcast:
    """All readers of one server."""

    def __init__(self, greeting: Callable[[], str], farewell: Callable[[int], str]) -> None:
        """`greeting` is a reader's first line, `farewell` the last of one who lost so many lines."""
        self._greeting = greeting
        self._farewell = farewell
        self._readers: set[Reader] = set()
        self._closed = False

    @property
    def readers(self) -> int:
        """How many listen; while it is none no line need be made."""
        return len(self._readers)

    def join(self) -> Reader | None:
        """A reader from now on; None when there are too many, or the server is at its end."""
        self._readers = {one for one in self._readers if not one.ended or one.waiting}
        if self._closed or len(self._readers) >= MOST_READERS:
            return None
        reader = Reader(self._farewell)
        reader.put(self._greeting())
        self._readers.add(reader)
        return reader

    def leave(self, reader: Reader) -> None:
        """It went; again: nothing."""
        reader.end()
        self._readers.discard(reader)

    def publish(self, line: str) -> None:
        """A line for all."""
        for reader in self._readers:
            if not reader.ended:
                reader.put(line)

    def publish_figures(self, line: Callable[[int], str]) -> None:
        """Figures for all who keep up; `line` is made from how many a reader missed so far."""
        for reader in self._readers:
            if not reader.ended:
                reader.put_figures(line)

    def close(self, last: str) -> None:
        """The server's end: a last line for all, and nobody new; again: nothing."""
        if self._closed:
            return
        self.publish(last)
        self._closed = True
        for reader in self._readers:
            reader.end()

"""A terminal to look at: a pseudo-terminal, and what stands on its screen by what was written there."""

import asyncio
import codecs
import fcntl
import os
import pty
import re
import select
import struct
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

_SEQUENCE = re.compile(r"\x1b\[([?\d;]*)([A-Za-z])")


class Glass:
    """The other end of a pseudo-terminal. Lines that are placed (ESC [ n ; 1 H) are understood, wrapping is not."""

    def __init__(self, width: int = 80, height: int = 24) -> None:
        self._ours, self.descriptor = pty.openpty()
        self.resize(width, height)
        self.raw = ""
        """everything that was written"""
        self.lines: dict[int, str] = {}
        self.alternate = self.hidden_cursor = False
        self.wraps = True
        self._news = asyncio.Event()
        self._row = 1
        self._rest = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def resize(self, width: int, height: int) -> None:
        fcntl.ioctl(self.descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def press(self, keys: str | bytes) -> None:
        os.write(self._ours, keys if isinstance(keys, bytes) else keys.encode())

    @property
    def attributes(self) -> list[object]:
        return list(termios.tcgetattr(self.descriptor))

    @property
    def text(self) -> str:
        return "\n".join(self.lines.get(number, "") for number in range(1, max(self.lines, default=0) + 1))

    @property
    def clean(self) -> bool:
        """Whether it is as a shell expects it."""
        return not self.alternate and not self.hidden_cursor and self.wraps

    def read(self) -> None:
        """What was written lately. Raises OSError when nobody is there any more."""
        self._show(self._decoder.decode(os.read(self._ours, 65536)))

    def close(self) -> None:
        for descriptor in (self._ours, self.descriptor):
            with suppress(OSError):
                os.close(descriptor)

    # In this process

    @contextmanager
    def streams(self) -> Iterator[tuple[TextIO, TextIO]]:
        """The terminal as `stdout` and `stdin` of a program."""
        with os.fdopen(os.dup(self.descriptor), "w") as out, os.fdopen(os.dup(self.descriptor)) as keys:
            yield out, keys

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Read all the time, on the running loop."""
        loop = asyncio.get_running_loop()
        loop.add_reader(self._ours, self.read)
        try:
            yield
        finally:
            loop.remove_reader(self._ours)

    async def until(self, seen: Callable[["Glass"], object]) -> None:
        """Wait until something is to be seen, or give up with what there is."""
        try:
            async with asyncio.timeout(10):
                while not seen(self):
                    self._news.clear()
                    with suppress(TimeoutError):  # what is waited for may be elsewhere than on the screen
                        async with asyncio.timeout(0.02):
                            await self._news.wait()
        except TimeoutError:
            raise AssertionError(self.text) from None

    # Of another process

    def wait(self, seen: Callable[["Glass"], object]) -> None:
        """Read until something is to be seen."""
        until = time.monotonic() + 20
        while not seen(self):
            assert time.monotonic() < until, self.text or self.raw[-2000:]
            if select.select([self._ours], [], [], 0.05)[0]:  # what is waited for may be elsewhere than on the screen
                self.read()

    def _show(self, raw: str) -> None:
        self.raw += raw
        self._news.set()
        text, self._rest = self._rest + raw, ""
        if (cut := text.rfind("\x1b")) >= 0 and not _SEQUENCE.match(text, cut):
            text, self._rest = text[:cut], text[cut:]
        at = 0
        for found in _SEQUENCE.finditer(text):
            self._put(text[at : found.start()])
            self._obey(*found.groups())
            at = found.end()
        self._put(text[at:])

    def _put(self, text: str) -> None:
        if self.alternate and text:
            self.lines[self._row] = self.lines.get(self._row, "") + text

    def _obey(self, parameters: str, final: str) -> None:
        match parameters, final:
            case "?1049", _:
                self.alternate = final == "h"
                self.lines.clear()
            case "?25", _:
                self.hidden_cursor = final == "l"
            case "?7", _:
                self.wraps = final == "h"
            case "2", "J":
                self.lines.clear()
            case _, "H":
                self._row = int(parameters.partition(";")[0])
                self.lines[self._row] = ""
            case _:
                pass

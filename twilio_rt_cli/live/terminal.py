"""The terminal under the live view: taken, written to without ever waiting for long, and given back as it was.

Writing goes through a descriptor of our own that does not block. The one we were given may be shared with other
processes, and with our own standard error, which must go on blocking.
"""

import atexit
import os
import select
import signal
import termios
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TextIO

_TAKE = b"\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J"  # alternate screen, no cursor, no wrapping, clear
_GIVE_BACK = b"\x1b[?2026l\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l"
_SLICE_S = 0.1
"""how long one wait for a terminal that does not read lasts"""
_LAST_S = 0.5
"""how long giving back waits for it"""
_NO_SIZE = os.terminal_size((80, 24))
_NO_KEY = b"\x00"  # _POSIX_VDISABLE, on Linux and macOS
# Who is in the background would be stopped, and with it every call, when it reads keys or sets the terminal back.
_JOB_SIGNALS = (signal.SIGTTIN, signal.SIGTTOU)


def can_show(out: TextIO) -> bool:
    """Whether a live view can be shown on this stream: a terminal that understands it, and that is ours."""
    if not out.isatty() or os.environ.get("TERM", "dumb") == "dumb":
        return False
    try:
        return _in_foreground(out.fileno())
    except (OSError, ValueError):  # it claims to be a terminal, and is none
        return False


class Terminal:
    """One terminal. `take` and `give_back` change what it looks like, `hold` and `let_go` how it treats keys."""

    def __init__(self, out: TextIO, keys: TextIO | None) -> None:
        """`keys` is read only if it is the same terminal."""
        self._given = out.fileno()
        self._out = _reopened(self._given, os.O_WRONLY)
        same = keys is not None and keys.isatty() and _device(keys.fileno()) == _device(self._given)
        self.keys = _reopened(keys.fileno(), os.O_RDONLY) if keys is not None and same else None
        """descriptor to read keys from, without blocking; None: there are none"""
        self._before: list[int | list[bytes | int]] | None = None
        self._taken = False

    @property
    def ours(self) -> bool:
        """Whether we are in the foreground: who is not must leave the terminal alone."""
        return _in_foreground(self._given)

    def size(self) -> os.terminal_size:
        """Columns and lines."""
        with suppress(OSError):
            size = os.get_terminal_size(self._given)
            return size if size.columns and size.lines else _NO_SIZE
        return _NO_SIZE

    def read(self) -> bytes:
        """The keys that wait; nothing when there are none. Raises EOFError when there will be no more."""
        assert self.keys is not None
        try:
            raw = os.read(self.keys, 1024)
        except BlockingIOError:
            return b""
        except OSError as error:
            raise EOFError from error
        if not raw:
            raise EOFError
        return raw

    def write(self, raw: bytes, go_on: Callable[[float], bool]) -> bool:
        """Write all. While the terminal takes nothing, `go_on` is asked, with the seconds of waiting so far.

        False when it said no. Raises OSError when the terminal is gone.
        """
        view, waited_s = memoryview(raw), 0.0
        while view:
            try:
                view = view[os.write(self._out, view) :]
                waited_s = 0.0
            except BlockingIOError:
                if not go_on(waited_s):
                    return False
                select.select([], [self._out], [], _SLICE_S)
                waited_s += _SLICE_S
        return True

    # What it looks like

    def take(self, go_on: Callable[[float], bool]) -> None:
        """An empty screen of our own; `go_on` as for `write`."""
        self._taken = True
        self.write(_TAKE, go_on)

    def give_back(self) -> None:
        """The screen as it was; again: nothing. Of a terminal that takes nothing, what waits there is thrown away."""
        if not self._taken:
            return
        self._taken = False
        with suppress(OSError, termios.error):
            if not self.write(_GIVE_BACK, lambda waited_s: waited_s < _LAST_S):
                termios.tcflush(self._out, termios.TCOFLUSH)
                self.write(_GIVE_BACK, lambda _: False)

    # How it treats keys

    def hold(self) -> None:
        """Keys come one by one and are not shown; Ctrl-C stays a signal, while Ctrl-Z and Ctrl-S are only keys.

        A stopped process or terminal would be heard by every caller. Again: as the first time.
        """
        with suppress(termios.error):
            now = termios.tcgetattr(self._given)
            self._before = self._before or termios.tcgetattr(self._given)
            now[0] &= ~(termios.IXON | termios.IXOFF)
            now[3] &= ~(termios.ICANON | termios.ECHO | termios.IEXTEN)
            now[3] |= termios.ISIG
            now[6] = list(now[6])
            now[6][termios.VMIN], now[6][termios.VTIME], now[6][termios.VSUSP] = 1, 0, _NO_KEY
            termios.tcsetattr(self._given, termios.TCSANOW, now)

    def let_go(self) -> None:
        """As it was before `hold`; keys that nobody read are forgotten."""
        before, self._before = self._before, None
        if before is not None:
            with suppress(termios.error):
                termios.tcsetattr(self._given, termios.TCSANOW, before)
                termios.tcflush(self._given, termios.TCIFLUSH)

    def close(self) -> None:
        """Close our own descriptors."""
        for descriptor in (self._out, self.keys):
            if descriptor is not None:
                os.close(descriptor)
        self.keys = None


class Guard:
    """While a terminal is held: job signals stop nobody, and `restore` is called should the interpreter end."""

    def __init__(self, restore: Callable[[], None]) -> None:
        """Signals change in the main thread only."""
        self._restore = restore
        self._handlers: dict[int, Any] = {}
        atexit.register(restore)
        if threading.current_thread() is threading.main_thread():
            self._handlers = {number: signal.signal(number, signal.SIG_IGN) for number in _JOB_SIGNALS}

    def end(self) -> None:
        """Signals as they were before; nothing is called any more."""
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        atexit.unregister(self._restore)


def _reopened(descriptor: int, flags: int) -> int:
    """The same terminal through a descriptor of our own, which does not block."""
    for path in (_name(descriptor), f"/dev/fd/{descriptor}", "/dev/tty"):
        with suppress(OSError):
            opened = os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
            if _device(opened) == _device(descriptor):
                return opened
            os.close(opened)
    return os.dup(descriptor)  # it may block, but shows something


def _name(descriptor: int) -> str:
    try:
        return os.ttyname(descriptor)
    except OSError:  # a terminal of another container has no name in ours
        return ""


def _device(descriptor: int) -> int:
    return os.fstat(descriptor).st_rdev


def _in_foreground(descriptor: int) -> bool:
    try:
        return os.tcgetpgrp(descriptor) == os.getpgrp()
    except OSError:  # not our controlling terminal: nobody else controls jobs there either
        return True

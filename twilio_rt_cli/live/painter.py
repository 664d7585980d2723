"""Draws frames from a thread of its own: a terminal that takes nothing, or slowly, never holds up a call.

One frame at a time: who offers the next one looks first whether the painter is idle, and else skips it.
"""

import threading
from dataclasses import dataclass
from itertools import zip_longest
from queue import SimpleQueue

from twilio_rt_cli.live.snapshot import CallDetail, RecentEvent, Snapshot
from twilio_rt_cli.live.terminal import Terminal
from twilio_rt_cli.live.text import ansi
from twilio_rt_cli.live.view import Look, screen_lines

_ANEW_EVERY = 20
"""frames; between them only lines that changed are written. What others wrote on the screen is gone by then"""
_CLEAR = "\x1b[2J"
_STOP_S = 2.0


@dataclass(frozen=True, slots=True)
class Frame:
    """What to draw."""

    snapshot: Snapshot
    look: Look
    detail: CallDetail | None = None
    logs: tuple[RecentEvent, ...] = ()
    anew: bool = False
    """clear the screen first"""


class Painter:
    """Draws on one terminal, from `start` to `stop`."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._frames: SimpleQueue[Frame | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="live view", daemon=True)
        self._stopping = False
        self._shown: list[str] = []
        self._size = (0, 0)
        self._drawn = 0
        self.idle = False
        """whether it would draw a frame at once"""
        self.failed: Exception | None = None
        """why it draws no more"""

    def start(self) -> None:
        """Take the screen, and draw what is offered."""
        self._thread.start()

    def draw(self, frame: Frame) -> None:
        """Draw this one; only when idle."""
        self.idle = False
        self._frames.put(frame)

    def stop(self) -> bool:
        """Give the screen back; also when it takes nothing. No frame may follow. Whether the thread has ended."""
        self._stopping = True
        self._frames.put(None)
        if self._thread.ident is not None:
            self._thread.join(_STOP_S)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._terminal.take(self._go_on)
            self.idle = True
            while (frame := self._frames.get()) is not None:
                self._draw(frame)
                self.idle = True
        except Exception as error:  # noqa: BLE001  # the calls go on; whoever started us looks and reports it
            self.failed = error
        finally:
            self._terminal.give_back()

    def _draw(self, frame: Frame) -> None:
        look = frame.look
        lines = screen_lines(frame.snapshot, look, frame.detail, frame.logs)
        shown = [ansi(line, colour=look.colour) for line in lines]
        clear = frame.anew or self._size != (look.width, look.height)
        known = [] if clear or not self._drawn % _ANEW_EVERY else self._shown
        changed = [
            f"\x1b[{number};1H{line}"
            for number, (line, old) in enumerate(zip_longest(shown, known), 1)
            if line is not None and line != old
        ]
        if changed:
            # Between these two a terminal that knows them shows nothing half done; others ignore them.
            raw = f"\x1b[?2026h{_CLEAR if clear else ''}{''.join(changed)}\x1b[?2026l"
            self._terminal.write(raw.encode("utf-8", "replace"), self._go_on)
        self._shown, self._size = shown, (look.width, look.height)
        self._drawn += 1

    def _go_on(self, _: float) -> bool:
        """However long the terminal takes nothing, unless we are to stop."""
        return not self._stopping

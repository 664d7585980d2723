"""The live view on a terminal: four frames a second, keys, and the terminal as it was afterwards, whatever happened.

The event loop only takes a snapshot and hands it over; drawing and writing are the painter's, in its own thread. While
that one still draws, frames are skipped. Keys are read on the loop, since what they order is done there.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self, TextIO

from twilio_rt_cli.live.browser import Browser, HangUp, Leave, Redraw
from twilio_rt_cli.live.display import Display
from twilio_rt_cli.live.key_reader import KeyReader
from twilio_rt_cli.live.painter import Frame
from twilio_rt_cli.live.snapshot import CallDetail, RecentEvent, Snapshot

EVERY_S = 0.25
_AFTER_KEY_S = 0.03

log = logging.getLogger("twilio_rt.live")


class Actions(Protocol):
    """What the view asks and orders; all of it on the loop, and none of it may block."""

    def snapshot(self, first: int, rows: int) -> Snapshot:
        """The server now, with at most so many calls from the one of this index on."""

    def detail(self, call_sid: str) -> CallDetail | None:
        """One call and what was said; None when it does not run."""

    def hang_up(self, call_sid: str) -> object:
        """End this call; one that is over stays so."""

    def drain(self) -> None:
        """No new calls, and stop after the last one; again: nothing."""


def _nothing() -> None:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenOptions:
    """What a screen is given when it is made."""

    colour: bool = True
    attached: bool = False
    """to a server of another process"""
    logs: Callable[[], tuple[RecentEvent, ...]] = tuple
    """gives lines to show among the events"""
    trouble: Callable[[], str] = str
    """says why what is shown is old; empty: it is not"""
    on_gone: Callable[[], None] = _nothing
    """called at once when the view ends by itself"""


DEFAULT_OPTIONS = ScreenOptions()


class Screen:
    """A live view on a terminal, from when it is made to `close`; on the running loop, in the main thread."""

    def __init__(
        self, actions: Actions, out: TextIO, keys: TextIO | None, options: ScreenOptions = DEFAULT_OPTIONS
    ) -> None:
        """`keys` is read only if it is the same terminal as `out`."""
        self._actions = actions
        self._options = options
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._away = False
        self._anew = False
        self.worst_lag_ms = 0.0
        """the loop's, while the view was up"""
        self.gone = asyncio.Event()
        """set when the view ended by itself: the terminal is gone, or drawing failed"""
        self._display = Display(out, keys)
        self._browser = Browser(*self._display.terminal.size(), attached=options.attached)
        self._keys = KeyReader(self._display.terminal, self._press)
        try:
            self._keys.listen()
            self._tick()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the terminal back; again: nothing."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._keys.stop()
        self._display.close()

    # Frames

    def _tick(self) -> None:
        self._later("tick", EVERY_S, self._tick)
        self._draw()

    def _draw(self) -> None:
        """Hand over a frame, if it would be drawn at once."""
        painter = self._display.painter
        if self._display.closed or not self._here():
            return
        if painter.failed is not None:
            self._give_up(painter.failed)
            return
        if not painter.idle:
            return
        try:
            painter.draw(self._frame())
        except Exception as error:  # noqa: BLE001  # who only watches must not end a call
            self._give_up(error)

    def _frame(self) -> Frame:
        browser, now = self._browser, time.monotonic()
        browser.resize(*self._display.terminal.size())
        about = browser.wanted_detail
        snapshot = self._actions.snapshot(*browser.window)
        browser.take(snapshot, self._actions.detail(about) if about else None, now)
        self.worst_lag_ms = max(self.worst_lag_ms, snapshot.lag.max_ms)
        look = browser.look(now, colour=self._options.colour, trouble=self._options.trouble())
        anew, self._anew = self._anew, False
        return Frame(snapshot, look, browser.detail, self._options.logs(), anew)

    def _here(self) -> bool:
        """Whether the terminal is ours at the moment; comes it back to us, it is taken anew."""
        if not self._display.terminal.ours:
            self._away = True
            self._keys.pause()
            return False
        if self._away:
            self._away = False
            self._display.terminal.hold()
            self._keys.listen()
            self._anew = True
        return True

    def _give_up(self, error: Exception) -> None:
        self.close()
        log.error("the live view ended, and the calls go on: %s", error, exc_info=not isinstance(error, OSError))
        self.gone.set()
        self._options.on_gone()

    # Keys

    def _press(self, keys: list[str]) -> None:
        for key in keys:
            match self._browser.press(key, time.monotonic()):
                case HangUp(call):
                    self._actions.hang_up(call)
                case Leave():
                    self._actions.drain()
                case Redraw():
                    self._anew = True
                case None:
                    pass
        if keys and "key" not in self._timers:
            self._later("key", _AFTER_KEY_S, self._after_key)

    def _after_key(self) -> None:
        self._timers.pop("key", None)
        self._draw()

    def _later(self, name: str, delay_s: float, act: Callable[[], None]) -> None:
        if (earlier := self._timers.get(name)) is not None:
            earlier.cancel()
        self._timers[name] = asyncio.get_running_loop().call_later(delay_s, act)

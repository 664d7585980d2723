"""The live view on a terminal: four frames a second, keys, and the terminal as it was afterwards, whatever happened.

The event loop only takes a snapshot and hands it over; drawing and writing are the painter's, in its own thread. While
that one still draws, frames are skipped. Keys are read on the loop, since what they order is done there.
"""

import asyncio
import atexit
import logging
import signal
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Protocol, Self, TextIO

from twilio_rt_cli.live.browser import Browser, HangUp, Leave, Redraw
from twilio_rt_cli.live.keys import Keys
from twilio_rt_cli.live.painter import Frame, Painter
from twilio_rt_cli.live.snapshot import CallDetail, RecentEvent, Snapshot
from twilio_rt_cli.live.terminal import Terminal

EVERY_S = 0.25
_AFTER_KEY_S = 0.03
_ESC_S = 0.05
"""after so long what began with Esc was that key alone"""
# Who is in the background would be stopped, and with it every call, when it reads keys or sets the terminal back.
_JOB_SIGNALS = (signal.SIGTTIN, signal.SIGTTOU)

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


class Screen:
    """A live view on a terminal, from entering to leaving; on the running loop, in the main thread."""

    def __init__(
        self,
        actions: Actions,
        out: TextIO,
        keys: TextIO | None,
        *,
        colour: bool = True,
        attached: bool = False,
        logs: Callable[[], tuple[RecentEvent, ...]] = tuple,
    ) -> None:
        """`logs` gives lines to show among the events; `attached`: to a server of another process."""
        self._actions = actions
        self._out = out
        self._in = keys
        self._colour = colour
        self._logs = logs
        self._browser = Browser(attached=attached)
        self._keys = Keys()
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._terminal: Terminal | None = None
        self._painter: Painter | None = None
        self._reading = False
        self._away = False
        self._anew = False
        self._handlers: dict[int, Any] = {}
        self.trouble = ""
        """why what is shown is old"""
        self.worst_lag_ms = 0.0
        """the loop's, while the view was up"""
        self.gone = asyncio.Event()
        """set when the view ended by itself: the terminal is gone, or drawing failed"""
        self.on_gone: Callable[[], None] = lambda: None
        """hears the same at once"""

    def __enter__(self) -> Self:
        self._terminal = Terminal(self._out, self._in)
        self._painter = Painter(self._terminal)
        atexit.register(self._restore)
        if threading.current_thread() is threading.main_thread():
            self._handlers = {number: signal.signal(number, signal.SIG_IGN) for number in _JOB_SIGNALS}
        try:
            self._terminal.hold()
            self._painter.start()
            self._listen()
            self._tick()
        except BaseException:
            self.close()
            raise
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
        self._deafen()
        self._restore()

    def _restore(self) -> None:
        """Also at the end of the interpreter, should nobody have left."""
        painter, terminal = self._painter, self._terminal
        self._painter = self._terminal = None
        if painter is None or terminal is None:
            return
        ended = False
        try:
            ended = painter.stop()
        finally:
            terminal.give_back()
            terminal.let_go()
            for number, handler in self._handlers.items():
                signal.signal(number, handler)
            if ended:  # else its thread may still write
                terminal.close()
            atexit.unregister(self._restore)

    # Frames

    def _tick(self) -> None:
        self._later("tick", EVERY_S, self._tick)
        self._draw()

    def _draw(self) -> None:
        """Hand over a frame, if it would be drawn at once."""
        painter, terminal = self._painter, self._terminal
        if painter is None or terminal is None or not self._here(terminal):
            return
        if painter.failed is not None:
            self._give_up(painter.failed)
            return
        if not painter.idle:
            return
        try:
            painter.draw(self._frame(terminal))
        except Exception as error:  # noqa: BLE001  # who only watches must not end a call
            self._give_up(error)

    def _frame(self, terminal: Terminal) -> Frame:
        browser, now = self._browser, time.monotonic()
        browser.resize(*terminal.size())
        about = browser.wanted_detail
        snapshot = self._actions.snapshot(*browser.window)
        browser.take(snapshot, self._actions.detail(about) if about else None, now)
        self.worst_lag_ms = max(self.worst_lag_ms, snapshot.lag.max_ms)
        look = browser.look(now, colour=self._colour, trouble=self.trouble)
        anew, self._anew = self._anew, False
        return Frame(snapshot, look, browser.detail, self._logs(), anew)

    def _here(self, terminal: Terminal) -> bool:
        """Whether the terminal is ours at the moment; comes it back to us, it is taken anew."""
        if not terminal.ours:
            self._away = True
            self._deafen()
            return False
        if self._away:
            self._away = False
            terminal.hold()
            self._listen()
            self._anew = True
        return True

    def _give_up(self, error: Exception) -> None:
        self.close()
        log.error("the live view ended, and the calls go on: %s", error, exc_info=not isinstance(error, OSError))
        self.gone.set()
        self.on_gone()

    # Keys

    def _listen(self) -> None:
        if self._terminal is not None and self._terminal.keys is not None and not self._reading:
            asyncio.get_running_loop().add_reader(self._terminal.keys, self._on_keys)
            self._reading = True

    def _deafen(self) -> None:
        if self._reading and self._terminal is not None and self._terminal.keys is not None:
            asyncio.get_running_loop().remove_reader(self._terminal.keys)
        self._reading = False

    def _on_keys(self) -> None:
        assert self._terminal is not None
        try:
            raw = self._terminal.read()
        except EOFError:
            self._deafen()
            return
        self._press(self._keys.feed(raw))
        if self._keys.waiting:
            self._later("esc", _ESC_S, lambda: self._press(self._keys.flush()))

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

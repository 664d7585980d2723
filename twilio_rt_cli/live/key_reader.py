"""Keys of a terminal, read on the event loop, since what they order is done there."""

import asyncio
from collections.abc import Callable

from twilio_rt_cli.live.keys import Keys
from twilio_rt_cli.live.terminal import Terminal

ESC_S = 0.05
"""after so long what began with Esc was that key alone"""


class KeyReader:
    """Tells `press` which keys were pressed, from `listen` to `stop`; on the running loop."""

    def __init__(self, terminal: Terminal, press: Callable[[list[str]], None]) -> None:
        self._terminal = terminal
        self._press = press
        self._keys = Keys()
        self._reading = False
        self._esc: asyncio.TimerHandle | None = None

    def listen(self) -> None:
        """Begin, or go on; again: nothing. Of a terminal without keys nothing comes."""
        if self._terminal.keys is not None and not self._reading:
            asyncio.get_running_loop().add_reader(self._terminal.keys, self._read)
            self._reading = True

    def pause(self) -> None:
        """Leave the keys to somebody else; again: nothing."""
        if self._terminal.keys is not None and self._reading:
            asyncio.get_running_loop().remove_reader(self._terminal.keys)
        self._reading = False

    def stop(self) -> None:
        """Tell nothing any more; before the terminal is closed."""
        self._forget_esc()
        self.pause()

    def _read(self) -> None:
        try:
            raw = self._terminal.read()
        except EOFError:
            self.pause()
            return
        self._press(self._keys.feed(raw))
        if self._keys.waiting:
            self._forget_esc()
            self._esc = asyncio.get_running_loop().call_later(ESC_S, self._flush)

    def _flush(self) -> None:
        self._press(self._keys.flush())

    def _forget_esc(self) -> None:
        if self._esc is not None:
            self._esc.cancel()

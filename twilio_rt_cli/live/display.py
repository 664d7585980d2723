"""A terminal with a painter on it: taken as a whole, and given back as it was, whatever happened."""

from typing import TextIO

from twilio_rt_cli.live.painter import Painter
from twilio_rt_cli.live.terminal import Guard, Terminal


class Display:
    """Ours from when it is made to `close`, which comes at the end of the interpreter at the latest."""

    def __init__(self, out: TextIO, keys: TextIO | None) -> None:
        """`keys` is read only if it is the same terminal. In the main thread."""
        self.terminal = Terminal(out, keys)
        self.painter = Painter(self.terminal)
        self._guard = Guard(self.close)
        self.closed = False
        try:
            self.terminal.hold()
            self.painter.start()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Give the terminal back; again: nothing."""
        if self.closed:
            return
        self.closed = True
        ended = False
        try:
            ended = self.painter.stop()
        finally:
            self.terminal.give_back()
            self.terminal.let_go()
            self._guard.end()
            if ended:  # else its thread may still write
                self.terminal.close()

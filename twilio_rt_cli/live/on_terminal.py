"""The live view around a run of the server: it has the terminal meanwhile, and leaves a summary there."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from twilio_rt_cli.live.kept_lines import kept_lines
from twilio_rt_cli.live.screen import Actions, Screen, ScreenOptions
from twilio_rt_cli.live.summary import server_summary
from twilio_rt_cli.output import console
from twilio_rt_cli.output.line_writer import LineWriter


@contextmanager
def live_view(
    actions: Actions, out: TextIO, *, attached: bool = False, trouble: Callable[[], str] = str
) -> Iterator[Screen]:
    """Show the live view on `out` (ask `can_show` first) inside this context; on the loop, in the main thread.

    Enter it once nothing is to be asked or printed any more. What the log would have written on the terminal is told
    afterwards, and how the calls went; not when we were attached to a server that goes on. `trouble` says why what is
    shown is old.
    """
    with kept_lines() as kept:
        options = ScreenOptions(
            colour=console.has_colour(out), attached=attached, logs=kept.events, trouble=trouble, on_gone=kept.release
        )
        with Screen(actions, out, sys.stdin, options) as screen:
            yield screen
    if not attached:
        _print(server_summary(actions.snapshot(0, 0), screen.worst_lag_ms), out)


def _print(lines: list[str], out: TextIO) -> None:
    writer = LineWriter(out)  # a terminal that takes nothing must not keep us from ending
    for line in lines:
        writer.write(line)
    writer.close()

"""`python -m tests.soak.watched_serve serve …`: the command line of twilio-rt in a process that tells about itself.

At SIGUSR1 it collects garbage and writes what is left to the file that SOAK_FIGURES names. And it dials the model from
a loopback address that says which call it is for, so that the model knows before a word was spoken, whatever becomes
of the connection. Nothing of the package is changed: both are the interpreter's own hooks.
"""

import asyncio
import gc
import json
import os
import signal
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from tests.soak.addresses import address_of
from twilio_rt_cli.cli.app import main
from twilio_rt_cli.output.call_context import current_call

FIGURES = "SOAK_FIGURES"


class Teller:
    """Writes one report for each signal, numbered."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._told = 0

    def on_signal(self, *_: object) -> None:
        """Report as soon as the loop is between two callbacks."""
        asyncio.get_running_loop().call_soon_threadsafe(self._tell)

    def _tell(self) -> None:
        gc.collect()
        self._told += 1
        tasks = [task.get_coro() for task in asyncio.all_tasks()]
        objects = Counter(f"{type(one).__module__}.{type(one).__qualname__}" for one in gc.get_objects())
        told = {"number": self._told, "tasks": [str(coroutine) for coroutine in tasks], "objects": objects}
        draft = self._path.with_suffix(".draft")
        draft.write_text(json.dumps(told))
        draft.replace(self._path)


def name_the_call(event: str, arguments: tuple[Any, ...]) -> None:
    """An audit hook: a socket that a bridge connects to its model is bound to the call's address first."""
    if event == "socket.connect" and (call := current_call()) is not None:
        arguments[0].bind((address_of(call[1]), 0))


if __name__ == "__main__":
    signal.signal(signal.SIGUSR1, Teller(Path(os.environ[FIGURES])).on_signal)
    sys.addaudithook(name_the_call)
    main()

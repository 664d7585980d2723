"""SIGINT and SIGTERM: by both a person or a machine asks a program to stop."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def on_stop_signals(callback: Callable[[], None], loop: asyncio.AbstractEventLoop | None = None) -> Iterator[None]:
    """Each of them calls this inside the context; behind it they do what they did before. For the main thread.

    It is called on the loop, running or not yet; without a loop at once, between two steps of what the thread does.
    """
    before = {number: signal.getsignal(number) for number in STOP_SIGNALS}
    for number in STOP_SIGNALS:
        if loop is None:
            signal.signal(number, lambda *_: callback())
        else:
            loop.add_signal_handler(number, callback)
    try:
        yield
    finally:
        for number, handler in before.items():
            if loop is not None:
                loop.remove_signal_handler(number)
            signal.signal(number, handler)

"""Blocking work away from the loop, in threads that never hold up the exit.

asyncio.to_thread's executor is waited for when a loop ends, however long its threads hang. These are daemons: a
download that nobody waits for any more does not keep the process.
"""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")


def in_thread(work: Callable[[], T]) -> asyncio.Future[T]:
    """What this gives or raises, later; cancelling the future abandons the thread."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def body() -> None:
        try:
            result = work()
        except Exception as error:  # noqa: BLE001  # raised again where the future is awaited
            tell(lambda error=error: future.set_exception(error))  # type: ignore[misc]
        else:
            tell(lambda: future.set_result(result))

    def tell(settle: Callable[[], None]) -> None:
        with suppress(RuntimeError):  # the loop is closed, and nobody is left to tell
            loop.call_soon_threadsafe(lambda: None if future.done() else settle())

    threading.Thread(target=body, name="tunnel", daemon=True).start()
    return future


async def to_the_end(work: Callable[[], T]) -> T:
    """The same, finished even when we are cancelled meanwhile: for putting things back. The work must be bounded."""
    future = in_thread(work)
    cancelled: asyncio.CancelledError | None = None
    while not future.done():
        try:
            await asyncio.wait({future})
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        future.exception()  # seen
        raise cancelled
    return future.result()

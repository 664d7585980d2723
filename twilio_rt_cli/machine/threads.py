"""Threads for functions that may block: apart from everything else, and never in the way of the exit.

A thread cannot be stopped. When nobody waits for one any more it is abandoned: it goes on until its function returns,
and the result is dropped. The threads are daemons, for the interpreter waits at its exit for the threads of every
ordinary executor (asyncio.to_thread's too), however long they hang.
"""

import asyncio
import contextvars
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

T = TypeVar("T")


def in_thread(
    function: Callable[[], T], *, name: str = "work", returned: Callable[[], None] = lambda: None
) -> asyncio.Future[T]:
    """What this gives or raises, later; cancelling the future abandons the thread.

    `returned` is called on the loop when the function is at its end, waited for or not.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()
    context = contextvars.copy_context()

    def body() -> None:
        try:
            settle = partial(future.set_result, context.run(function))
        except BaseException as error:  # noqa: BLE001  # raised again where the future is awaited
            settle = partial(future.set_exception, _awaitable(error))
        with suppress(RuntimeError):  # the loop is closed, and nobody waits any more
            loop.call_soon_threadsafe(finish, settle)

    def finish(settle: Callable[[], None]) -> None:
        returned()
        if not future.cancelled():
            settle()

    threading.Thread(target=body, name=name, daemon=True).start()
    return future


async def to_the_end(function: Callable[[], T], *, name: str = "work") -> T:
    """The same, finished even when we are cancelled meanwhile: for putting things back. The work must be bounded."""
    future = in_thread(function, name=name)
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


class TooManyThreadsError(RuntimeError):
    """As many functions are running, or hanging, as are allowed at once."""


class Threads:
    """Runs functions in threads, at most `limit` at once: an abandoned one keeps its place until it returns.

    All methods belong to the event loop's thread. `name` is what one of the functions is called.
    """

    def __init__(self, limit: int, *, name: str) -> None:
        self._limit = limit
        self._name = name
        self._futures: set[asyncio.Future[Any]] = set()

    @property
    def running(self) -> int:
        """Functions that have not returned yet, abandoned ones included."""
        return len(self._futures)

    @property
    def abandoned(self) -> int:
        """Functions still running whose result nobody waits for."""
        return sum(future.cancelled() for future in self._futures)

    def start(self, function: Callable[[], T]) -> asyncio.Future[T]:
        """Starts a function in a thread; cancelling the future abandons it. Raises TooManyThreadsError."""
        if self.running >= self._limit:
            raise TooManyThreadsError(f"{self.running} {self._name}s are already running, the most at once")
        future = in_thread(function, name=self._name, returned=lambda: self._futures.discard(future))
        self._futures.add(future)
        return future


def _awaitable(error: BaseException) -> BaseException:
    """The error in a form that a future can carry and that cannot end the loop: no StopIteration, no SystemExit."""
    if isinstance(error, Exception) and not isinstance(error, StopIteration):
        return error
    stand_in = RuntimeError(type(error).__name__)
    stand_in.__cause__ = error
    return stand_in

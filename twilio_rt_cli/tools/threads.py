"""Threads for functions that may block: few, apart from everything else, and never in the way of the exit.

A thread cannot be stopped. When nobody waits for one any more it is abandoned: it keeps its place until its function
returns, so that functions that hang are bounded in number, and its result is dropped. The threads are daemons, for the
interpreter waits at its exit for the threads of every ordinary executor (asyncio.to_thread's too).
"""

import asyncio
import contextlib
import contextvars
import threading
from collections.abc import Callable


class TooManyThreadsError(RuntimeError):
    """As many functions are running, or hanging, as are allowed at once."""


class Threads:
    """Runs functions in daemon threads, at most `limit` at once. All methods belong to the event loop's thread."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._futures: set[asyncio.Future[str]] = set()

    @property
    def running(self) -> int:
        """Functions that have not returned yet, abandoned ones included."""
        return len(self._futures)

    @property
    def abandoned(self) -> int:
        """Functions still running whose result nobody waits for."""
        return sum(future.cancelled() for future in self._futures)

    def start(self, function: Callable[[], str]) -> asyncio.Future[str]:
        """Starts a function in a thread; cancelling the future abandons it. Raises TooManyThreadsError."""
        if self.running >= self._limit:
            raise TooManyThreadsError(f"{self.running} tools are already running, the most at once")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[str] = loop.create_future()
        context = contextvars.copy_context()

        def body() -> None:
            result, failure = "", None
            try:
                result = context.run(function)
            except BaseException as error:  # noqa: BLE001 - raised again where the future is awaited
                failure = _awaitable(error)
            with contextlib.suppress(RuntimeError):  # the loop is closed, and nobody is left to tell
                loop.call_soon_threadsafe(self._finish, future, result, failure)

        threading.Thread(target=body, name="tool", daemon=True).start()
        self._futures.add(future)
        return future

    def _finish(self, future: asyncio.Future[str], result: str, failure: BaseException | None) -> None:
        self._futures.discard(future)
        if future.cancelled():
            return
        if failure is not None:
            future.set_exception(failure)
        else:
            future.set_result(result)


def _awaitable(error: BaseException) -> BaseException:
    """The error in a form that a future can carry and that cannot end the loop: no StopIteration, no SystemExit."""
    if isinstance(error, Exception) and not isinstance(error, StopIteration):
        return error
    stand_in = RuntimeError(type(error).__name__)
    stand_in.__cause__ = error
    return stand_in

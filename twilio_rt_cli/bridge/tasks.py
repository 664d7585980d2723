"""What of a call takes time: dialling and tools. Each is a task, which logs in the call's name."""

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import Context
from functools import partial

Done = Callable[[BaseException | None], None]
"""Hears that a task has ended, and by which error if by any"""


class CallTasks:
    """The tasks of one call."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._running: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        """How many still run."""
        return len(self._running)

    def spawn(self, work: Coroutine[None, None, None], done: Done) -> None:
        """Begin a task, on the running loop."""
        task = asyncio.get_running_loop().create_task(work, context=self._context.copy())
        self._running.add(task)
        task.add_done_callback(partial(self._ended, done))

    def cancel(self) -> None:
        """End all of them; what is to hear of each still does."""
        for task in self._running:
            task.cancel()

    def _ended(self, done: Done, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        done(None if task.cancelled() else task.exception())

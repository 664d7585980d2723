"""Threads for functions that may block: bounded, abandoned when nobody waits, and no hindrance to the exit."""

import asyncio
import contextvars
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from tests.tools.waiting import settled
from twilio_rt_cli.tools.threads import Threads, TooManyThreadsError

word = contextvars.ContextVar("word", default="none")


@asynccontextmanager
async def gate() -> AsyncIterator[Callable[[], str]]:
    """A function that blocks until the block is left."""
    event = threading.Event()

    def blocked() -> str:
        event.wait(5)
        return "late"

    try:
        yield blocked
    finally:
        event.set()


def test_a_function_answers_from_a_daemon_thread() -> None:
    async def run() -> str:
        return await Threads(1).start(lambda: f"{threading.current_thread().daemon}")

    assert asyncio.run(run()) == "True"


def test_the_context_comes_along() -> None:
    async def run() -> str:
        word.set("CA1")
        return await Threads(1).start(word.get)

    assert asyncio.run(run()) == "CA1"


def test_no_more_than_the_limit_run_at_once_and_places_come_back() -> None:
    async def run() -> None:
        threads = Threads(2)
        async with gate() as blocked:
            first, second = threads.start(blocked), threads.start(blocked)
            with pytest.raises(TooManyThreadsError, match="2 tools are already running"):
                threads.start(lambda: "third")
        assert await first == await second == "late"
        assert await threads.start(lambda: "third") == "third"
        assert threads.running == 0

    asyncio.run(run())


def test_an_abandoned_thread_keeps_its_place_until_it_returns() -> None:
    async def run() -> None:
        threads = Threads(1)
        async with gate() as blocked:
            threads.start(blocked).cancel()
            assert threads.abandoned == threads.running == 1
            with pytest.raises(TooManyThreadsError):
                threads.start(lambda: "next")
        await settled()
        assert threads.abandoned == threads.running == 0

    asyncio.run(run())


@pytest.mark.parametrize(
    ("raised", "seen"), [(KeyError, KeyError), (StopIteration, RuntimeError), (SystemExit, RuntimeError)]
)
def test_what_a_function_raises_is_raised_where_it_is_awaited(
    raised: type[BaseException], seen: type[BaseException]
) -> None:
    def fail() -> str:
        raise raised("reason")

    async def run() -> None:
        with pytest.raises(seen):
            await Threads(1).start(fail)

    asyncio.run(run())


def test_a_thread_that_outlives_the_loop_does_no_harm() -> None:
    leave, left = threading.Event(), threading.Event()

    def blocked() -> str:
        leave.wait(5)
        left.set()
        return "late"

    async def run() -> None:
        Threads(1).start(blocked)

    asyncio.run(run())
    leave.set()
    assert left.wait(5)
    asyncio.run(settled())  # an error in the thread would fail this test, by pytest's own watch over threads


def test_a_hanging_function_does_not_keep_the_process() -> None:
    program = """
import asyncio, threading
from twilio_rt_cli.tools.threads import Threads
async def main():
    started = threading.Event()
    def hang():
        started.set()
        threading.Event().wait()
    Threads(1).start(hang)
    started.wait()
asyncio.run(main())
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=20)

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
from twilio_rt_cli.machine.threads import Threads, TooManyThreadsError, in_thread, to_the_end

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
        return await Threads(1, name="tool").start(lambda: f"{threading.current_thread().daemon}")

    assert asyncio.run(run()) == "True"


def test_the_context_comes_along() -> None:
    async def run() -> str:
        word.set("CA1")
        return await Threads(1, name="tool").start(word.get)

    assert asyncio.run(run()) == "CA1"


def test_no_more_than_the_limit_run_at_once_and_places_come_back() -> None:
    async def run() -> None:
        threads = Threads(2, name="tool")
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
        threads = Threads(1, name="tool")
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
            await Threads(1, name="tool").start(fail)

    asyncio.run(run())


def test_a_thread_that_outlives_the_loop_does_no_harm() -> None:
    leave, left = threading.Event(), threading.Event()

    def blocked() -> str:
        leave.wait(5)
        left.set()
        return "late"

    async def run() -> None:
        Threads(1, name="tool").start(blocked)

    asyncio.run(run())
    leave.set()
    assert left.wait(5)
    asyncio.run(settled())  # an error in the thread would fail this test, by pytest's own watch over threads


def test_a_hanging_function_does_not_keep_the_process() -> None:
    program = """
import asyncio, threading
from twilio_rt_cli.machine.threads import Threads
async def main():
    started = threading.Event()
    def hang():
        started.set()
        threading.Event().wait()
    Threads(1, name="tool").start(hang)
    started.wait()
asyncio.run(main())
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=20)


def fail() -> None:
    raise KeyError("x")


def test_results_and_errors_of_one_function_come_back() -> None:
    async def story() -> None:
        assert await in_thread(lambda: 5) == 5
        for running in (in_thread(fail), to_the_end(fail)):
            with pytest.raises(KeyError):
                await running

    asyncio.run(story())


def test_what_must_be_finished_is_finished_before_we_are_cancelled() -> None:
    async def story() -> None:
        go, done = threading.Event(), threading.Event()

        def work() -> None:
            go.wait()
            done.set()

        task = asyncio.ensure_future(to_the_end(work))
        for _ in range(3):
            await asyncio.sleep(0)
            task.cancel()
        assert not task.done()
        go.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert done.is_set()

    asyncio.run(story())


def test_a_thread_that_hangs_does_not_hold_up_the_end() -> None:
    never = threading.Event()

    async def story() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await in_thread(never.wait)

    asyncio.run(story())
    never.set()

"""Blocking work in threads: results and errors come back, and what must be finished is, cancelled or not."""

import asyncio
import threading

import pytest

from tests.tunnel.world import run
from twilio_rt_cli.tunnel.threads import in_thread, to_the_end


def fail() -> None:
    raise KeyError("x")


def test_results_and_errors_come_back() -> None:
    async def story() -> None:
        assert await in_thread(lambda: 5) == 5
        for running in (in_thread(fail), to_the_end(fail)):
            with pytest.raises(KeyError):
                await running

    run(story())


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

    run(story())


def test_a_thread_that_hangs_does_not_hold_up_the_end() -> None:
    never = threading.Event()

    async def story() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await in_thread(never.wait)

    run(story())
    never.set()

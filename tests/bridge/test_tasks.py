"""The tasks of one call."""

import asyncio

from twilio_rt_cli.bridge.tasks import CallTasks
from twilio_rt_cli.output.call_context import context_of, current_call
from twilio_rt_cli.protocol.twilio import CallSid, StreamSid

SIDS = CallSid("CA1"), StreamSid("MZ1")


def test_each_runs_in_the_calls_name_and_is_told_when_it_ends() -> None:
    async def test() -> None:
        tasks, ended = CallTasks(context_of(*SIDS)), asyncio.Queue[BaseException | None]()
        seen: list[object] = []

        async def fine() -> None:
            seen.append(current_call())

        async def fails() -> None:
            raise ValueError("a bug")

        tasks.spawn(fine(), ended.put_nowait)
        tasks.spawn(fails(), ended.put_nowait)
        assert len(tasks) == 2
        told = [await ended.get(), await ended.get()]
        assert [type(one) for one in told] == [type(None), ValueError]
        assert len(tasks) == 0
        assert seen == [SIDS]
        assert current_call() is None

    asyncio.run(test())


def test_all_are_cancelled_at_once_which_is_no_error() -> None:
    async def test() -> None:
        tasks, ended = CallTasks(context_of(*SIDS)), asyncio.Queue[BaseException | None]()
        for _ in range(3):
            tasks.spawn(forever(), ended.put_nowait)
        tasks.cancel()
        assert [await ended.get() for _ in range(3)] == [None] * 3
        assert not tasks

    asyncio.run(test())


async def forever() -> None:
    await asyncio.Event().wait()

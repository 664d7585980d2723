"""A queue that is bounded by size: what waits comes in order, and there is room again when enough was taken."""

import asyncio

from twilio_rt_cli.engine.bounded_queue import BoundedQueue


def test_what_waits_comes_in_order_and_who_is_early_waits() -> None:
    async def story() -> None:
        queue: BoundedQueue[str] = BoundedQueue(10, len)
        early = asyncio.ensure_future(queue.take())
        await asyncio.sleep(0)
        assert not early.done()
        queue.put("one")
        queue.put("two")
        assert (await early, queue.first, await queue.take(), queue.first) == ("one", "two", "two", None)

    asyncio.run(story())


def test_above_the_limit_there_is_no_room_until_enough_was_taken() -> None:
    async def story() -> None:
        queue: BoundedQueue[str] = BoundedQueue(10, len)
        queue.put("x" * 10)
        await queue.room()
        for text in ("y", "z"):
            queue.put(text)
        waiting = asyncio.ensure_future(queue.room())
        await asyncio.sleep(0)
        assert not waiting.done()
        await queue.take()
        await asyncio.wait_for(waiting, 5)

    asyncio.run(story())


def test_what_has_no_size_always_has_room() -> None:
    async def story() -> None:
        queue: BoundedQueue[int] = BoundedQueue(0, lambda _: 0)
        for number in range(100):
            queue.put(number)
        await asyncio.wait_for(queue.room(), 5)

    asyncio.run(story())

"""One timer of a call."""

import asyncio
from collections.abc import Callable, Coroutine

from twilio_rt_cli.bridge.alarm import Alarm


def rings(test: Callable[[Alarm, Callable[[], None]], Coroutine[None, None, None]]) -> int:
    """How often an alarm has rung after this was done to it, and some time has passed."""
    rung: list[float] = []

    async def run() -> None:
        loop = asyncio.get_running_loop()
        await test(Alarm(), lambda: rung.append(loop.time()))
        passed = loop.create_future()
        loop.call_later(0.05, passed.set_result, None)
        await passed

    asyncio.run(run())
    return len(rung)


def soon(ms: float = 10) -> float:
    return asyncio.get_running_loop().time() + ms / 1000


def test_it_rings_once() -> None:
    async def test(alarm: Alarm, ring: Callable[[], None]) -> None:
        alarm.set(soon(), ring)

    assert rings(test) == 1


def test_it_rings_at_the_time_it_was_set_to_last() -> None:
    async def test(alarm: Alarm, ring: Callable[[], None]) -> None:
        for ms in (1, 5, 10, 10_000, 20):
            alarm.set(soon(ms), ring)

    assert rings(test) == 1


def test_set_to_none_it_does_not_ring() -> None:
    async def test(alarm: Alarm, ring: Callable[[], None]) -> None:
        alarm.set(soon(), ring)
        alarm.set(None, ring)

    assert rings(test) == 0


def test_it_can_be_set_while_it_rings() -> None:
    async def test(alarm: Alarm, ring: Callable[[], None]) -> None:
        def again() -> None:
            ring()
            alarm.set(soon(), ring)

        alarm.set(soon(1), again)

    assert rings(test) == 2


def test_once_stopped_it_cannot_be_set() -> None:
    async def test(alarm: Alarm, ring: Callable[[], None]) -> None:
        alarm.set(soon(), ring)
        alarm.stop()
        alarm.set(soon(), ring)

    assert rings(test) == 0

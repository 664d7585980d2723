"""Two hundred short calls in a row: memory, tasks and file descriptors are back where they were."""

import asyncio
import gc
import os
import random
from pathlib import Path

import pytest

from tests.live_phone import live_phone
from tests.open_bridge import open_bridge
from tests.scripted_model import Answer, Script, Speech, scripted_model

WARM_UP, CALLS = 60, 200
MOST_GROWTH = 0.05


def resident_bytes() -> int:
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def short_call(url: str, script: Script, dice: random.Random) -> None:
    """A call that ends at a random moment, by the caller's or the model's doing."""
    count = len(script.connections)
    async with live_phone(url):
        connection = await script.connected(count + 1)
        await asyncio.sleep(dice.uniform(0.0, 0.3))
        if dice.random() < 0.3:
            await connection.socket.close()
    await asyncio.wait_for(connection.closed.wait(), 5)


async def calls(url: str, script: Script, count: int) -> None:
    dice = random.Random(count)
    for _ in range(count):
        await short_call(url, script, dice)
        script.connections.clear()
        script.requests.clear()


@pytest.mark.acceptance
def test_two_hundred_calls_leave_nothing_behind() -> None:
    async def test() -> None:
        script = Script([Answer((Speech(2000),), pace=20)])
        async with scripted_model(script) as model, open_bridge(model.url) as url:
            await calls(url, script, WARM_UP)
            before = resident_bytes(), len(asyncio.all_tasks()), descriptors()
            await calls(url, script, CALLS)
            await asyncio.sleep(1.2)  # the longest a closing socket may take
            after = resident_bytes(), len(asyncio.all_tasks()), descriptors()
        print(f"\nRSS {before[0] / 1e6:.1f} → {after[0] / 1e6:.1f} MB, tasks, descriptors {before[1:]} → {after[1:]}")
        assert after[0] <= before[0] * (1 + MOST_GROWTH)
        assert after[1] <= before[1]
        assert after[2] <= before[2]

    asyncio.run(test())

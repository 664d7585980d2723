"""So many things at such a rate, on an absolute clock: what comes late is made up for."""

import asyncio
import time
from collections.abc import AsyncIterator


async def paced(count: int, per_second: float) -> AsyncIterator[int]:
    """Numbers from 0 on, each when it is due."""
    began_at = time.monotonic()
    for number in range(count):
        await asyncio.sleep(max(0.0, began_at + number / per_second - time.monotonic()))
        yield number

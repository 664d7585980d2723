"""What the tests of tools wait for."""

import asyncio
import threading


async def settled() -> None:
    """Waits for the threads of tools, whose functions must be about to return, and for the loop to hear of it."""
    for thread in threading.enumerate():
        if thread.name == "tool":
            thread.join(5)
    await asyncio.sleep(0)

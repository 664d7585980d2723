"""Tools for the agent of a soak: they take their time, on the loop and in a thread."""

import asyncio
import time

from twilio_rt_cli.tools import tool

ON_LOOP_S = 3.0
IN_THREAD_S = 0.3


@tool
async def wait_on_loop() -> str:
    """Wait on the event loop."""
    await asyncio.sleep(ON_LOOP_S)
    return "waited"


@tool
def wait_in_thread() -> str:
    """Wait in a thread, which nobody can stop."""
    time.sleep(IN_THREAD_S)
    return "waited"

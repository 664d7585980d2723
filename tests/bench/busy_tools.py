"""Tools that are hard on a bridge: one waits, one computes in pure Python, one answers with a megabyte.

All are plain functions, so each runs in a thread. The one that computes holds the interpreter's lock, which Python
takes from it every few milliseconds.
"""

import time

from twilio_rt_cli.tools import tool

NAP_S, BURN_S = 0.3, 0.05


@tool
def nap() -> str:
    """Wait for something elsewhere."""
    time.sleep(NAP_S)
    return "well rested"


@tool
def burn() -> int:
    """Compute something."""
    until, sums = time.thread_time() + BURN_S, 0
    while time.thread_time() < until:
        sums += sum(number * number for number in range(100))
    return sums


@tool
def megabyte() -> str:
    """Answer at length."""
    return "x" * 1_000_000

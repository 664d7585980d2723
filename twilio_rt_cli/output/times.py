"""Moments as we print them."""

import time
from datetime import UTC, datetime


def utc(at: float) -> str:
    """Seconds since the epoch as people and scripts read it: 2026-11-23T12:03:58.123Z."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def time_of_day(at: float) -> str:
    """The local time: 12:03:58."""
    return time.strftime("%H:%M:%S", time.localtime(at))

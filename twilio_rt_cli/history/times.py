"""Times of calls as people write and read them."""

import re
from datetime import datetime

from twilio_rt_cli.errors import SettingsError

_UNITS_S = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def moment(text: str, now: float) -> float:
    """`45m`, `24h`, `7d`, `2w` before now; or a date, with or without a time, local unless it says otherwise.

    In seconds since the epoch. Raises SettingsError when it is none of these.
    """
    if ago := re.fullmatch(r"(\d{1,6})([mhdw])", text.strip().lower(), re.ASCII):
        return now - int(ago[1]) * _UNITS_S[ago[2]]
    try:
        return datetime.fromisoformat(text.strip()).timestamp()
    except (ValueError, OverflowError, OSError):
        problem = f"--since is not a time: {text!r:.60}."
        raise SettingsError(problem, hint="For example 45m, 24h, 7d, 2026-11-23 or 2026-11-23T12:00.") from None


def local_time(at: float) -> str:
    """`2026-11-23 12:03:58`, local."""
    return datetime.fromtimestamp(at).isoformat(" ", "seconds")


def length(duration_ms: float) -> str:
    """`1:34`, `1:02:03`."""
    minutes, seconds = divmod(int(duration_ms / 1000), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"

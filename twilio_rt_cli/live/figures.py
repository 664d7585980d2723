"""Figures as people read them, in few cells. What was not observed is a dash, never a zero."""

from collections.abc import Sequence

NONE = "–"
_LEVELS = "▁▂▃▄▅▆▇█"


def ms(value: float | None) -> str:
    """Milliseconds; seconds from a hundred of them on, with their unit."""
    if value is None:
        return NONE
    return f"{value:.0f}" if abs(value) < 99_999.5 else f"{value / 1000:.0f}s"


def dollars(value: float | None) -> str:
    """An estimate in US dollars; "n/a" when the prices are not known."""
    if value is None:
        return "n/a"
    return f"{value:.3f}" if value < 10 else f"{value:.2f}" if value < 1000 else f"{value:.0f}"


def count(value: float) -> str:
    """A number in at most four or five cells: 812, 3.1k, 412k, 1.2M."""
    for limit, unit in ((1e3, ""), (1e6, "k"), (1e9, "M")):
        if value < limit:
            scaled = value / (limit / 1000)
            return f"{scaled:.1f}{unit}" if unit and scaled < 9.95 else f"{min(scaled, 999):.0f}{unit}"
    return f"{value / 1e9:.0f}G"


def clock(seconds: float) -> str:
    """A duration: 1:32, 2:14:09, 3d 04:11."""
    minutes, rest = divmod(max(0, int(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    if hours >= 100:
        return f"{hours // 24}d {hours % 24:02d}:{minutes:02d}"
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def sparkline(values: Sequence[float], width: int) -> str:
    """The last values as a row of bars, from zero to the highest of them."""
    last = values[-width:] if width > 0 else ()
    highest = max(last, default=0.0)
    if highest <= 0:
        return NONE * len(last)
    return "".join(_LEVELS[min(7, max(0, int(value / highest * 8)))] for value in last)

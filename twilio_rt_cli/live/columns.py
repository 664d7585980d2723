"""The table of calls: its columns, which of them a width has room for, and a row as text.

Widths are fixed, so that nothing moves while figures change; a wider screen has more columns, never wider ones.
"""

from collections.abc import Callable
from functools import lru_cache

from twilio_rt_cli.call.figures.health import JITTER_MS, PLAYOUT_LAG_MS, SLOW_V2V_MS
from twilio_rt_cli.live.figures import NONE, clock, count, dollars, ms
from twilio_rt_cli.live.snapshot import CallRow
from twilio_rt_cli.live.text import Line, fit
from twilio_rt_cli.output.redaction import printable
from twilio_rt_cli.output.table import Column, with_room

GLYPHS = {"degraded": ("▲", "warn"), "failed": ("✗", "bad")}
_HEAD = 2
"""cells before the first column: what is selected, and how the call is doing"""
_STATES = {"speaking": "agent", "caller": "caller"}


class CallColumn(Column[CallRow], frozen=True):
    """One column of the table."""

    width: int = 0
    slow: Callable[[CallRow], bool] | None = None
    """whether the figure wants attention"""


def _words(dispensable: int, head: str, width: int, cell: Callable[[CallRow], str]) -> CallColumn:
    return CallColumn(head, cell, dispensable=dispensable, width=width)


def _figure(
    dispensable: int,
    head: str,
    width: int,
    cell: Callable[[CallRow], str],
    slow: Callable[[CallRow], bool] | None = None,
) -> CallColumn:
    return CallColumn(head, cell, True, dispensable, width, slow)


def short(call: str) -> str:
    """The last four characters of a Call SID."""
    return f"…{printable(call)[-4:]}"


def _from(row: CallRow) -> str:
    number = printable(row.from_number) or "unknown"
    return number if len(number) <= 8 else f"…{number[-7:]}"


def _stop_ms(row: CallRow) -> str:
    stops = row.statistics.barge_in_stop_ms
    return ms(stops[-1] if stops else None)


def _tools(row: CallRow) -> str:
    failed = row.statistics.tool_failures
    return f"{row.statistics.tool_calls}" + (f"/{failed}✗" if failed else "")


COLUMNS = (
    _words(1, "CALL", 5, lambda row: short(row.call)),
    _words(7, "FROM", 8, _from),
    _words(22, "TO", 8, lambda row: printable(row.to_number)[-8:]),
    _words(2, "STATE", 11, lambda row: printable(row.state)),
    _figure(5, "AGE", 7, lambda row: clock(row.age_s)),
    _figure(8, "TURNS", 5, lambda row: count(row.statistics.turns)),
    _figure(3, "V2V ms", 6, lambda row: ms(row.v2v_ms), slow=lambda row: (row.v2v_ms or 0) > SLOW_V2V_MS),
    _figure(11, "P95 ms", 6, lambda row: ms(row.v2v_p95_ms), slow=lambda row: (row.v2v_p95_ms or 0) > SLOW_V2V_MS),
    _figure(4, "BUF ms", 6, lambda row: ms(row.at_twilio_ms)),
    _figure(21, "HELD ms", 7, lambda row: ms(row.buffered_ms - row.at_twilio_ms)),
    _figure(15, "LAG ms", 6, lambda row: ms(row.playout_lag_ms), slow=lambda row: row.playout_lag_ms > PLAYOUT_LAG_MS),
    _figure(9, "GAPS", 4, lambda row: count(row.statistics.media_gaps)),
    _figure(
        16,
        "JIT ms",
        6,
        lambda row: ms(row.statistics.jitter_ms),
        slow=lambda row: (row.statistics.jitter_ms or 0) > JITTER_MS,
    ),
    _figure(12, "BARGE", 5, lambda row: count(row.statistics.barge_ins)),
    _figure(13, "STOP ms", 7, _stop_ms),
    _figure(10, "KBIT/S", 7, lambda row: f"{row.kbps_in:.0f}/{row.kbps_out:.0f}"),
    _figure(23, "MARKS", 5, lambda row: count(row.statistics.marks_pending)),
    _figure(20, "TOOLS", 5, _tools),
    _figure(14, "TOK", 5, lambda row: count(row.statistics.input_tokens + row.statistics.output_tokens)),
    _figure(6, "EST $", 6, lambda row: dollars(row.statistics.cost_usd)),
    _figure(19, "CONN ms", 7, lambda row: ms(row.statistics.model_connect_ms)),
    _figure(18, "1ST ms", 6, lambda row: ms(row.statistics.first_audio_ms)),
    _words(17, "WHY", 34, lambda row: printable(row.why) or NONE),
)


@lru_cache(maxsize=8)
def columns_for(width: int) -> tuple[CallColumn, ...]:
    """The columns that a screen so wide has room for, and none that can be done without before another."""
    return tuple(with_room(COLUMNS, lambda left: _HEAD - 1 + sum(column.width + 1 for column in left) <= width))


def titles(width: int) -> Line:
    """The head of the table."""
    cells = " ".join(fit(column.head, column.width, left=not column.right) for column in columns_for(width))
    return [(fit(" " * _HEAD + cells, width, left=True), "titles")]


def row_line(row: CallRow, width: int, *, selected: bool) -> Line:
    """One call."""
    plain = "chosen" if selected else ""
    line: Line = [("▸" if selected else " ", "chosen"), GLYPHS.get(row.health, (" ", ""))]
    unstyled: list[str] = []  # neighbours that look alike are one piece
    for number, column in enumerate(columns_for(width)):
        text, style = column.cell(row), plain
        if column.slow is not None and column.slow(row):
            text, style = f"▲{text}", "warn"
        elif column.head == "STATE":
            style = _STATES.get(row.state, "tool" if row.state.startswith("tool:") else plain)
        gap = " " if number else ""
        cell = gap + fit(text, column.width, left=not column.right)
        if style == plain:
            unstyled.append(cell)
            continue
        line += [("".join(unstyled), plain), (cell, style)]
        unstyled.clear()
    return [*line, ("".join(unstyled), plain)]

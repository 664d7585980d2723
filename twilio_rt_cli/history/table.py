"""Calls as a table: as wide as the terminal, or as wide as it takes where there is none. Pure, and light to import."""

from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar

from msgspec import Struct

from twilio_rt_cli.history.times import length, local_time
from twilio_rt_cli.output.redaction import Redactor, printable
from twilio_rt_cli.records.reader import IN_PROGRESS, Record
from twilio_rt_cli.records.store import CUT_OFF, Refused

Row = TypeVar("Row")

UNKNOWN = "–"
_GAP = "  "
_MOST_NUMBER = 24  # of a caller's name by SIP, for instance
_NARROWEST_LAST = 14
"""`caller hung up`, the most frequent end, is so wide"""
_WITH_SECONDS = 100
"""columns from which on there is room for them"""


class _Column(Struct, Generic[Row], frozen=True):
    head: str
    cell: Callable[[Row], str]
    right: bool = False
    dispensable: int = 0
    """where room is scarce the highest goes first; 0: never"""


def calls_table(records: Sequence[Record], redactor: Redactor, now: float, width: int | None) -> Iterator[str]:
    """Heads and a line per call."""
    columns: list[_Column[Record]] = [
        _Column("NO", lambda one: str(one.number), right=True),
        _Column("CALL", lambda one: f"…{printable(one.call_sid[-8:])}"),
        _Column("STARTED", lambda one: _when(one.started_at, width)),
        _Column("FROM", lambda one: _number(redactor, one.from_number), dispensable=1),
        _Column("TO", lambda one: _number(redactor, one.to_number), dispensable=8),
        _Column("LENGTH", lambda one: _length(one, now), right=True),
        _Column("TURNS", lambda one: _figure(one.turns), right=True, dispensable=4),
        _Column("V2V MS", lambda one: _figure(one.v2v_p50_ms), right=True, dispensable=3),
        _Column("BARGE", lambda one: _figure(one.barge_ins), right=True, dispensable=6),
        _Column("EST $", lambda one: UNKNOWN if one.cost_usd is None else f"{one.cost_usd:.3f}", True, dispensable=7),
        _Column("HEALTH", lambda one: health_word(one) or UNKNOWN, dispensable=2),
        _Column("ENDED", _ending),
    ]
    return _table(columns, records, width)


def refused_table(refused: Sequence[Refused], redactor: Redactor, width: int | None) -> Iterator[str]:
    """Heads and a line per call that was turned away."""
    columns: list[_Column[Refused]] = [
        _Column("WHEN", lambda one: _when(one.at, width)),
        _Column("CALL", lambda one: f"…{printable(one.call_sid[-8:])}" if one.call_sid else UNKNOWN),
        _Column("FROM", lambda one: _number(redactor, one.from_number) or UNKNOWN, dispensable=1),
        _Column("REASON", lambda one: printable(one.reason)),
        _Column("DETAIL", lambda one: printable(redactor.text(one.detail))),
    ]
    return _table(columns, refused, width)


def ended_words(record: Record) -> str:
    """`caller hung up`, `in progress`."""
    return "operator hung up" if record.state == "operator" else printable(record.state.replace("_", " "))


def health_word(record: Record) -> str:
    """Healthy, degraded or failed; empty while the call goes on."""
    return record.health or ("failed" if record.failed else "")


def _table(columns: list[_Column[Row]], rows: Sequence[Row], width: int | None) -> Iterator[str]:
    """Only the last column may be cut, once all that can be done without are gone."""
    kept = list(columns)
    cells = {column.head: [column.cell(row) for row in rows] for column in columns}
    widths = {head: max(map(len, [head, *texts])) for head, texts in cells.items()}

    def room() -> int:
        """What is left for the last column."""
        assert width is not None
        return width - sum(widths[column.head] + len(_GAP) for column in kept[:-1])

    if width is not None:
        for column in sorted(columns, key=lambda one: -one.dispensable):
            if column.dispensable and room() < min(widths[kept[-1].head], _NARROWEST_LAST):
                kept.remove(column)
        widths[kept[-1].head] = min(widths[kept[-1].head], max(1, room()))
    for number in range(-1, len(rows)):
        texts = [(column, column.head if number < 0 else cells[column.head][number]) for column in kept]
        line = _GAP.join(_fitted(text, widths[column.head], column.right) for column, text in texts).rstrip()
        yield line if width is None else line[:width]


def _fitted(text: str, width: int, right: bool) -> str:
    text = text if len(text) <= width else text[: width - 1] + "…"
    return text.rjust(width) if right else text.ljust(width)


def _number(redactor: Redactor, number: str) -> str:
    text = printable(redactor.number(number)) or "unknown"
    return text if len(text) <= _MOST_NUMBER else text[: _MOST_NUMBER - 1] + "…"


def _when(at: float, width: int | None) -> str:
    """A person knows the year, and where room is scarce can do without seconds."""
    text = local_time(at)
    if width is None:
        return text
    return text[5:] if width >= _WITH_SECONDS else text[5:-3]


def _figure(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.0f}"


def _length(record: Record, now: float) -> str:
    if record.state == IN_PROGRESS:
        since = record.started_at if record.noted_at is None else record.noted_at
        return length((record.duration_ms or 0.0) + max(0.0, now - since) * 1000)
    if record.duration_ms is None:
        return UNKNOWN
    return ("≥" if record.state == CUT_OFF else "") + length(record.duration_ms)


def _ending(record: Record) -> str:
    why = record.why if record.why and record.why != record.state else ""
    return ended_words(record) + (f"; {printable(why)}" if why else "")

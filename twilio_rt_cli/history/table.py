"""Calls as a table: as wide as the terminal, or as wide as it takes where there is none. Pure, and light to import."""

from collections.abc import Iterator, Sequence

from twilio_rt_cli.history.times import length, local_time
from twilio_rt_cli.output.redaction import Redactor, printable
from twilio_rt_cli.output.table import Column, table
from twilio_rt_cli.output.words import cut
from twilio_rt_cli.records.reader import IN_PROGRESS, Record
from twilio_rt_cli.records.store import CUT_OFF, Refused

UNKNOWN = "–"
_MOST_NUMBER = 24  # of a caller's name by SIP, for instance
_WITH_SECONDS = 100
"""columns from which on there is room for them"""


def calls_table(records: Sequence[Record], redactor: Redactor, now: float, width: int | None) -> Iterator[str]:
    """Heads and a line per call."""
    columns: list[Column[Record]] = [
        Column("NO", lambda one: str(one.number), right=True),
        Column("CALL", lambda one: f"…{printable(one.call_sid[-8:])}"),
        Column("STARTED", lambda one: _when(one.started_at, width)),
        Column("FROM", lambda one: _number(redactor, one.from_number), dispensable=1),
        Column("TO", lambda one: _number(redactor, one.to_number), dispensable=8),
        Column("LENGTH", lambda one: _length(one, now), right=True),
        Column("TURNS", lambda one: _figure(one.turns), right=True, dispensable=4),
        Column("V2V MS", lambda one: _figure(one.v2v_p50_ms), right=True, dispensable=3),
        Column("BARGE", lambda one: _figure(one.barge_ins), right=True, dispensable=6),
        Column("EST $", lambda one: UNKNOWN if one.cost_usd is None else f"{one.cost_usd:.3f}", True, dispensable=7),
        Column("HEALTH", lambda one: health_word(one) or UNKNOWN, dispensable=2),
        Column("ENDED", _ending),
    ]
    return table(columns, records, width)


def refused_table(refused: Sequence[Refused], redactor: Redactor, width: int | None) -> Iterator[str]:
    """Heads and a line per call that was turned away."""
    columns: list[Column[Refused]] = [
        Column("WHEN", lambda one: _when(one.at, width)),
        Column("CALL", lambda one: f"…{printable(one.call_sid[-8:])}" if one.call_sid else UNKNOWN),
        Column("FROM", lambda one: _number(redactor, one.from_number) or UNKNOWN, dispensable=1),
        Column("REASON", lambda one: printable(one.reason)),
        Column("DETAIL", lambda one: printable(redactor.text(one.detail))),
    ]
    return table(columns, refused, width)


def ended_words(record: Record) -> str:
    """`caller hung up`, `in progress`."""
    return "operator hung up" if record.state == "operator" else printable(record.state.replace("_", " "))


def health_word(record: Record) -> str:
    """Healthy, degraded or failed; empty while the call goes on."""
    return record.health or ("failed" if record.failed else "")


def _number(redactor: Redactor, number: str) -> str:
    return cut(printable(redactor.number(number)) or "unknown", _MOST_NUMBER)


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

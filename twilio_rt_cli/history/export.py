"""A call's record as data for scripts: the objects of `--json` and of exports, and the rows of CSV.

Within `v` things are only added. Phone numbers come masked unless they are to be shown; what was said comes as it was.
"""

import json
import re
from collections.abc import Sequence

import msgspec

from twilio_rt_cli.call.figures.statistics import Figure
from twilio_rt_cli.call.notices import Notice
from twilio_rt_cli.call.transcript import SpokenLine, transcript
from twilio_rt_cli.history.table import health_word
from twilio_rt_cli.output.redaction import Redactor, printable
from twilio_rt_cli.output.times import utc
from twilio_rt_cli.records.notice_rows import notice_of
from twilio_rt_cli.records.reader import IN_PROGRESS, Record
from twilio_rt_cli.records.store import Event, Refused
from twilio_rt_cli.reporting.event_lines import call_event

Object = dict[str, Figure]

_CONTROL = re.compile(r"[\x7f-\x9f]")  # JSON escapes the others itself
_FORMULA = re.compile(r"[=@\t\r]|[+-](?!\d)")  # a caller's name must not become a spreadsheet's formula

CSV_COLUMNS = (
    *("number", "call", "stream", "from", "to", "started", "ended", "duration_ms", "reason", "failed", "detail"),
    *("health", "why", "turns", "barge_ins", "tool_calls", "first_audio_ms", "v2v_p50_ms", "cost_usd", "recording"),
)


def json_line(fields: Object) -> str:
    """One line of JSON, without power over a terminal."""
    text = msgspec.json.encode(fields).decode()
    return _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def call_summary(record: Record, redactor: Redactor) -> Object:
    """A call in short."""
    return {
        "v": 1,
        "number": record.number,
        "call": record.call_sid,
        "stream": record.stream_sid,
        "from": redactor.number(record.from_number),
        "to": redactor.number(record.to_number),
        "started": utc(record.started_at),
        "ended": None if record.ended_at is None else utc(record.ended_at),
        "in_progress": record.state == IN_PROGRESS,
        "duration_ms": _tenths(record.duration_ms),
        "reason": None if record.state == IN_PROGRESS else record.state,
        "failed": record.failed,
        "detail": None if record.detail is None else redactor.text(record.detail),
        "health": health_word(record) or None,
        "why": record.why,
        "turns": record.turns,
        "barge_ins": record.barge_ins,
        "v2v_p50_ms": _tenths(record.v2v_p50_ms),
        "cost_usd": record.cost_usd,
        "recording": record.recording,
        "as_of": None if record.noted_at is None else utc(record.noted_at),
    }


def whole_call(record: Record, events: Sequence[Event], redactor: Redactor) -> Object:
    """A call with all that is known of it."""
    lost = None if record.event_count is None else record.event_count - len(events)
    return call_summary(record, redactor) | {
        "configuration": _parsed(record.configuration),
        "statistics": _parsed(record.statistics),
        "transcript": [_line(one) for one in spoken_lines(record, events)],
        "events": [one for event in events if (one := _event(record, event)) is not None],
        "events_lost": lost,
    }


def refused_call(refused: Refused, redactor: Redactor) -> Object:
    """A call that was turned away."""
    return {
        "v": 1,
        "ts": utc(refused.at),
        "call": refused.call_sid or None,
        "from": redactor.number(refused.from_number) or None,
        "reason": refused.reason,
        "detail": redactor.text(refused.detail),
    }


def csv_row(record: Record, redactor: Redactor) -> list[str | int | float | None]:
    """The cells of `CSV_COLUMNS`."""
    counted = _parsed(record.statistics)
    figures = counted if isinstance(counted, dict) else {}
    cells = figures | call_summary(record, redactor)
    return [_cell(cells.get(name)) for name in CSV_COLUMNS]


def spoken_lines(record: Record, events: Sequence[Event]) -> list[SpokenLine]:
    """What was said, in spoken order."""
    notices = [(event, notice_of(event.kind, event.body)) for event in events]
    timed: list[tuple[float, Notice]] = [
        (_elapsed_ms(record, event), notice) for event, notice in notices if notice is not None
    ]
    return transcript(timed)


def _elapsed_ms(record: Record, event: Event) -> float:
    return round((event.at - record.started_at) * 1000, 1) if event.elapsed_ms is None else event.elapsed_ms


def _tenths(value_ms: float | None) -> float | None:
    return None if value_ms is None else round(value_ms, 1)


def _line(line: SpokenLine) -> Object:
    return {
        "at_ms": round(line.at_ms, 1),
        "who": line.who,
        "text": line.text,
        "heard_estimate": line.heard_estimate,
        "interrupted": line.interrupted,
        "v2v_ms": _tenths(line.v2v_ms),
    }


def _event(record: Record, event: Event) -> Object | None:
    notice = notice_of(event.kind, event.body)
    if notice is None:
        return None
    line = call_event(record.call_sid, notice)
    fields = {name: value for name, value in line.fields if name != "call"}
    return {"ts": utc(event.at), "sequence": event.sequence, "type": line.type, **fields}


def _parsed(body: str | None) -> Figure:
    if body is None:
        return None
    try:
        found: Figure = json.loads(body)
    except ValueError:
        return None
    return found


def _cell(value: Figure) -> str | int | float | None:
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str):
        return value if isinstance(value, int | float) else None
    text = printable(value)
    return f"'{text}" if _FORMULA.match(text) else text

"""One call's record as a person reads it: a page about it, and what was said."""

import json
import re
from collections.abc import Iterator, Sequence

from twilio_rt_cli.call.figures.statistics import percentile
from twilio_rt_cli.call.transcript import SpokenLine
from twilio_rt_cli.history.export import spoken_lines
from twilio_rt_cli.history.table import ended_words, health_word
from twilio_rt_cli.history.times import length, local_time
from twilio_rt_cli.output.redaction import Redactor, printable
from twilio_rt_cli.output.words import plural
from twilio_rt_cli.records.reader import IN_PROGRESS, Record
from twilio_rt_cli.records.store import CUT_OFF, Event
from twilio_rt_cli.reporting.words import Line


def call_page(record: Record, events: Sequence[Event], redactor: Redactor, width: int | None) -> Iterator[str]:
    """All that a person wants to know of a call, and its transcript."""
    for name, text in _facts(record, events, redactor):
        yield Line(name, text).render(width=width)
    yield ""
    yield from _transcript(record, events, width)


def transcript_text(record: Record, events: Sequence[Event], redactor: Redactor, width: int | None) -> Iterator[str]:
    """Which call it was, in one line, and what was said."""
    numbers = f"from {redactor.number(record.from_number) or 'unknown'} to {redactor.number(record.to_number)}"
    yield printable(f"{record.call_sid}, {local_time(record.started_at)}, {numbers}")
    yield from _transcript(record, events, width)


def _transcript(record: Record, events: Sequence[Event], width: int | None) -> Iterator[str]:
    lines = spoken_lines(record, events)
    if not lines:
        yield "Nothing was said."
    for line in lines:
        tenths = int(max(0.0, line.at_ms) / 100)
        clock = f"{tenths // 600:3}:{tenths // 10 % 60:02}.{tenths % 10}"
        raw = line.who in {"tool", "error"}
        yield Line(line.who, _words(line), _aside(line), raw=raw).render(clock, width=width)
        if line.heard_estimate is not None:
            yield Line("", f"≈ heard: {line.heard_estimate or 'nothing'}").render(" " * len(clock), width=width)


def _words(line: SpokenLine) -> str:
    if line.who == "caller":
        return line.text or "(not understood)"
    return f"{line.text}…" if line.interrupted else line.text


def _aside(line: SpokenLine) -> str:
    return "" if line.v2v_ms is None else f"{line.v2v_ms:.0f} ms"


def _facts(record: Record, events: Sequence[Event], redactor: Redactor) -> Iterator[tuple[str, str]]:
    yield "call", f"{record.call_sid}, record {record.number}"
    yield "stream", record.stream_sid
    called = f" to {redactor.number(record.to_number)}" if record.to_number else ""
    yield "from", f"{redactor.number(record.from_number) or 'unknown'}{called}"
    yield "began", f"{local_time(record.started_at)}{_lasted(record)}"
    detail = f" ({redactor.text(record.detail)})" if record.detail else ""
    if record.state == CUT_OFF:
        detail = " (the server died while this call went on)"
    yield "ended", f"{ended_words(record)}{detail}"
    if health := health_word(record):
        why = f": {record.why}" if record.why and record.why != record.state else ""
        yield "health", f"{health}{why}"
    if record.statistics:
        yield "figures", _figures(record)
    if record.recording:
        yield "audio", record.recording
    if record.event_count is not None and record.event_count > len(events):
        yield "lost", f"{plural(record.event_count - len(events), 'event')} could not be written"
    if ran_with := _pairs(record.configuration):
        yield "with", ran_with


def _lasted(record: Record) -> str:
    if record.duration_ms is None:
        return ""
    lasted = length(record.duration_ms)
    if record.state == IN_PROGRESS:
        return f", {lasted} so far"
    return f", at least {lasted} long" if record.state == CUT_OFF else f", {lasted} long"


def _figures(record: Record) -> str:
    counted = json.loads(record.statistics or "{}")
    parts = [plural(record.turns or 0, "turn"), plural(record.barge_ins or 0, "barge-in")]
    parts.append(plural(counted.get("tool_calls", 0), "tool call"))
    if (first_ms := counted.get("first_audio_ms")) is not None:
        parts.append(f"first audio after {first_ms:.0f} ms")
    v2v = counted.get("v2v_ms", [])
    if (median := percentile(v2v, 0.5)) is not None:
        parts.append(f"v2v {median:.0f} ms (p95 {percentile(v2v, 0.95):.0f})")
    if gaps := counted.get("media_gaps"):
        parts.append(plural(gaps, "gap"))
    as_of = "" if record.noted_at is None else f"; as of {local_time(record.noted_at)}"
    return ", ".join([*parts, _cost(record)]) + as_of


def _cost(record: Record) -> str:
    if record.cost_usd is not None:
        return f"some ${record.cost_usd:.3f}"
    return "cost not known" + ("" if not (least := record.cost_at_least_usd) else f", at least some ${least:.3f}")


def _pairs(configuration: str) -> str:
    found = {name: _plain(value) for name, value in json.loads(configuration).items()}
    return ", ".join(f"{name.replace('_', ' ')} {text}" for name, text in found.items() if text)


def _plain(value: object) -> str:
    text = " ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)
    return text[:12] if re.fullmatch("[0-9a-f]{64}", text) else text  # of a hash the beginning will do

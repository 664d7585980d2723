"""What came of a test call, as the one JSON object of `call-test --json`; tables and JUnit are made from it too."""

import math
from collections.abc import Iterable, Sequence

import msgspec
from msgspec import UNSET, Struct, UnsetType

from twilio_rt_cli.call_test.options import Expectations, Mode
from twilio_rt_cli.caller.report import CallReport, TurnReport
from twilio_rt_cli.caller.wording import contains_words
from twilio_rt_cli.errors import CredentialsError, UnreachableError
from twilio_rt_cli.output.exit_codes import CHECK_FAILED, CREDENTIALS, INTERRUPTED, UNREACHABLE

BREACH = "breach of the protocol: "


class Spread(Struct, frozen=True):
    """A figure of several calls."""

    p50: float
    p95: float
    max: float


class TurnLine(Struct, frozen=True):
    """One turn: what the caller said, what was heard of the answer, how long it took to come."""

    caller: str
    agent: str | None
    v2v_ms: float | None
    call: int | UnsetType = UNSET


class BargeInLine(Struct, frozen=True):
    """One interruption."""

    stop_ms: float | None
    heard_ms: float | None
    call: int | UnsetType = UNSET


class ViolationLine(Struct, frozen=True):
    """One kind of breach of the protocol."""

    code: int
    text: str
    at_ms: int
    count: int
    call: int | UnsetType = UNSET


class Frames(Struct, frozen=True):
    """Media frames; `dropped` by the simulated line. Of a real call nobody here counts them."""

    sent: int | None
    received: int | None
    dropped: int | None


class Marks(Struct, frozen=True):
    """Marks."""

    received: int | None
    echoed: int | None


class Summary(Struct, frozen=True):
    """The object. What was not observed is null, never 0."""

    v: int
    ok: bool
    mode: str
    calls: int
    exit_code: int
    webhook_ms: float | Spread | None
    connect_ms: float | Spread | None
    first_audio_ms: float | Spread | None
    greeting: str | None
    """what was heard of the (first call's) greeting"""
    turns: list[TurnLine]
    barge_ins: list[BargeInLine]
    frames: Frames
    marks: Marks
    violations: list[ViolationLine]
    failures: list[str]
    recordings: list[str]

    def json(self) -> str:
        """As one line."""
        return msgspec.json.encode(self).decode()


def summarise(
    mode: Mode, reports: Sequence[CallReport], expectations: Expectations, recordings: Sequence[str]
) -> Summary:
    """Puts the calls together and judges them by what was expected."""
    failures = _failures(reports, expectations)
    exit_code = _exit_code(reports, failures)
    return Summary(
        v=1,
        ok=exit_code == 0,
        mode=mode,
        calls=len(reports),
        exit_code=exit_code,
        webhook_ms=_figure([report.webhook_ms for report in reports]),
        connect_ms=_figure([report.connect_ms for report in reports]),
        first_audio_ms=_figure([report.first_audio_ms for report in reports]),
        greeting=next((report.greeting.agent for report in reports if report.greeting), None),
        turns=_turns(reports),
        barge_ins=_barge_ins(reports),
        frames=_frames(reports),
        marks=_marks(reports),
        violations=_violations(reports),
        failures=failures,
        recordings=list(recordings),
    )


def _failures(reports: Sequence[CallReport], expectations: Expectations) -> list[str]:
    return [
        text if call is UNSET else f"call {call}: {text}"
        for call, report in _numbered(reports)
        for text in (*report.failures, *_missed(report, expectations), *_breaches(report, expectations))
    ]


def _turns(reports: Sequence[CallReport]) -> list[TurnLine]:
    return [
        TurnLine(turn.caller, turn.agent, _ms(turn.v2v_ms), call)
        for call, report in _numbered(reports)
        for turn in report.turns
    ]


def _barge_ins(reports: Sequence[CallReport]) -> list[BargeInLine]:
    return [
        BargeInLine(_ms(one.stop_ms), _ms(one.heard_ms), call)
        for call, report in _numbered(reports)
        for one in report.barge_ins
    ]


def _violations(reports: Sequence[CallReport]) -> list[ViolationLine]:
    return [
        ViolationLine(one.code, one.text, one.at_ms, one.count, call)
        for call, report in _numbered(reports)
        for one in report.violations
    ]


def _frames(reports: Sequence[CallReport]) -> Frames:
    return Frames(
        sum(report.counters.frames_sent for report in reports),
        sum(report.counters.frames_received for report in reports),
        sum(report.frames_lost for report in reports),
    )


def _marks(reports: Sequence[CallReport]) -> Marks:
    return Marks(
        sum(report.counters.marks_received for report in reports),
        sum(report.counters.marks_echoed for report in reports),
    )


def _numbered(reports: Sequence[CallReport]) -> list[tuple[int | UnsetType, CallReport]]:
    """Each report with its call's number; a single call needs none."""
    many = len(reports) > 1
    return [(number if many else UNSET, report) for number, report in enumerate(reports)]


def _missed(report: CallReport, expectations: Expectations) -> Iterable[str]:
    """What a call did not hold to; nothing for a call that never was, or was stopped."""
    if report.trouble is not None or report.stopped:
        return
    yield from _too_late("first audio", [report.first_audio_ms], expectations.max_first_audio_ms)
    yield from _too_late("an answer", [turn.v2v_ms for turn in report.turns], expectations.max_v2v_ms)
    for text in expectations.expect:
        answers = report.answers()
        if not any(contains_words(heard, text) for heard in (*map(_heard, answers), " ".join(map(_heard, answers)))):
            yield f"the agent never said “{text}”"


def _breaches(report: CallReport, expectations: Expectations) -> Iterable[str]:
    if expectations.strict:
        yield from (f"{BREACH}{one.text} (Twilio {one.code})" for one in report.violations)


def _too_late(what: str, figures: Sequence[float | None], limit_ms: float | None) -> Iterable[str]:
    if limit_ms is None:
        return
    seen = [figure for figure in figures if figure is not None]
    if not seen:
        yield f"{what} within {limit_ms:g} ms: none was observed"
    elif max(seen) > limit_ms:
        yield f"{what} took {max(seen):.0f} ms, more than {limit_ms:g} ms"


def _heard(answer: TurnReport) -> str:
    return answer.agent or ""


def _exit_code(reports: Sequence[CallReport], failures: Sequence[str]) -> int:
    if any(report.stopped for report in reports):
        return INTERRUPTED
    troubles = [report.trouble for report in reports]
    if any(isinstance(trouble, UnreachableError) for trouble in troubles):
        return UNREACHABLE
    if any(isinstance(trouble, CredentialsError) for trouble in troubles):
        return CREDENTIALS
    return CHECK_FAILED if failures else 0


def _figure(values: Sequence[float | None]) -> float | Spread | None:
    """The value of a single call, the spread of several."""
    seen = sorted(value for value in values if value is not None)
    if not seen:
        return None
    if len(values) == 1:
        return round(seen[0], 1)
    return Spread(*(round(seen[max(0, math.ceil(part * len(seen)) - 1)], 1) for part in (0.5, 0.95, 1.0)))


def _ms(value: float | None) -> float | None:
    return None if value is None else round(value, 1)

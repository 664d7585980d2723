"""What a call leaves behind: all that it told, in that order, and how it ended."""

import json
import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from tests.records.world import (
    BEGAN,
    CALLER,
    CONFIGURATION,
    OURS,
    STORY,
    Running,
    begin,
    listening,
    no_notes,
    over,
    settled,
    sid,
    statistics,
    stream,
    tell,
    until,
)
from twilio_rt_cli.call.figures.end_reason import EndReason
from twilio_rt_cli.call.figures.statistics import CallStatistics, figures
from twilio_rt_cli.call.notices import CallerTurn, CallOver, CallTrouble, KeyPressed
from twilio_rt_cli.call.transcript import transcript
from twilio_rt_cli.history.export import spoken_lines
from twilio_rt_cli.machine.process import Process
from twilio_rt_cli.protocol.twilio import PROBE_CALL_SID, CallSid, StreamSid
from twilio_rt_cli.records.inbox import Job
from twilio_rt_cli.records.listener import NOTE_S, STRANGERS, RecordListener
from twilio_rt_cli.records.notice_rows import notice_of
from twilio_rt_cli.records.reader import IN_PROGRESS, Record, RecordReader
from twilio_rt_cli.records.schema import NAME
from twilio_rt_cli.records.store import Store
from twilio_rt_cli.records.writer import Writer
from twilio_rt_cli.server.admission.notices import CallRefused, CallStarted, Draining, Refusal, StreamFailed


def the_one(folder: Path) -> Record:
    with RecordReader(folder) as found:
        (record,) = found.latest()
    return record


def told(folder: Path, number: int = 1) -> list[object]:
    with RecordReader(folder) as found:
        return [notice_of(one.kind, one.body) for one in found.events(number)]


def test_a_call_is_recorded_from_its_beginning_to_its_end(tmp_path: Path) -> None:
    with listening(tmp_path) as listener:
        tell(listener)
    record = the_one(tmp_path)
    assert (record.call_sid, record.stream_sid) == (sid(1), stream(1))
    assert (record.from_number, record.to_number) == (CALLER, OURS)
    assert (record.started_at, record.ended_at, record.duration_ms) == (BEGAN, BEGAN + 9, 9000.0)
    assert (record.reason, record.detail, record.state) == ("caller_hung_up", "stop", "caller_hung_up")
    assert (record.health, record.why, record.failed) == ("healthy", "", False)
    assert (record.turns, record.barge_ins, record.cost_usd, record.event_count) == (1, 1, 0.0123, len(STORY))
    assert Process(record.pid, record.process_started_at) == Process.current()
    assert json.loads(record.configuration) == CONFIGURATION


def test_its_counters_are_those_that_the_event_tells(tmp_path: Path) -> None:
    with listening(tmp_path) as listener:
        tell(listener)
    assert json.loads(the_one(tmp_path).statistics or "") == figures(statistics())


def test_a_cost_that_is_known_in_part_is_not_told_as_one_and_counts_in_the_sum(tmp_path: Path) -> None:
    counted = statistics()
    counted.cost_usd, counted.cost_at_least_usd = None, 0.5
    with listening(tmp_path) as listener:
        tell(listener, 1, end=CallOver(EndReason.CALLER_HUNG_UP, "", 9000.0, counted))
        tell(listener, 2)
    with RecordReader(tmp_path) as found:
        assert [(one.cost_usd, one.cost_at_least_usd) for one in found.latest()] == [(0.0123, None), (None, 0.5)]
        assert found.usage_since(BEGAN).total.cost_usd == 0.5123


def test_its_events_are_kept_with_time_and_order(tmp_path: Path) -> None:
    with listening(tmp_path) as listener:
        tell(listener)
    assert told(tmp_path) == [notice for _, notice in STORY]
    with RecordReader(tmp_path) as found:
        events = found.events(1)
    assert [one.sequence for one in events] == list(range(len(STORY)))
    assert [one.at for one in events] == [BEGAN + after_s for after_s, _ in STORY]
    assert [line.heard_estimate for line in transcript(STORY)].count("We are open from nine") == 1


@pytest.mark.parametrize(
    ("end", "health", "why"),
    [
        (over(EndReason.MODEL_GONE, "1006"), "failed", "model_gone"),
        (
            CallOver(EndReason.CALLER_HUNG_UP, "", 1.0, CallStatistics(tool_failures=2)),
            "degraded",
            "2 tool calls failed",
        ),
    ],
)
def test_the_verdict_is_that_of_everybody(tmp_path: Path, end: CallOver, health: str, why: str) -> None:
    with listening(tmp_path) as listener:
        tell(listener, end=end)
    record = the_one(tmp_path)
    assert (record.health, record.why, record.failed) == (health, why, health == "failed")


def test_a_call_that_goes_on_is_in_progress(tmp_path: Path) -> None:
    with listening(tmp_path) as listener:
        listener.on_call(BEGAN, begin(listener), KeyPressed("1"))
    record = the_one(tmp_path)
    assert (record.state, record.reason, record.event_count, record.failed) == (IN_PROGRESS, None, None, False)
    assert told(tmp_path) == [KeyPressed("1")]


class Clocks:
    """The time of day, which somebody may set, and the time that only goes on."""

    def __init__(self) -> None:
        self.now = BEGAN
        self.passed_s = 1000.0

    def go_on(self, seconds: float) -> None:
        self.now += seconds
        self.passed_s += seconds


def test_a_running_call_has_its_counters_noted_now_and_then_and_no_sooner(tmp_path: Path) -> None:
    clocks, call = Clocks(), Running(statistics())
    writer = Writer(tmp_path / NAME, pause_s=0.001)
    listener = RecordListener(writer, CONFIGURATION, clock=lambda: clocks.now, steady=lambda: clocks.passed_s)
    with writer.running(listener.notes):
        begin(listener, call=call)
        seen: list[tuple[float | None, int | None]] = []
        for seconds in (NOTE_S - 0.5, 0.5, NOTE_S - 0.5, 0.5):
            call.statistics.turns += 1
            clocks.go_on(seconds)
            settled(writer)
            seen.append((the_one(tmp_path).noted_at, the_one(tmp_path).turns))
        assert seen == [(None, None), (BEGAN + NOTE_S, 3), (BEGAN + NOTE_S, 3), (BEGAN + 2 * NOTE_S, 5)]
        record = the_one(tmp_path)
        assert (record.state, record.duration_ms) == (IN_PROGRESS, 2000 * NOTE_S)
        assert json.loads(record.statistics or "") == figures(call.statistics)
        listener.on_call(clocks.now, sid(1), over())
        clocks.go_on(100)
        settled(writer)
        assert (the_one(tmp_path).noted_at, the_one(tmp_path).turns) == (None, 1)
    assert writer.dropped == 0


@pytest.mark.parametrize("look_s", [0.5, 1.0, 1.5])
@pytest.mark.parametrize("count", [1, 4, 250])
def test_no_note_is_older_than_ten_seconds_and_a_crowd_is_not_noted_at_once(
    tmp_path: Path, count: int, look_s: float
) -> None:
    clocks = Clocks()
    writer = Writer(tmp_path / NAME, pause_s=0.001)
    listener = RecordListener(writer, CONFIGURATION, clock=lambda: clocks.now, steady=lambda: clocks.passed_s)
    with writer.running(no_notes):  # they are asked for here instead
        noted_at: dict[str, float] = {}
        for number in range(1, count + 1):
            noted_at[begin(listener, number, call=Running(statistics()))] = clocks.passed_s
        oldest_s, most = 0.0, 0
        for _ in range(int(60 / look_s)):
            clocks.go_on(look_s)
            jobs = listener.notes()
            oldest_s = max(oldest_s, clocks.passed_s - min(noted_at.values()))
            noted_at |= {job.call_sid: clocks.passed_s for job in jobs}
            most = max(most, len(jobs))
    assert NOTE_S <= oldest_s <= 10
    assert most <= 1 + count * 2 // 5


def test_a_note_that_cannot_be_written_is_no_loss_and_the_next_one_is(tmp_path: Path) -> None:
    clocks, folder = Clocks(), tmp_path / "records"
    folder.write_text("in the way")
    tried: list[Job] = []

    def notes() -> list[Job]:
        found = listener.notes()
        tried.extend(found)
        return found

    writer = Writer(folder / NAME, pause_s=0.001)
    listener = RecordListener(writer, CONFIGURATION, clock=lambda: clocks.now, steady=lambda: clocks.passed_s)
    with writer.running(notes):
        begin(listener, call=Running(statistics()))
        until(lambda: writer.dropped == 1)  # the beginning
        for count in (1, 2):
            clocks.go_on(NOTE_S)
            writer.put(Job("", lambda _: None, passing=True))  # wakes it
            until(partial(has, tried, count))
        folder.unlink()
        clocks.go_on(NOTE_S)
        settled(writer)
        assert writer.dropped == 1
    assert (the_one(folder).turns, the_one(folder).noted_at) == (1, BEGAN + 3 * NOTE_S)


def has(tried: list[Job], count: int) -> bool:
    return len(tried) >= count


@pytest.mark.parametrize("put_s", [86_400.0, -600.0])
def test_a_clock_that_is_put_shifts_no_line_of_a_record_and_makes_no_call_longer(tmp_path: Path, put_s: float) -> None:
    clocks = Clocks()
    writer = Writer(tmp_path / NAME, pause_s=0.001)
    listener = RecordListener(writer, CONFIGURATION, clock=lambda: clocks.now, steady=lambda: clocks.passed_s)
    with writer.running(listener.notes):
        begin(listener, call=Running(statistics()))
        clocks.go_on(2)
        listener.on_call(clocks.now, sid(1), KeyPressed("1"))
        clocks.now += put_s
        clocks.go_on(3)
        listener.on_call(clocks.now, sid(1), KeyPressed("2"))
        settled(writer)
    with RecordReader(tmp_path) as found:
        events = found.events(1)
    assert [(one.at, one.elapsed_ms) for one in events] == [(BEGAN + 2, 2000.0), (BEGAN + 5 + put_s, 5000.0)]
    assert [line.at_ms for line in spoken_lines(the_one(tmp_path), events)] == [2000.0, 5000.0]
    store = Store(tmp_path / NAME)
    with closing(sqlite3.connect(tmp_path / NAME)) as file, file:
        file.execute("UPDATE calls SET pid = ?", (2**22 + 1,))
    assert store.cut_off_the_dead() == 1
    store.close()
    assert the_one(tmp_path).duration_ms == 5000.0


def test_what_twilio_tells_of_the_stream_is_kept_with_the_call(tmp_path: Path) -> None:
    with listening(tmp_path) as listener:
        begin(listener)
        listener.on_server(BEGAN, StreamFailed(sid(1), stream(1), "31921 - closed"))
    assert told(tmp_path) == [CallTrouble("twilio", "stream_failed", "31921 - closed")]


def test_calls_that_nobody_began_and_probes_leave_nothing(tmp_path: Path) -> None:
    with listening(tmp_path) as listener:
        listener.on_call(BEGAN, sid(1), CallerTurn("Hello?"))
        listener.on_server(BEGAN, CallStarted(PROBE_CALL_SID, StreamSid("MZ1"), "", ""))
        listener.on_call(BEGAN, PROBE_CALL_SID, over(EndReason.PROBE))
        listener.on_server(BEGAN, Draining(0, 30))
    with RecordReader(tmp_path) as found:
        assert found.latest() == []


def test_what_is_told_after_the_end_is_not_kept(tmp_path: Path) -> None:
    with listening(tmp_path) as listener:
        tell(listener)
        listener.on_call(BEGAN + 10, sid(1), KeyPressed("1"))
    assert len(told(tmp_path)) == len(STORY)


@pytest.mark.parametrize("early", [True, False])
def test_a_recording_is_noted_whenever_it_is_told(tmp_path: Path, early: bool) -> None:
    path = tmp_path / "call.wav"
    with listening(tmp_path) as listener:
        if early:
            listener.recorded(sid(1), path)
        begin(listener)
        if not early:
            listener.recorded(sid(1), path)
    assert the_one(tmp_path).recording == str(path)


@pytest.mark.parametrize("reason", Refusal)
def test_who_was_turned_away_is_kept_but_no_stranger(tmp_path: Path, reason: Refusal) -> None:
    with listening(tmp_path) as listener:
        listener.on_server(BEGAN, CallRefused(reason, CallSid("CA1"), "why", CALLER))
    with RecordReader(tmp_path) as found:
        kept = [(one.at, one.call_sid, one.from_number, one.reason, one.detail) for one in found.refused()]
    assert kept == ([] if reason in STRANGERS else [(BEGAN, "CA1", CALLER, reason.value, "why")])


def test_calls_at_once_are_kept_apart(tmp_path: Path) -> None:
    with listening(tmp_path) as listener:
        for number in (1, 2):
            begin(listener, number, BEGAN + number)
        for digit in "12":
            for number in (1, 2):
                listener.on_call(BEGAN + 5, sid(number), KeyPressed(digit * number))
    assert told(tmp_path, 1) == [KeyPressed("1"), KeyPressed("2")]
    assert told(tmp_path, 2) == [KeyPressed("11"), KeyPressed("22")]

"""What is written of calls."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.records.world import BEGAN, CALLER, OURS, ended, noted, sid, stream
from twilio_rt_cli.machine.process import Process
from twilio_rt_cli.records.reader import IN_PROGRESS, Record, RecordReader
from twilio_rt_cli.records.schema import NAME
from twilio_rt_cli.records.store import CUT_OFF, Begun, Event, Refused, Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / NAME)
    yield store
    store.close()


@pytest.fixture(scope="module")
def dead() -> int:
    """A process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def begun(number: int = 1, at: float = BEGAN, pid: int | None = None) -> Begun:
    process = Process.current() if pid is None else Process(pid, "gone")
    return Begun(sid(number), stream(number), CALLER, OURS, at, process, '{"model":"m"}')


def event(sequence: int, at: float = BEGAN + 1, kind: str = "caller_turn") -> Event:
    return Event(sequence, at, kind, "{}")


def records(folder: Path) -> list[Record]:
    with RecordReader(folder) as found:
        return found.latest()


def events(folder: Path, number: int = 1) -> list[Event]:
    with RecordReader(folder) as found:
        return found.events(number)


def test_numbers_have_no_holes(store: Store, tmp_path: Path) -> None:
    for number in range(1, 4):
        store.begin(begun(number, BEGAN + number))
        store.begin(begun(number, BEGAN + number))
        store.end(begun(number, BEGAN + number), ended(BEGAN + 9))
    assert [(one.number, one.call_sid) for one in records(tmp_path)] == [(3, sid(3)), (2, sid(2)), (1, sid(1))]


def test_an_event_makes_the_record_when_the_beginning_was_lost(store: Store, tmp_path: Path) -> None:
    store.add(begun(), event(3))
    (one,) = records(tmp_path)
    assert (one.call_sid, one.from_number, one.configuration, one.state) == (
        sid(1),
        CALLER,
        '{"model":"m"}',
        IN_PROGRESS,
    )
    assert events(tmp_path) == [event(3)]


def test_an_end_makes_it_too(store: Store, tmp_path: Path) -> None:
    store.end(begun(), ended(BEGAN + 9))
    (one,) = records(tmp_path)
    assert (one.state, one.ended_at, one.duration_ms, one.failed) == ("caller_hung_up", BEGAN + 9, 9000.0, False)


def test_a_recording_is_noted(store: Store, tmp_path: Path) -> None:
    store.recorded(begun(), tmp_path / "call.wav")
    assert [one.recording for one in records(tmp_path)] == [str(tmp_path / "call.wav")]


def test_a_transaction_is_all_or_nothing(store: Store, tmp_path: Path) -> None:
    def fail() -> None:
        with store.transaction():
            store.begin(begun())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert records(tmp_path) == []
    with store.transaction():
        store.begin(begun())
    assert len(records(tmp_path)) == 1


def test_calls_of_a_dead_process_are_cut_off_and_those_of_a_living_one_are_not(
    store: Store, tmp_path: Path, dead: int
) -> None:
    store.begin(begun(1))
    for sequence, kind in enumerate(["caller_turn", "agent_turn", "barge_in", "caller_turn"]):
        store.add(begun(2, pid=dead), event(sequence, BEGAN + sequence, kind))
    store.begin(begun(3, pid=dead))
    assert {one.call_sid: one.state for one in records(tmp_path)} == {
        sid(1): IN_PROGRESS, sid(2): CUT_OFF, sid(3): CUT_OFF
    }  # fmt: skip
    assert store.cut_off_the_dead() == 2
    assert store.cut_off_the_dead() == 0
    found = {one.call_sid: one for one in records(tmp_path)}
    second, third = found[sid(2)], found[sid(3)]
    assert (second.reason, second.health, second.why, second.failed) == (CUT_OFF, "failed", CUT_OFF, True)
    assert (second.ended_at, second.duration_ms, second.turns, second.barge_ins) == (BEGAN + 3, 3000.0, 2, 1)
    assert (third.ended_at, third.duration_ms, third.turns) == (BEGAN, 0.0, 0)
    assert found[sid(1)].ended_at is None


def test_a_note_is_what_a_call_in_progress_has_so_far_and_the_last_one_counts(store: Store, tmp_path: Path) -> None:
    store.note(begun(), noted(BEGAN + 10, 10_000))  # also of one whose beginning was lost
    store.note(begun(), noted(BEGAN + 20, 20_000, turns=2))
    (one,) = records(tmp_path)
    assert (one.state, one.ended_at, one.failed) == (IN_PROGRESS, None, False)
    assert (one.noted_at, one.duration_ms, one.turns, one.cost_usd) == (BEGAN + 20, 20_000, 2, 0.01)
    assert one.statistics is not None
    store.end(begun(), ended(BEGAN + 25))
    store.note(begun(), noted(BEGAN + 30, 30_000))  # too late
    (one,) = records(tmp_path)
    assert (one.state, one.noted_at, one.duration_ms) == ("caller_hung_up", None, 9000.0)


@pytest.mark.parametrize("later_s", [5, 15])
def test_a_call_that_was_cut_off_has_the_figures_of_its_last_note_and_what_events_tell_since(
    store: Store, tmp_path: Path, dead: int, later_s: int
) -> None:
    store.note(begun(pid=dead), noted(BEGAN + 10, 10_000))
    for sequence, kind in enumerate(["caller_turn", "barge_in", "caller_turn"]):
        store.add(begun(pid=dead), event(sequence, BEGAN + later_s, kind))
    store.cut_off_the_dead()
    (one,) = records(tmp_path)
    lasted_s = max(10, later_s)
    assert (one.state, one.duration_ms, one.ended_at) == (CUT_OFF, lasted_s * 1000, BEGAN + lasted_s)
    assert (one.turns, one.barge_ins, one.noted_at) == (2, 1, BEGAN + 10)
    assert (one.cost_usd, one.v2v_p50_ms, one.health) == (0.01, 700.0, "failed")


def test_the_real_end_wins_over_a_cut(store: Store, tmp_path: Path, dead: int) -> None:
    store.begin(begun(pid=dead))
    store.cut_off_the_dead()
    store.end(begun(pid=dead), ended(BEGAN + 9))
    assert [one.state for one in records(tmp_path)] == ["caller_hung_up"]


def test_what_is_old_is_deleted_with_its_events_and_words(store: Store, tmp_path: Path) -> None:
    for number, at in ((1, 1000.0), (2, 2000.0), (3, 1000.0)):
        store.add(begun(number, at), Event(0, at, "caller_turn", f'{{"text":"secret of {number}"}}'))
    store.recorded(begun(1, 1000.0), tmp_path / "old.wav")
    store.recorded(begun(2, 2000.0), tmp_path / "new.wav")
    store.end(begun(1, 1000.0), ended(1009.0))
    store.end(begun(2, 2000.0), ended(2009.0))
    for at in (1000.0, 2000.0):
        store.refuse(Refused(at, sid(1), "", "busy", ""))
    with store.transaction():
        assert store.prune(1500.0) == [tmp_path / "old.wav"]
    store.give_back()
    assert {one.call_sid for one in records(tmp_path)} == {sid(2), sid(3)}  # the third is not over
    with RecordReader(tmp_path) as found:
        assert [one.at for one in found.refused()] == [2000.0]
        assert found.events(1) == []
    content = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"secret of 2" in content
    assert b"secret of 1" not in content


def test_what_calls_ran_with_is_stored_once(store: Store, tmp_path: Path) -> None:
    for number in range(3):
        store.begin(begun(number))
    with sqlite3.connect(tmp_path / NAME) as connection:
        assert connection.execute("SELECT count(*) FROM configurations").fetchone() == (1,)
    connection.close()

"""The thread that writes: in batches, never in anybody's way, and back to work by itself."""

import json
import logging
import resource
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.records.test_store import begun, event
from tests.records.world import BEGAN, Running, begin, ended, no_notes, settled, sid, statistics, until
from twilio_rt_cli.call.figures.statistics import figures
from twilio_rt_cli.records.inbox import Job
from twilio_rt_cli.records.listener import RecordListener
from twilio_rt_cli.records.reader import Record, RecordReader
from twilio_rt_cli.records.schema import NAME, VERSION, open_for_writing
from twilio_rt_cli.records.store import CUT_OFF, Store
from twilio_rt_cli.records.writer import Writer
from twilio_rt_cli.records.writer_thread import DAY_S

LOGGER = "twilio_rt.records"


def records(folder: Path) -> list[Record]:
    with RecordReader(folder) as found:
        return found.latest()


def adding(number: int) -> Job:
    return Job(sid(number), lambda store: store.add(begun(number), event(0)))


def ending(number: int, at: float) -> Job:
    return Job(sid(number), lambda store: store.end(begun(number, at), ended(at + 9)))


def warnings(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    return [(getattr(one, "call", ""), one.getMessage()) for one in caplog.records if one.name == LOGGER]


def _dropped(writer: Writer, count: int) -> bool:
    return writer.dropped >= count


def test_what_is_put_is_written_and_the_rest_when_it_closes(tmp_path: Path) -> None:
    with Writer(tmp_path / NAME, pause_s=0.01).running(no_notes) as writer:
        writer.put(adding(1))
        settled(writer)
        assert [one.call_sid for one in records(tmp_path)] == [sid(1)]
        for number in range(2, 200):
            writer.put(adding(number))
    assert len(records(tmp_path)) == 199
    assert writer.dropped == 0


def test_a_writer_that_nobody_tells_anything_makes_its_file_and_leaves(tmp_path: Path) -> None:
    with Writer(tmp_path / NAME).running(no_notes) as writer:
        pass
    assert (records(tmp_path), writer.dropped) == ([], 0)


def test_calls_are_looked_at_every_second_though_nobody_tells_anything(tmp_path: Path) -> None:
    asked_at: list[float] = []

    def notes() -> list[Job]:
        asked_at.append(time.monotonic())
        return []

    began_at = time.monotonic()
    with Writer(tmp_path / NAME).running(notes):
        until(lambda: bool(asked_at))
    assert asked_at[0] - began_at < 10  # one second; the rest is for a machine that is busy


def test_a_batch_is_one_transaction(tmp_path: Path) -> None:
    """Who reads never sees half of what was put together."""
    writer = Writer(tmp_path / NAME, pause_s=0.01)
    seen: list[int] = []
    writer.put(adding(1))
    writer.put(Job("", lambda _: seen.append(len(records(tmp_path)))))
    writer.put(adding(2))
    writer.start(no_notes)
    writer.close()
    assert seen == [0]
    assert len(records(tmp_path)) == 2


def test_putting_never_waits_for_the_disk_and_too_much_is_dropped(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    disk, stuck = threading.Event(), threading.Event()

    def hang(_: Store) -> None:
        stuck.set()
        assert disk.wait(30)

    with Writer(tmp_path / NAME, most=10, pause_s=0.001).running(no_notes) as writer:
        writer.put(Job("", hang))
        assert stuck.wait(30)
        for number in range(15):
            writer.put(adding(number % 13))
        assert writer.dropped == 5
        assert warnings(caplog) == [
            (sid(number), "call records cannot be written: too much waits for the disk")
            for number in (10, 11, 12, 0, 1)
        ]
        disk.set()
        until(lambda: len(records(tmp_path)) == 10)
        until(lambda: len(warnings(caplog)) > 5)
        assert warnings(caplog)[5:] == [("", "call records are kept again; 5 entries were lost")]
    assert len(records(tmp_path)) == 10


def test_a_disk_that_hangs_does_not_keep_a_server_from_stopping(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    disk, stuck = threading.Event(), threading.Event()

    def hang(_: Store) -> None:
        stuck.set()
        assert disk.wait(30)

    writer = Writer(tmp_path / NAME, pause_s=0.001)
    writer.start(no_notes)
    writer.put(Job("", hang))
    assert stuck.wait(30)
    writer.put(adding(1))
    writer.close(timeout_s=0.01)
    assert "the disk did not take what was waiting" in warnings(caplog)[0][1]
    writer.put(adding(2))
    assert writer.dropped == 1
    disk.set()
    writer.close(timeout_s=30)
    assert [one.call_sid for one in records(tmp_path)] == [sid(1)]


def test_a_folder_that_cannot_be_costs_one_warning_a_call_and_recovers(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "records"
    folder.write_text("in the way")
    with Writer(folder / NAME, pause_s=0.001).running(no_notes) as writer:
        for count, number in enumerate((1, 1, 2), 1):
            writer.put(adding(number))
            until(partial(_dropped, writer, count))
        told = [call for call, message in warnings(caplog) if "cannot be written: " in message and call]
        assert told == [sid(1), sid(2)]
        folder.unlink()
        writer.put(adding(3))
        settled(writer)
    assert [one.call_sid for one in records(folder)] == [sid(3)]
    again = [message for _, message in warnings(caplog) if "again" in message]
    assert again == [f"call records are kept again; {writer.dropped} entries were lost"]


def test_a_damaged_file_is_set_aside_and_nothing_is_lost(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / NAME
    path.write_bytes(b"poems " * 1000)
    with Writer(path, pause_s=0.001).running(no_notes) as writer:
        writer.put(adding(1))
    assert (len(records(tmp_path)), writer.dropped) == (1, 0)
    ((_, message),) = warnings(caplog)
    (aside,) = tmp_path.glob(f"{NAME}.damaged-*")
    assert message == f"the call records in {path} are damaged; they are now {aside.name}"
    assert aside.read_bytes().startswith(b"poems ")


def test_damage_in_mid_run_is_survived(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / NAME
    with Writer(path, pause_s=0.001).running(no_notes) as writer:
        for number in range(300):
            writer.put(adding(number))
        settled(writer)
        with sqlite3.connect(path) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        with path.open("r+b") as file:  # all pages but the first
            file.seek(4096)
            file.write(b"\xa5" * (path.stat().st_size - 4096))
        writer.put(adding(500))
        settled(writer)
        writer.put(adding(501))
        settled(writer)
    assert {sid(500), sid(501)} <= {one.call_sid for one in records(tmp_path)}
    assert [message for _, message in warnings(caplog) if "are damaged" in message] != []


def test_a_file_that_was_deleted_is_begun_anew(tmp_path: Path) -> None:
    with Writer(tmp_path / NAME, pause_s=0.001).running(no_notes) as writer:
        writer.put(adding(1))
        settled(writer)
        for file in tmp_path.iterdir():
            file.unlink()
        writer.put(adding(2))
    assert [one.call_sid for one in records(tmp_path)] == [sid(2)]
    assert writer.dropped == 0


def test_a_newer_file_is_left_alone_and_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    connection = open_for_writing(tmp_path / NAME)
    connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    connection.close()
    before = (tmp_path / NAME).read_bytes()
    with Writer(tmp_path / NAME, pause_s=0.001).running(no_notes) as writer:
        writer.put(adding(1))
    assert writer.dropped == 1
    assert f"this version of twilio-rt knows {VERSION}." in warnings(caplog)[0][1]
    assert (tmp_path / NAME).read_bytes() == before


def test_a_row_that_cannot_be_written_costs_no_other_row(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def fails(store: Store) -> None:
        store.begin(begun(7))
        raise KeyError("dream")

    def is_no_text(store: Store) -> None:
        store.refuse("\ud800")  # type: ignore[arg-type]

    bad: list[Callable[[Store], None]] = [fails, is_no_text]
    with Writer(tmp_path / NAME, pause_s=0.001).running(no_notes) as writer:
        writer.put(adding(1))
        for write in bad:
            writer.put(Job(sid(9), write))
        writer.put(Job(sid(9), fails, passing=True))
        writer.put(adding(2))
    assert writer.dropped == 2
    assert {sid(1), sid(2)} <= {one.call_sid for one in records(tmp_path)}
    assert warnings(caplog)[:3] == [(sid(9), "a call record cannot take this")] * 3
    assert all(one.exc_info for one in caplog.records if one.levelno == logging.ERROR)


def test_another_writer_is_waited_for(tmp_path: Path) -> None:
    other = Store(tmp_path / NAME)
    with Writer(tmp_path / NAME, pause_s=0.001).running(no_notes) as writer:
        with other.transaction():
            other.begin(begun(1))
            writer.put(adding(2))
        settled(writer)
    other.close()
    assert writer.dropped == 0
    assert len(records(tmp_path)) == 2


def test_what_is_old_is_deleted_at_the_start_and_once_a_day(tmp_path: Path) -> None:
    now = [BEGAN]
    folder = tmp_path / "records"
    ours, others = folder / "old.wav", folder / ".." / "mine.wav"
    old = BEGAN - 31 * DAY_S
    store = Store(folder / NAME)
    for number, recording in ((1, ours), (2, others)):
        store.recorded(begun(number, old), recording)
        store.end(begun(number, old), ended(old))
        recording.touch()
    store.end(begun(3, old + 1.5 * DAY_S), ended(old + 1.5 * DAY_S))
    store.close()
    with Writer(folder / NAME, days=30, pause_s=0.001, clock=lambda: now[0]).running(no_notes) as writer:
        settled(writer)
        assert [one.call_sid for one in records(folder)] == [sid(3)]
        assert (ours.exists(), others.exists()) == (False, True)  # nothing outside our folder is deleted
        now[0] += 0.9 * DAY_S
        settled(writer)
        assert len(records(folder)) == 1
        now[0] += 0.2 * DAY_S
        settled(writer)
        settled(writer)
        assert records(folder) == []


@pytest.mark.parametrize("name", ["loop/a.wav", "nul\0.wav", "x" * 5000])
def test_a_recording_that_no_path_leads_to_does_not_end_the_writing(tmp_path: Path, name: str) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    old = BEGAN - 31 * DAY_S
    store = Store(tmp_path / NAME)
    store.recorded(begun(1, old), tmp_path / name)
    store.end(begun(1, old), ended(old))
    store.close()
    with Writer(tmp_path / NAME, days=30, pause_s=0.001, clock=lambda: BEGAN).running(no_notes) as writer:
        writer.put(adding(2))
    assert ([one.call_sid for one in records(tmp_path)], writer.dropped) == ([sid(2)], 0)


def test_with_no_days_everything_stays(tmp_path: Path) -> None:
    with Writer(tmp_path / NAME, days=0, pause_s=0.001).running(no_notes) as writer:
        writer.put(ending(1, 0.0))
        settled(writer)
    with Writer(tmp_path / NAME, days=0).running(no_notes):
        pass
    assert len(records(tmp_path)) == 1


def script(name: str, *arguments: str) -> "subprocess.Popen[str]":
    code = f"from tests.records.test_writer import {name}; {name}({', '.join(map(repr, arguments))})"
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)


def write_many(folder: str, first: str) -> None:
    """In a process of its own: a hundred calls."""
    with Writer(Path(folder) / NAME, pause_s=0.001).running(no_notes) as writer:
        for number in range(int(first), int(first) + 100):
            writer.put(adding(number))
            writer.put(ending(number, BEGAN))
            if number % 20 == 0:
                settled(writer)
    sys.stdout.write(f"{writer.dropped}\n")


def test_several_servers_share_a_file(tmp_path: Path) -> None:
    processes = [script("write_many", str(tmp_path), str(first)) for first in (1000, 2000)]
    assert [one.communicate(timeout=60)[0] for one in processes] == ["0\n"] * 2
    found = records(tmp_path)
    assert len({one.call_sid for one in found}) == len(found) == 200
    assert {one.state for one in found} == {"caller_hung_up"}


def begin_and_wait(folder: str) -> None:
    """In a process of its own: a call that never ends."""
    writer = Writer(Path(folder) / NAME, pause_s=0.001)
    writer.start(no_notes)
    writer.put(adding(1))
    settled(writer)
    sys.stdout.write("written\n")
    sys.stdout.flush()
    signal.pause()


def test_a_killed_server_leaves_calls_that_were_cut_off(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    process = script("begin_and_wait", str(tmp_path))
    assert process.stdout is not None
    assert process.stdout.readline() == "written\n"
    assert [one.state for one in records(tmp_path)] == ["in_progress"]
    process.kill()
    process.communicate()
    assert [(one.state, one.ended_at) for one in records(tmp_path)] == [(CUT_OFF, None)]
    with Writer(tmp_path / NAME).running(no_notes):
        pass
    (one,) = records(tmp_path)
    assert (one.state, one.ended_at, one.turns) == (CUT_OFF, BEGAN + 1, 1)
    assert warnings(caplog) == [("", "calls that were cut off when their server died: 1")]


def talk_and_wait(folder: str) -> None:
    """In a process of its own: a call that has counted something, and never ends."""
    writer = Writer(Path(folder) / NAME, pause_s=0.001)
    listener = RecordListener(writer, {}, note_s=0.01)
    with writer.running(listener.notes):
        begin(listener, at=time.time(), call=Running(statistics()))
        until(lambda: [one.turns for one in records(Path(folder))] == [1])
        sys.stdout.write("noted\n")
        sys.stdout.flush()
        signal.pause()


def test_a_killed_server_leaves_the_counters_of_its_calls_as_they_were_noted(tmp_path: Path) -> None:
    process = script("talk_and_wait", str(tmp_path))
    assert process.stdout is not None
    assert process.stdout.readline() == "noted\n"
    process.kill()
    process.communicate()
    (before,) = records(tmp_path)
    with RecordReader(tmp_path) as found:
        used = found.usage_since(0.0).total
    assert (used.calls, used.cost_usd) == (1, 0.0123)
    assert used.seconds > 0
    with Writer(tmp_path / NAME).running(no_notes):
        pass
    (one,) = records(tmp_path)
    assert (one.state, one.duration_ms, one.statistics) == (CUT_OFF, before.duration_ms, before.statistics)
    assert json.loads(one.statistics or "") == figures(statistics())
    assert one.noted_at == one.ended_at == before.noted_at


def fill_the_disk(folder: str) -> None:
    """In a process of its own: no file may grow beyond 1 MB, and then it may again."""
    told: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: told.append(f"{getattr(record, 'call', '')[:4]} {record.getMessage()}")  # type: ignore[method-assign]
    logging.getLogger(LOGGER).addHandler(handler)
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, most))
    with Writer(Path(folder) / NAME, pause_s=0.001).running(no_notes) as writer:
        number = 0
        while not writer.dropped:
            number += 1
            writer.put(adding(number))
            settled(writer)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, most))  # what a closing file moves about has found no room
        lost = writer.dropped
        writer.put(adding(number))
        until(lambda: writer.dropped > lost)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        writer.put(adding(number + 1))
        settled(writer)
    sys.stdout.write("\n".join([str(number), str(writer.dropped), *told]))


def test_a_full_disk_costs_records_and_nothing_else(tmp_path: Path) -> None:
    out, _ = script("fill_the_disk", str(tmp_path)).communicate(timeout=60)
    number, dropped, *told = out.splitlines()
    kept = [one.call_sid for one in records(tmp_path)]
    assert int(number) > 10
    assert int(dropped) >= 2
    assert len(kept) >= int(number) - 2
    assert sid(int(number) + 1) in kept
    assert any(line.startswith(f"{sid(int(number))[:4]} call records cannot be written: ") for line in told[:2])
    assert told[-1].startswith(" call records are kept again; ")

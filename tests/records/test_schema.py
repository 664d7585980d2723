"""The file of call records: for this user alone, of our format, and only read by who reads."""

import os
import sqlite3
import stat
import tempfile
from pathlib import Path

import pytest

from tests.records.world import fill
from twilio_rt_cli.errors import ServerError
from twilio_rt_cli.records.reader import RecordedUsage, RecordReader
from twilio_rt_cli.records.schema import (
    _FIRST,
    NAME,
    VERSION,
    is_busy,
    is_corrupt,
    open_for_reading,
    open_for_writing,
    records_folder,
    set_aside,
    version_of,
)
from twilio_rt_cli.records.store import Event


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "records" / NAME


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_file_and_its_folder_are_for_this_user_alone(path: Path) -> None:
    connection = open_for_writing(path)
    connection.execute("INSERT INTO configurations (body) VALUES ('{}')")
    files = {one.name: mode(one) for one in path.parent.iterdir()}
    connection.close()
    assert mode(path.parent) == 0o700
    assert files == {NAME: 0o600, f"{NAME}-wal": 0o600, f"{NAME}-shm": 0o600}


def test_a_file_that_others_could_read_is_closed_to_them(path: Path) -> None:
    open_for_writing(path).close()
    path.chmod(0o644)
    open_for_writing(path).close()
    assert mode(path) == 0o600


def test_the_folder_is_the_chosen_one_or_in_the_state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert records_folder(None).name == "records"
    assert records_folder(Path("~/calls")) == tmp_path / "home" / "calls"
    assert list(tmp_path.iterdir()) == []


def test_a_new_file_has_our_format_and_is_opened_again_as_it_is(path: Path) -> None:
    for _ in range(2):
        connection = open_for_writing(path)
        assert version_of(connection) == VERSION
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        connection.close()


def test_a_newer_file_is_refused_in_a_sentence_and_left_alone(path: Path) -> None:
    open_for_writing(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    connection.close()
    before = path.read_bytes()
    for opened in (open_for_writing, open_for_reading):
        with pytest.raises(ServerError, match=rf"format {VERSION + 1}; this version of twilio-rt knows {VERSION}\."):
            opened(path)
    assert path.read_bytes() == before


def first_format(path: Path) -> None:
    """A file as the first version left it, with a call in it."""
    path.parent.mkdir(parents=True)
    with sqlite3.connect(path) as connection:
        connection.executescript(_FIRST)
        connection.execute("INSERT INTO configurations (body) VALUES ('{}')")
        connection.execute(
            "INSERT INTO calls (call_sid, stream_sid, from_number, to_number, started_at, pid, process_started_at,"
            " configuration, ended_at, duration_ms, reason, cost_usd)"
            " VALUES ('CA1', 'MZ1', '+1', '+2', 1000.0, 1, '1', 1, 1009.0, 9000.0, 'caller_hung_up', 0.5)"
        )
        connection.execute("INSERT INTO events VALUES (1, 0, 1004.0, 'keys', '{}')")
        connection.execute("PRAGMA user_version = 1")
    connection.close()


def test_an_older_file_is_read_as_it_is_and_brought_up_to_date_by_a_server(path: Path) -> None:
    first_format(path)

    def read() -> list[object]:
        with RecordReader(path.parent) as records:
            (one,) = records.latest()
            told = [one.call_sid, one.duration_ms, one.cost_usd, one.cost_at_least_usd, one.noted_at]
            return [*told, records.events(1), records.usage_since(0.0).total]

    event = Event(0, 1004.0, "keys", "{}", None)
    known: list[object] = ["CA1", 9000.0, 0.5, None, None, [event], RecordedUsage(1, 9.0, 0.5)]
    assert read() == known
    connection = open_for_writing(path)
    assert version_of(connection) == VERSION
    connection.close()
    assert read() == known


def test_half_a_format_is_never_left_behind(path: Path) -> None:
    path.parent.mkdir(parents=True)
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE refused (stranger)")  # the last of our tables is in the way
    connection.close()
    with pytest.raises(sqlite3.OperationalError):
        open_for_writing(path)
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("refused",)]
    connection.close()


def test_reading_makes_nothing(path: Path) -> None:
    assert open_for_reading(path) is None
    assert not path.parent.exists()
    path.parent.mkdir(parents=True)
    path.touch()
    assert open_for_reading(path) is None
    assert path.read_bytes() == b""


def test_who_reads_cannot_write(path: Path) -> None:
    open_for_writing(path).close()
    connection = open_for_reading(path)
    assert connection is not None
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        connection.execute("DELETE FROM calls")
    connection.close()


def test_damage_is_told_from_other_trouble(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(b"no records, but poems\n" * 100)
    with pytest.raises(sqlite3.DatabaseError) as caught:
        open_for_writing(path)
    assert is_corrupt(caught.value)
    assert not is_busy(caught.value)
    assert not is_corrupt(OSError())


def test_a_damaged_file_keeps_its_content_under_another_name(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(b"poems")
    path.with_name(f"{NAME}-wal").write_bytes(b"more poems")
    aside = set_aside(path)
    assert (aside.read_bytes(), aside.with_name(f"{aside.name}-wal").read_bytes()) == (b"poems", b"more poems")
    assert not path.exists()


@pytest.mark.skipif(os.getuid() != 0, reason="needs another user, whom files can be withheld from")
def test_who_may_read_but_not_write_can_read() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fill(folder, 1, 1000.0)
        (folder / NAME).chmod(0o644)
        folder.chmod(0o755)
        os.seteuid(65534)
        try:
            connection = open_for_reading(folder / NAME)
        finally:
            os.seteuid(0)
        assert connection is not None
        assert connection.execute("SELECT count(*) FROM calls").fetchone() == (1,)
        connection.close()
        assert [one.name for one in folder.iterdir()] == [NAME]

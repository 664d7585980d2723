"""Reading records: the newest first, by whatever name a person gives, and what callers used."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.records.world import BEGAN, CALLER, begin, fill, listening, over, sid, tell
from twilio_rt_cli.call.figures.end_reason import EndReason
from twilio_rt_cli.errors import ServerError
from twilio_rt_cli.protocol.twilio import CallSid, StreamSid
from twilio_rt_cli.records.reader import RecordedUsage, RecordReader, UsageSince
from twilio_rt_cli.records.schema import NAME
from twilio_rt_cli.server.admission.notices import CallRefused, CallStarted, Refusal


def test_no_file_is_no_records(tmp_path: Path) -> None:
    with RecordReader(tmp_path / "nowhere") as records:
        assert (records.latest(), records.numbers(), records.refused(), records.named("1")) == ([], [], [], [])
        assert records.record(1) is None
        assert records.usage_since(0.0) == UsageSince(RecordedUsage(), {})
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_damaged_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"poems " * 1000)
    with pytest.raises(ServerError, match=r"cannot be read: file is not a database\.") as caught:
        RecordReader(tmp_path)
    assert "sets a damaged file aside" in caught.value.hint


def test_damage_that_shows_when_it_is_opened_leaves_no_file_open(tmp_path: Path) -> None:
    fill(tmp_path, 1, BEGAN)
    with closing(sqlite3.connect(tmp_path / NAME)) as file:
        file.execute("PRAGMA writable_schema = ON")
        file.execute("UPDATE sqlite_schema SET sql = 'CREATE poems' WHERE name = 'calls'")
        file.commit()
    with pytest.raises(ServerError, match="cannot be read: malformed"):
        RecordReader(tmp_path)
    assert not any(_is_open_as(descriptor, tmp_path / NAME) for descriptor in range(256))


def _is_open_as(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except OSError:
        return False


def test_damage_within_is_told_too(tmp_path: Path) -> None:
    fill(tmp_path, 500, BEGAN)
    path = tmp_path / NAME
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * (path.stat().st_size - 4096))
    with pytest.raises(ServerError, match="cannot be read"), RecordReader(tmp_path) as records:
        records.latest()


def test_the_newest_come_first_and_no_more_than_were_asked_for(tmp_path: Path) -> None:
    fill(tmp_path, 5, BEGAN)
    with RecordReader(tmp_path) as records:
        assert [one.number for one in records.latest()] == [5, 4, 3, 2, 1]
        assert [one.number for one in records.latest(limit=2)] == [5, 4]
        assert [one.number for one in records.latest(since=BEGAN - 120)] == [5, 4]
        assert records.numbers() == [1, 2, 3, 4, 5]
        assert records.numbers(since=BEGAN - 60) == [5]


def test_failed_calls_on_request(tmp_path: Path) -> None:
    with listening(tmp_path) as listener:
        for number, reason in enumerate([EndReason.CALLER_HUNG_UP, EndReason.MODEL_GONE, EndReason.STREAM_LOST], 1):
            tell(listener, number, BEGAN + number, end=over(reason))
        begin(listener, 4, BEGAN + 4)
    with RecordReader(tmp_path) as records:
        assert [one.reason for one in records.latest(failed=True)] == ["stream_lost", "model_gone"]
        assert [one.reason for one in records.latest(failed=True, limit=1)] == ["stream_lost"]


def test_a_call_is_named_by_sid_ending_or_number(tmp_path: Path) -> None:
    with listening(tmp_path) as listener:
        for number, ending in ((1, "0000abcd"), (2, "1111abcd"), (3, "000000002")):
            call_sid = CallSid("CA" + "f" * (32 - len(ending)) + ending)
            listener.on_server(BEGAN + number, begun(call_sid, number))
    with RecordReader(tmp_path) as records:

        def named(name: str) -> list[int]:
            return [one.number for one in records.named(name)]

        assert named("CA" + "f" * 24 + "0000abcd") == [1]
        assert named("0ABCD") == [1]
        assert named("abcd") == [1, 2]
        assert named("bcd") == []
        assert named("2") == [2]
        assert named("0002") == [3, 2]
        assert named("9") == []
        assert named("%bcd") == []
        assert named("9" * 40) == []
        assert named("²") == []


def begun(call_sid: CallSid, number: int) -> CallStarted:
    return CallStarted(call_sid, StreamSid(f"MZ{number}"), CALLER, "")


def test_who_was_turned_away_newest_first(tmp_path: Path) -> None:
    with listening(tmp_path) as listener:
        for number in range(3):
            listener.on_server(BEGAN + number, CallRefused(Refusal.BUSY, sid(number)))
    with RecordReader(tmp_path) as records:
        assert [one.call_sid for one in records.refused(limit=2)] == [sid(2), sid(1)]
        assert [one.call_sid for one in records.refused(since=BEGAN + 2)] == [sid(2)]


def test_what_callers_used_since_a_moment(tmp_path: Path) -> None:
    with listening(tmp_path) as listener:
        tell(listener, 1, BEGAN - 1, caller="+1")
        tell(listener, 2, BEGAN, caller="+1")
        tell(listener, 3, BEGAN + 1, caller="+2")
        tell(listener, 4, BEGAN + 2, caller="+2")
        begin(listener, 5, BEGAN + 3, "+2")  # its length and its cost are not known yet
    with RecordReader(tmp_path) as records:
        used = records.usage_since(BEGAN)
    assert used.by_caller == {"+1": RecordedUsage(1, 9.0, 0.0123), "+2": RecordedUsage(3, 18.0, 0.0246)}
    assert used.total == RecordedUsage(4, 27.0, pytest.approx(0.0369))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "ask",
    [
        lambda records: records.latest(limit=50),
        lambda records: records.usage_since(BEGAN),
        lambda records: records.named(sid(1)),
        lambda records: records.refused(limit=50),
    ],
)
def test_common_questions_look_at_an_index_and_not_at_every_record(tmp_path: Path, ask: object) -> None:
    fill(tmp_path, 1, BEGAN)
    asked: list[str] = []
    with RecordReader(tmp_path) as records:
        assert records._connection is not None
        records._connection.set_trace_callback(asked.append)
        ask(records)  # type: ignore[operator]
        records._connection.set_trace_callback(None)
        plans = [step[3] for one in asked for step in records._connection.execute(f"EXPLAIN QUERY PLAN {one}")]
    assert plans
    assert [plan for plan in plans if "USING" not in plan and "TEMP B-TREE" not in plan] == []


def test_reading_goes_on_beside_a_writer_and_waits_for_none(tmp_path: Path) -> None:
    fill(tmp_path, 1, BEGAN)
    writer = sqlite3.connect(tmp_path / NAME, isolation_level=None)
    writer.execute("BEGIN EXCLUSIVE")
    writer.execute("DELETE FROM calls")
    with RecordReader(tmp_path) as records:
        assert len(records.latest()) == 1
        writer.execute("COMMIT")  # nor does a reader keep a writer waiting
        assert records.latest() == []
    writer.close()

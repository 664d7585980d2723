"""What is written to the file of call records. Blocking: it belongs to the writer's thread.

A call is known by its stream and the time it began, not by its number in the file: so an event finds its call, and
makes the record if it is not there, whatever was lost before.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from msgspec import Struct

from twilio_rt_cli.machine.process import Process
from twilio_rt_cli.records.schema import open_for_writing

CUT_OFF = "cut_off"
"""how a call ended whose process died"""
_CUT_OFF_THOSE_OF = """
UPDATE calls SET reason = :cut_off, detail = '', health = 'failed', why = :cut_off,
    turns = max(coalesce(turns, 0), (SELECT count(*) FROM events WHERE call = id AND kind = 'caller_turn')),
    barge_ins = max(coalesce(barge_ins, 0), (SELECT count(*) FROM events WHERE call = id AND kind = 'barge_in')),
    ended_at = max(coalesce(noted_at, started_at), coalesce((SELECT max(at) FROM events WHERE call = id), started_at)),
    duration_ms = max(
        coalesce(duration_ms, 0),
        coalesce((SELECT max(coalesce(elapsed_ms, 1000 * (at - started_at))) FROM events WHERE call = id), 0)
    )
WHERE ended_at IS NULL AND pid = :pid AND process_started_at = :started_at
"""
_MOST_FREE_PAGES = 2000  # given back at once: 8 MB, so that no commit takes long


class Begun(Struct, frozen=True):
    """A call that began, and the process that serves it."""

    call_sid: str
    stream_sid: str
    from_number: str
    to_number: str
    started_at: float
    process: Process
    configuration: str
    """JSON"""


class Event(Struct, frozen=True):
    """An event of a call."""

    sequence: int
    at: float
    kind: str
    body: str
    """JSON"""
    elapsed_ms: float | None = None
    """since the call began, whatever the time of day was set to meanwhile; older versions did not tell"""


class Noted(Struct, frozen=True, kw_only=True):
    """How a call is while it goes on."""

    noted_at: float
    duration_ms: float
    """so far"""
    turns: int
    barge_ins: int
    v2v_p50_ms: float | None
    cost_usd: float | None
    cost_at_least_usd: float | None = None
    statistics: str
    """JSON"""


class Ended(Struct, frozen=True, kw_only=True):
    """How a call was, once it is over."""

    ended_at: float
    duration_ms: float
    reason: str
    detail: str
    health: str
    why: str
    turns: int
    barge_ins: int
    v2v_p50_ms: float | None
    cost_usd: float | None
    cost_at_least_usd: float | None = None
    event_count: int
    """events there were; fewer in the file were lost"""
    statistics: str
    """JSON"""


class Refused(Struct, frozen=True):
    """A call that was turned away."""

    at: float
    call_sid: str
    from_number: str
    reason: str
    detail: str


class Store:
    """The open file. Each method raises sqlite3.Error when it cannot be written."""

    def __init__(self, path: Path) -> None:
        """Raises OSError, sqlite3.Error or ServerError, as `open_for_writing` does."""
        self._connection = open_for_writing(path)

    def close(self) -> None:
        """Close it; what is not committed is lost."""
        with suppress(sqlite3.Error):
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is written inside, or nothing."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            raise

    def begin(self, call: Begun) -> None:
        """A call began. Told again, it changes nothing."""
        write = self._connection.execute
        write(
            "INSERT INTO configurations (body) SELECT :body WHERE NOT EXISTS"
            " (SELECT 1 FROM configurations WHERE body = :body)",
            {"body": call.configuration},
        )
        write(
            "INSERT INTO calls (call_sid, stream_sid, from_number, to_number, started_at, pid, process_started_at,"
            " configuration) SELECT :call_sid, :stream_sid, :from, :to, :started_at, :pid, :process_started_at, id"
            " FROM configurations WHERE body = :body"
            " AND NOT EXISTS (SELECT 1 FROM calls WHERE stream_sid = :stream_sid AND started_at = :started_at)",
            {  # by name: of numbered ones Python 3.12.1 says that they are going to be refused
                "call_sid": call.call_sid,
                "stream_sid": call.stream_sid,
                "from": call.from_number,
                "to": call.to_number,
                "started_at": call.started_at,
                "pid": call.process.pid,
                "process_started_at": call.process.started_at,
                "body": call.configuration,
            },
        )

    def add(self, call: Begun, event: Event) -> None:
        """Something happened in a call."""
        done = self._add(call, event)
        if not done:  # what should have made the record was lost
            self.begin(call)
            self._add(call, event)

    def _add(self, call: Begun, event: Event) -> bool:
        cursor = self._connection.execute(
            "INSERT OR IGNORE INTO events (call, sequence, at, kind, body, elapsed_ms)"
            " SELECT id, ?, ?, ?, ?, ? FROM calls WHERE stream_sid = ? AND started_at = ?",
            (event.sequence, event.at, event.kind, event.body, event.elapsed_ms, call.stream_sid, call.started_at),
        )
        return cursor.rowcount > 0

    def note(self, call: Begun, noted: Noted) -> None:
        """A call goes on, and this is what it has counted so far: should it be cut off, that is its record."""
        done = self._note(call, noted)
        if not done:
            self.begin(call)
            self._note(call, noted)

    def _note(self, call: Begun, noted: Noted) -> bool:
        cursor = self._connection.execute(
            "UPDATE calls SET noted_at = ?, duration_ms = ?, turns = ?, barge_ins = ?, v2v_p50_ms = ?, cost_usd = ?,"
            " cost_at_least_usd = ?, statistics = ? WHERE stream_sid = ? AND started_at = ? AND ended_at IS NULL",
            (
                *(noted.noted_at, noted.duration_ms, noted.turns, noted.barge_ins, noted.v2v_p50_ms),
                *(noted.cost_usd, noted.cost_at_least_usd, noted.statistics, call.stream_sid, call.started_at),
            ),
        )
        return cursor.rowcount > 0

    def end(self, call: Begun, ended: Ended) -> None:
        """A call is over; this holds, though somebody took it for cut off before."""
        self.begin(call)
        self._connection.execute(
            "UPDATE calls SET ended_at = ?, duration_ms = ?, reason = ?, detail = ?, health = ?, why = ?, turns = ?,"
            " barge_ins = ?, v2v_p50_ms = ?, cost_usd = ?, cost_at_least_usd = ?, told = ?, statistics = ?,"
            " noted_at = NULL WHERE stream_sid = ? AND started_at = ?",
            (
                *(ended.ended_at, ended.duration_ms, ended.reason, ended.detail, ended.health, ended.why),
                *(ended.turns, ended.barge_ins, ended.v2v_p50_ms, ended.cost_usd, ended.cost_at_least_usd),
                *(ended.event_count, ended.statistics),
                *(call.stream_sid, call.started_at),
            ),
        )

    def recorded(self, call: Begun, recording: Path) -> None:
        """A call's audio is in this file."""
        self.begin(call)
        self._connection.execute(
            "UPDATE calls SET recording = ? WHERE stream_sid = ? AND started_at = ?",
            (str(recording), call.stream_sid, call.started_at),
        )

    def refuse(self, refused: Refused) -> None:
        """A call was turned away."""
        self._connection.execute(
            "INSERT INTO refused (at, call_sid, from_number, reason, detail) VALUES (?, ?, ?, ?, ?)",
            (refused.at, refused.call_sid, refused.from_number, refused.reason, refused.detail),
        )

    def cut_off_the_dead(self) -> int:
        """Close the records that a process left open when it died; gives how many.

        They end with their last event or note, whichever is later; what events do not tell is as of the note.
        """
        open_ones = self._connection.execute(
            "SELECT DISTINCT pid, process_started_at FROM calls WHERE ended_at IS NULL"
        ).fetchall()
        count = 0
        for pid, started_at in open_ones:
            if Process(pid, started_at).alive:
                continue
            cursor = self._connection.execute(
                _CUT_OFF_THOSE_OF, {"cut_off": CUT_OFF, "pid": pid, "started_at": started_at}
            )
            count += cursor.rowcount
        return count

    def prune(self, before: float) -> list[Path]:
        """Delete what began before; gives the recordings that belong to it. A call that is not over stays."""
        old = "FROM calls WHERE started_at < ? AND ended_at IS NOT NULL"
        found = self._connection.execute(f"SELECT recording {old} AND recording IS NOT NULL", (before,)).fetchall()
        self._connection.execute(f"DELETE {old}", (before,))
        self._connection.execute("DELETE FROM refused WHERE at < ?", (before,))
        self._connection.execute("DELETE FROM configurations WHERE id NOT IN (SELECT configuration FROM calls)")
        return [Path(recording) for (recording,) in found]

    def give_back(self) -> None:
        """Give the disk back what deleted records took, their words in the log included. Not within a transaction."""
        self._connection.execute(f"PRAGMA incremental_vacuum({_MOST_FREE_PAGES})").fetchall()
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

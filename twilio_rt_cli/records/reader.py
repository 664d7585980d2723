"""Call records as they are read: by `twilio-rt calls`, beside servers that write, and by who counts calls.

Nothing here makes a file or keeps a writer waiting: every question is a short one, answered whole.
"""

import sqlite3
from collections.abc import Collection
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from msgspec import Struct

from twilio_rt_cli.errors import ServerError
from twilio_rt_cli.machine.process import Process
from twilio_rt_cli.records.schema import NAME, is_corrupt, open_for_reading
from twilio_rt_cli.records.store import CUT_OFF, Event, Refused

Value = str | float | int | None

IN_PROGRESS = "in_progress"
SHORTEST_ENDING = 4


class Record(Struct, frozen=True):
    """One call. What is not known yet, or never was, is None."""

    number: int
    call_sid: str
    stream_sid: str
    from_number: str
    to_number: str
    started_at: float
    pid: int
    process_started_at: str
    configuration: str
    """JSON"""
    recording: str | None
    ended_at: float | None
    duration_ms: float | None
    reason: str | None
    detail: str | None
    health: str | None
    why: str | None
    turns: int | None
    barge_ins: int | None
    v2v_p50_ms: float | None
    cost_usd: float | None
    event_count: int | None
    """events there were"""
    statistics: str | None
    """JSON"""
    cost_at_least_usd: float | None = None
    """where `cost_usd` is not known, but the price of some of the tokens is"""
    noted_at: float | None = None
    """when a call that goes on, or was cut off, last had its figures noted; None of one that came to its end"""

    @property
    def state(self) -> str:
        """How it ended; of a call that is not over in_progress, or cut_off when its process is gone."""
        if self.ended_at is not None:
            return self.reason or ""
        return IN_PROGRESS if Process(self.pid, self.process_started_at).alive else CUT_OFF

    @property
    def failed(self) -> bool:
        """Whether it failed, or was cut off."""
        return self.health == "failed" or self.state == CUT_OFF


class RecordedUsage(Struct, frozen=True):
    """What calls took together; those that go on or were cut off, as far as it was noted."""

    calls: int = 0
    seconds: float = 0.0
    cost_usd: float = 0.0
    """estimated, of what could be priced; 0 as well where no price is known"""


class UsageSince(Struct, frozen=True):
    """What was used from some moment on."""

    total: RecordedUsage
    by_caller: dict[str, RecordedUsage]
    """by phone number, as Twilio tells it"""


_COLUMNS = {name: name for name in Record.__struct_fields__} | {
    "number": "calls.id",
    "configuration": "body",
    "event_count": "told",
}
_ELSEWHERE = {"calls.id", "body"}
_FAILED = " AND (health = 'failed' OR ended_at IS NULL)"


class RecordReader:
    """The records in a folder, open for reading. Close it, or use it as a context.

    Everything raises ServerError when the file cannot be read. Where there is no file there are no records.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self._connection: sqlite3.Connection | None = None
        try:
            self._connection = open_for_reading(self.path)
            self._columns = _columns(self._connection, "calls", _COLUMNS)
            self._of_events = _columns(self._connection, "events", {name: name for name in Event.__struct_fields__})
        except (OSError, sqlite3.Error) as error:
            self.close()
            raise self._unreadable(error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close it; again: nothing."""
        if self._connection is not None:
            self._connection.close()

    def latest(self, *, since: float = 0.0, failed: bool = False, limit: int | None = None) -> list[Record]:
        """The newest records, newest first; those that began at or after `since`, and on request only failed ones."""
        # What its process left open may have failed: that is for `Record.failed` to say, so the limit is, too.
        which = f"started_at >= ?{_FAILED if failed else ''}"
        rows = self._all(
            f"{self._records} WHERE {which} ORDER BY started_at DESC, 1 DESC LIMIT ?",
            since,
            -1 if limit is None or failed else limit,
        )
        found = [record for record in map(_record, rows) if record.failed or not failed]
        return found[:limit]

    def numbers(self, *, since: float = 0.0) -> list[int]:
        """The numbers of the records, oldest first."""
        rows = self._all("SELECT id FROM calls WHERE started_at >= ? ORDER BY started_at, id", since)
        return [int(number) for (number,) in rows]

    def record(self, number: int) -> Record | None:
        """The record with this number; None of one that is not there any more."""
        rows = self._all(f"{self._records} WHERE calls.id = ?", number)
        return _record(rows[0]) if rows else None

    def named(self, name: str) -> list[Record]:
        """Every record that a person may mean by this: its number, its Call SID, or the ending of one."""
        found = self._all(f"{self._records} WHERE call_sid = ? ORDER BY 1", name)
        if not found and len(name) >= SHORTEST_ENDING:
            ending = "substr(lower(call_sid), -length(?)) = ?"
            found = self._all(f"{self._records} WHERE {ending} ORDER BY 1", name, name.lower())
        if name.isascii() and name.isdigit() and len(name) < 19:
            found += [row for row in self._all(f"{self._records} WHERE calls.id = ?", int(name)) if row not in found]
        return list(map(_record, found))

    def events(self, number: int) -> list[Event]:
        """The events of a call, in that order."""
        what = ", ".join(self._of_events.values())
        rows = self._all(f"SELECT {what} FROM events WHERE call = ? ORDER BY sequence", number)
        return [Event(*row) for row in rows]

    def refused(self, *, since: float = 0.0, limit: int | None = None) -> list[Refused]:
        """Calls that were turned away, newest first."""
        what = "at, call_sid, from_number, reason, detail"
        rows = self._all(
            f"SELECT {what} FROM refused WHERE at >= ? ORDER BY at DESC, id DESC LIMIT ?",
            since,
            -1 if limit is None else limit,
        )
        return [Refused(*row) for row in rows]

    def usage_since(self, at: float) -> UsageSince:
        """What the calls that began since then used, by caller and together."""
        cost = f"coalesce(cost_usd, {self._columns['cost_at_least_usd']})"
        rows = self._all(
            f"SELECT from_number, count(*), total(duration_ms) / 1000, total({cost}) FROM calls"
            " WHERE started_at >= ? GROUP BY from_number",
            at,
        )
        by_caller = {number: RecordedUsage(*used) for number, *used in rows}
        return UsageSince(_together(by_caller.values()), by_caller)

    @property
    def _records(self) -> str:
        # The order of a CROSS JOIN is kept: calls by their time, as many as are asked for, and then what each ran with.
        columns = ", ".join(self._columns.values())
        return f"SELECT {columns} FROM calls CROSS JOIN configurations ON configurations.id = configuration"

    def _all(self, question: str, *values: Value) -> list[tuple[Any, ...]]:
        if self._connection is None:
            return []
        try:
            return self._connection.execute(question, values).fetchall()
        except sqlite3.Error as error:
            raise self._unreadable(error) from error

    def _unreadable(self, error: Exception) -> ServerError:
        hint = "A server that starts sets a damaged file aside and begins a new one." if is_corrupt(error) else ""
        return ServerError(f"The call records in {self.path} cannot be read: {error}.", hint=hint)


def _columns(connection: sqlite3.Connection | None, table: str, wanted: dict[str, str]) -> dict[str, str]:
    """What to ask for each field. A file that only older versions have opened lacks some columns."""
    if connection is None:
        return wanted
    there = {name for _, name, *_ in connection.execute(f"PRAGMA table_info({table})")} | _ELSEWHERE
    return {name: column if column in there else "NULL" for name, column in wanted.items()}


def _record(row: tuple[Any, ...]) -> Record:
    return Record(*row)


def _together(parts: Collection[RecordedUsage]) -> RecordedUsage:
    return RecordedUsage(
        sum(one.calls for one in parts), sum(one.seconds for one in parts), sum(one.cost_usd for one in parts)
    )

"""The file of call records: where it is, its tables, and how it is opened for writing.

SQLite in WAL mode: several servers may write to it, and whoever reads neither waits for them nor keeps them waiting.
The format has a number (`user_version`): an older file is brought up to date when a server opens it, and a newer one is
left alone.
"""

import os
import sqlite3
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from twilio_rt_cli.errors import ServerError
from twilio_rt_cli.machine.state import state_path

NAME = "calls.sqlite"
BUSY_S = 5.0
"""how long a writer waits for another one"""

_FIRST = """
CREATE TABLE configurations (id INTEGER PRIMARY KEY, body TEXT NOT NULL UNIQUE);
CREATE TABLE calls (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    call_sid TEXT NOT NULL,
    stream_sid TEXT NOT NULL,
    from_number TEXT NOT NULL,
    to_number TEXT NOT NULL,
    started_at REAL NOT NULL,
    pid INTEGER NOT NULL,
    process_started_at TEXT NOT NULL,
    configuration INTEGER NOT NULL REFERENCES configurations (id),
    recording TEXT,
    ended_at REAL,
    duration_ms REAL,
    reason TEXT,
    detail TEXT,
    health TEXT,
    why TEXT,
    turns INTEGER,
    barge_ins INTEGER,
    v2v_p50_ms REAL,
    cost_usd REAL,
    told INTEGER,
    statistics TEXT,
    UNIQUE (stream_sid, started_at)
);
CREATE INDEX calls_by_sid ON calls (call_sid);
CREATE INDEX calls_by_time ON calls (started_at, from_number, duration_ms, cost_usd);
CREATE INDEX calls_not_over ON calls (pid) WHERE ended_at IS NULL;
CREATE TABLE events (
    call INTEGER NOT NULL REFERENCES calls (id) ON DELETE CASCADE,
    sequence INTEGER NOT NULL,
    at REAL NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (call, sequence)
) WITHOUT ROWID;
CREATE TABLE refused (
    id INTEGER PRIMARY KEY,
    at REAL NOT NULL,
    call_sid TEXT NOT NULL,
    from_number TEXT NOT NULL,
    reason TEXT NOT NULL,
    detail TEXT NOT NULL
);
CREATE INDEX refused_by_time ON refused (at);
"""
_SECOND = """
ALTER TABLE calls ADD COLUMN cost_at_least_usd REAL;
ALTER TABLE calls ADD COLUMN noted_at REAL;
ALTER TABLE events ADD COLUMN elapsed_ms REAL;
DROP INDEX calls_by_time;
CREATE INDEX calls_by_time ON calls (started_at, from_number, duration_ms, cost_usd, cost_at_least_usd);
"""

_STEPS = (_FIRST, _SECOND)
"""the n-th brings a file of version n to version n + 1"""
VERSION = len(_STEPS)


def records_folder(chosen: Path | None) -> Path:
    """The folder of the records: the one that was chosen, or `records` in the per-user state folder. Makes nothing."""
    return state_path() / "records" if chosen is None else chosen.expanduser()


def open_for_writing(path: Path) -> sqlite3.Connection:
    """A connection to the file (0600), made with its folder (0700) if there is none, and brought up to date.

    Raises OSError or sqlite3.Error when that cannot be, ServerError when a newer version wrote it.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))  # SQLite's own files take over its mode
    with suppress(OSError):  # somebody else's, and shared with us
        path.chmod(0o600)
    connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)
    try:
        refuse_newer(connection, path)
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # counts for a new file only
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA secure_delete = ON")  # what was said is gone when it is deleted
        _bring_up_to_date(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def open_for_reading(path: Path) -> sqlite3.Connection | None:
    """A connection that changes nothing; None when there is no file, or nothing in it.

    Raises OSError or sqlite3.Error when it cannot be read, ServerError when a newer version wrote it.
    """
    if not path.exists():
        return None
    try:
        connection = _reading(path, "mode=ro")
    except sqlite3.OperationalError:
        # In a folder that we may not write to, SQLite cannot share the file with a writer. Then there should be none.
        connection = _reading(path, "immutable=1")
    if version_of(connection):
        return connection
    connection.close()
    return None


def refuse_newer(connection: sqlite3.Connection, path: Path) -> None:
    """Raises ServerError when a newer version of this program wrote the file."""
    if (version := version_of(connection)) > VERSION:
        raise ServerError(
            f"The call records in {path} have format {version}; this version of twilio-rt knows {VERSION}.",
            hint="Use the newer version that wrote them, or set RECORDS_DIR to another folder.",
        )


def version_of(connection: sqlite3.Connection) -> int:
    """The number of the file's format; 0 of an empty one."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


def is_corrupt(error: BaseException) -> bool:
    """Whether SQLite says that this file is none of its own, or is damaged."""
    return _code(error) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def is_busy(error: BaseException) -> bool:
    """Whether another process had the file for longer than we wait."""
    return _code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def set_aside(path: Path) -> Path:
    """Give a damaged file another name, so that a new one can be begun. Raises OSError."""
    aside = path.with_name(f"{path.name}.damaged-{datetime.now(UTC):%Y%m%dT%H%M%S.%f}")
    path.rename(aside)
    for ending in ("-wal", "-shm"):
        with suppress(FileNotFoundError):
            path.with_name(path.name + ending).rename(aside.with_name(aside.name + ending))
    return aside


def _bring_up_to_date(connection: sqlite3.Connection, path: Path) -> None:
    if version_of(connection) == VERSION:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        refuse_newer(connection, path)  # another server may have been faster
        for step in _STEPS[version_of(connection) :]:
            for statement in step.split(";"):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


def _reading(path: Path, how: str) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?{how}", uri=True, timeout=BUSY_S, isolation_level=None)
    try:
        connection.execute("PRAGMA query_only = ON")
        refuse_newer(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _code(error: BaseException) -> int | None:
    code = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF  # the rest says more exactly what

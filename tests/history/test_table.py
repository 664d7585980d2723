"""Calls as a table: whole where there is room, never wider than the terminal."""

import re
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from twilio_rt_cli.history.table import calls_table, refused_table
from twilio_rt_cli.machine.process import Process
from twilio_rt_cli.output.redaction import Redactor
from twilio_rt_cli.records.reader import Record
from twilio_rt_cli.records.store import Refused

BEGAN = datetime(2026, 11, 23, 12, 3, 58).timestamp()
RECORD = Record(
    number=12,
    call_sid="CA" + "0" * 24 + "9f2a1b3c",
    stream_sid="MZ1",
    from_number="+14155550142",
    to_number="+14155550100",
    started_at=BEGAN,
    pid=0,
    process_started_at="",
    configuration="{}",
    recording=None,
    ended_at=BEGAN + 94,
    duration_ms=94_000.0,
    reason="caller_hung_up",
    detail="stop",
    health="degraded",
    why="answers take 2400 ms",
    turns=4,
    barge_ins=1,
    v2v_p50_ms=2400.4,
    cost_usd=0.0912,
    event_count=8,
    statistics="{}",
)
DEAD = structs.replace(
    RECORD,
    number=3,
    pid=2**22 + 1,
    ended_at=None,
    duration_ms=None,
    reason=None,
    health=None,
    why=None,
    turns=None,
    barge_ins=None,
    v2v_p50_ms=None,
    cost_usd=None,
)


def lines(*records: Record, width: int | None = None, shown: bool = False) -> list[str]:
    return list(calls_table(records, Redactor(show_numbers=shown), BEGAN + 100, width))


def test_where_there_is_no_terminal_nothing_is_left_out() -> None:
    assert lines(RECORD, DEAD) == [
        "NO  CALL       STARTED              FROM      TO        LENGTH  TURNS  V2V MS  BARGE  EST $  HEALTH    ENDED",
        "12  …9f2a1b3c  2026-11-23 12:03:58  ••••0142  ••••0100    1:34      4    2400      1  0.091  degraded  "
        "caller hung up; answers take 2400 ms",
        " 3  …9f2a1b3c  2026-11-23 12:03:58  ••••0142  ••••0100       –      –       –      –      –  failed    "
        "cut off",
    ]


def test_eighty_columns_keep_what_matters() -> None:
    assert lines(RECORD, DEAD, width=80) == [
        "NO  CALL       STARTED      FROM      LENGTH  V2V MS  HEALTH    ENDED",
        "12  …9f2a1b3c  11-23 12:03  ••••0142    1:34    2400  degraded  caller hung up;…",
        " 3  …9f2a1b3c  11-23 12:03  ••••0142       –       –  failed    cut off",
    ]


def test_numbers_are_shown_on_request() -> None:
    assert "+14155550142  +14155550100" in lines(RECORD, shown=True)[1]


def test_a_caller_has_no_power_over_the_terminal() -> None:
    evil = structs.replace(RECORD, from_number="sip:\x1b[2J\x9b" + "x" * 99, why="\x1b]0;", call_sid="CA\x1b[31mxyz")
    text = "\n".join(lines(evil, shown=True))
    assert re.findall(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", text) == []
    assert len(lines(evil, shown=True)[1]) < 200


@given(st.integers(1, 250), st.booleans())
def test_no_line_is_wider_than_the_terminal(width: int, shown: bool) -> None:
    told = lines(RECORD, DEAD, width=width, shown=shown)
    assert max(map(len, told)) <= width
    assert len(told) == 3


def test_the_most_frequent_end_is_whole_in_eighty_columns_and_an_operator_did_something() -> None:
    ended = [structs.replace(RECORD, why="", reason=reason) for reason in ("caller_hung_up", "operator")]
    assert [line.rpartition("  ")[2] for line in lines(*ended, width=80)] == [
        "ENDED",
        "caller hung up",
        "operator hung up",
    ]


@pytest.mark.parametrize("width", [None, 80, 120])
def test_who_was_turned_away(width: int | None) -> None:
    refused = [Refused(BEGAN, "CA" + "0" * 24 + "9f2a1b3c", "+14155550142", "busy", "for +14155550142\x1b")]
    head, line = list(refused_table([*refused, Refused(BEGAN, "", "", "draining", "")], Redactor(), width))[:2]
    assert head.split() == ["WHEN", "CALL", "FROM", "REASON", "DETAIL"]
    seconds = "" if width == 80 else ":58"
    assert line.removeprefix("2026-").startswith(f"11-23 12:03{seconds}  …9f2a1b3c  ••••0142  busy")
    assert "+1415" not in line
    assert "\x1b" not in line


def test_a_call_that_goes_on_is_as_long_as_was_noted_and_what_passed_since() -> None:
    us = Process.current()
    alive = structs.replace(DEAD, pid=us.pid, process_started_at=us.started_at)
    put_forward = structs.replace(alive, started_at=BEGAN - 3600, noted_at=BEGAN + 95, duration_ms=70_000.0)
    assert [re.split(r"  +", line.strip())[5] for line in lines(alive, put_forward)[1:]] == ["1:40", "1:15"]

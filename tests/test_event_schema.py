"""docs/events.schema.json holds for every line that can be written, and for no wrong one."""

import json
import re
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.server.figures import SNAPSHOT
from twilio_rt_cli.call.figures.end_reason import EndReason
from twilio_rt_cli.call.figures.statistics import CallStatistics, Tokens
from twilio_rt_cli.call.notices import (
    AgentTurn,
    BargedIn,
    CallerTurn,
    CallOver,
    CallTrouble,
    CutOff,
    FirstAudio,
    ItemCut,
    KeyPressed,
    ModelReady,
    Notice,
    ToolAnswered,
    ToolStarted,
)
from twilio_rt_cli.errors import UnreachableError
from twilio_rt_cli.output.redaction import Redactor
from twilio_rt_cli.protocol.twilio import CallSid, StreamSid
from twilio_rt_cli.reporting.event_lines import (
    EventLine,
    Where,
    call_event,
    cut_off_event,
    ready_event,
    server_event,
    stats_event,
)
from twilio_rt_cli.reporting.tunnel_events import tunnel_event
from twilio_rt_cli.server.admission.notices import (
    CallRefused,
    CallStarted,
    Draining,
    Refusal,
    ServerNotice,
    StreamFailed,
)
from twilio_rt_cli.tunnel import TunnelDown, TunnelLost, TunnelUp

ROOT = Path(__file__).parent.parent
SCHEMA = json.loads((ROOT / "docs" / "events.schema.json").read_text("utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)
CALL, STREAM = CallSid("CA" + "1" * 32), StreamSid("MZ" + "2" * 32)
CUT = ItemCut("item_1", 200, 1000)
WHERE = Where(url="http://127.0.0.1:5001", public_url=None, admin_url="http://127.0.0.1:5002", pid=7)
FULL = CallStatistics(
    frames_in=3,
    unknown_messages={"dance": 1},
    model_errors={"rate_limit_exceeded": 2},
    v2v_ms=[760.123],
    barge_in_stop_ms=[110.0],
    tool_ms=[4.2],
    tokens=Tokens(1, 2, 3, 4, 5, 6),
    cost_usd=0.1,
    jitter_ms=0.5,
    round_trip_ms=40.0,
    first_audio_ms=900.0,
    model_connect_ms=200.0,
)
NOTICES: tuple[Notice, ...] = (
    ModelReady(200.0),
    FirstAudio(900.0),
    CallerTurn("Hi."),
    CallerTurn("Hi.", "item_7", 1500.0),
    AgentTurn("Hello.", None),
    AgentTurn("Hello.", 760.0, interrupted=True, spoken_at_ms=2000.0),
    BargedIn(200, 1000, "item_1"),
    BargedIn(200, 1000, "item_1", 110.0, (CUT, CUT)),
    CutOff((CUT,)),
    ToolStarted("call_1", "check", "{}"),
    ToolAnswered("call_1", "check", True, 20.0, "free"),
    KeyPressed("12#"),
    CallTrouble("model", "rate_limit_exceeded", "slow down"),
    *(CallOver(reason, "", 1000.0, CallStatistics()) for reason in EndReason),
    CallOver(EndReason.CALLER_HUNG_UP, "", 1000.0, FULL),
)
OPTIONAL = {"server.ready": ("calls", "draining"), "call.error": ("stream",)}
SERVER_NOTICES: tuple[ServerNotice, ...] = (
    CallStarted(CALL, STREAM, "+14155550142", ""),
    StreamFailed(CALL, STREAM, "31901"),
    Draining(3, 600.0),
    *(CallRefused(refusal, None) for refusal in Refusal),
    CallRefused(Refusal.BUSY, CALL, "full"),
)
EVENTS: tuple[EventLine, ...] = (
    *(call_event(CALL, notice) for notice in NOTICES),
    *(server_event(notice, Redactor()) for notice in SERVER_NOTICES),
    ready_event(WHERE),
    ready_event(replace(WHERE, public_url="https://x")),
    ready_event(replace(WHERE, calls=3, draining=True)),
    stats_event(SNAPSHOT, 0),
    cut_off_event(10_001),
    tunnel_event(TunnelUp("https://x", changed=False)),
    tunnel_event(TunnelDown("gone")),
    tunnel_event(TunnelLost(UnreachableError("gone for good"))),
    EventLine("server.stopped"),
    EventLine("number.changed", (("number", "••••0100"), ("old", ""), ("new", "https://x"))),
    EventLine("number.restored", (("number", "••••0100"), ("url", ""), ("put_back", False))),
)


def wrongs(line: str) -> list[str]:
    """What the schema finds wrong with a line."""
    return [error.message for error in VALIDATOR.iter_errors(json.loads(line))]


def types_in_the_schema() -> set[str]:
    return {one["if"]["properties"]["type"]["const"] for one in SCHEMA["allOf"]}


def fields_of(kind: str) -> dict[str, Any]:
    found: dict[str, Any] = SCHEMA["$defs"][kind].get("properties", {})
    for variant in SCHEMA["$defs"][kind].get("oneOf", ()):
        found = {**variant["properties"], **found}
    return found


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.type)
def test_every_event_is_valid(event: EventLine) -> None:
    assert wrongs(event.json(1.7e9)) == []


def test_every_type_that_is_written_is_in_the_schema_and_no_other() -> None:
    names = "reporting/event_lines.py", "reporting/reporter.py", "reporting/tunnel_events.py", "admin/feed.py"
    sources = "".join((ROOT / "twilio_rt_cli" / name).read_text("utf-8") for name in names)
    written = set(re.findall(r'"((?:server|call|tunnel|number|events)\.[a-z_]+|stats)"', sources))
    described = types_in_the_schema()
    assert written == described, "docs/events.schema.json: an entry in allOf, and one in $defs"
    assert {event.type for event in EVENTS} == written, "add one to NOTICES, SERVER_NOTICES or EVENTS above"


def test_every_field_is_described() -> None:
    for event in EVENTS:
        lacking = dict(event.fields).keys() - fields_of(event.type).keys()
        assert not lacking, f"docs/events.schema.json: describe them in $defs, {event.type}"


def test_every_field_that_is_described_is_written() -> None:
    for kind in types_in_the_schema():
        told = {name for event in EVENTS if event.type == kind for name, _ in event.fields}
        unwritten = fields_of(kind).keys() - told
        assert not unwritten, f"no {kind} among EVENTS above has them, or docs/events.schema.json tells too much"


def test_the_statistics_are_those_of_a_call() -> None:
    described = SCHEMA["$defs"]["statistics"]
    counted = {one.name for one in fields(CallStatistics)} | {"marks_pending"}
    where = "docs/events.schema.json, $defs, statistics: "
    assert described["properties"].keys() == counted, where + "properties"
    assert set(described["required"]) == counted, where + "required"
    assert set(described["properties"]["tokens"]["required"]) == {one.name for one in fields(Tokens)}


def test_the_ends_are_the_codes() -> None:
    assert fields_of("call.ended")["reason"]["enum"] == [reason.value for reason in EndReason]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.type)
def test_a_line_without_a_field_is_wrong(event: EventLine) -> None:
    whole = json.loads(event.json(1.7e9))
    for name in whole:
        if name not in OPTIONAL.get(event.type, ()):
            assert wrongs(json.dumps({key: value for key, value in whole.items() if key != name})) != [], name


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.type)
def test_a_field_of_another_kind_is_wrong(event: EventLine) -> None:
    whole = json.loads(event.json(1.7e9))
    for name in whole:
        assert wrongs(json.dumps({**whole, name: ["no", "such", "thing"]})) != [], name


def test_what_is_added_later_is_passed_over() -> None:
    whole = json.loads(call_event(CALL, NOTICES[-1]).json(1.7e9))
    assert wrongs(json.dumps({**whole, "mood": "good"})) == []
    assert wrongs('{"v":1,"ts":"2026-11-23T12:03:58.123Z","type":"call.transferred","to":7}') == []


@pytest.mark.parametrize(
    "line",
    [
        '{"v":2,"ts":"2026-11-23T12:03:58.123Z","type":"server.stopped"}',
        '{"v":1,"ts":"yesterday","type":"server.stopped"}',
        '{"v":1,"ts":"2026-11-23T12:03:58.123Z","type":7}',
        '{"v":1,"ts":"2026-11-23T12:03:58.123Z"}',
        "[]",
    ],
)
def test_what_is_no_event_line_is_wrong(line: str) -> None:
    assert wrongs(line) != []

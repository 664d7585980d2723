"""Notices as lines for scripts: names and fields that others lean on."""

import json
from typing import Any

import pytest

from twilio_rt_cli.call.figures.end_reason import EndReason
from twilio_rt_cli.call.figures.statistics import CallStatistics
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
from twilio_rt_cli.output.redaction import Redactor
from twilio_rt_cli.protocol.twilio import CallSid, StreamSid
from twilio_rt_cli.reporting.event_lines import EventLine, call_event, server_event
from twilio_rt_cli.server.admission.notices import (
    CallRefused,
    CallStarted,
    Draining,
    Refusal,
    ServerNotice,
    StreamFailed,
)

CALL = CallSid("CA" + "1" * 32)
STREAM = StreamSid("MZ" + "2" * 32)


@pytest.mark.parametrize(
    ("notice", "kind", "fields"),
    [
        (
            CallerTurn("Hi.", "item_7", 1500.04),
            "call.turn",
            {"who": "caller", "text": "Hi.", "item_id": "item_7", "spoken_at_ms": 1500.0},
        ),
        (
            AgentTurn("Hello.", 760.04, interrupted=True, spoken_at_ms=2000.0),
            "call.turn",
            {"who": "agent", "text": "Hello.", "v2v_ms": 760.0, "interrupted": True, "spoken_at_ms": 2000.0},
        ),
        (
            AgentTurn("Hello.", None),
            "call.turn",
            {"who": "agent", "text": "Hello.", "v2v_ms": None, "interrupted": False, "spoken_at_ms": None},
        ),
        (FirstAudio(300.06), "call.first_audio", {"elapsed_ms": 300.1}),
        (
            BargedIn(1240, 3100, "item_1", 140.04, (ItemCut("item_1", 1240, 3100), ItemCut("item_2", 0, 800))),
            "call.barge_in",
            {
                "heard_ms": 1240,
                "received_ms": 3100,
                "item_id": "item_1",
                "stop_ms": 140.0,
                "cuts": [
                    {"item_id": "item_1", "heard_ms": 1240, "received_ms": 3100},
                    {"item_id": "item_2", "heard_ms": 0, "received_ms": 800},
                ],
            },
        ),
        (
            CutOff((ItemCut("item_1", 10, 20),)),
            "call.cut_off",
            {"cuts": [{"item_id": "item_1", "heard_ms": 10, "received_ms": 20}]},
        ),
        (
            ToolStarted("call_1", "check", '{"day":1}'),
            "call.tool",
            {"state": "started", "tool_call_id": "call_1", "name": "check", "arguments": '{"day":1}'},
        ),
        (
            ToolAnswered("call_1", "check", True, 12.34, "{}"),
            "call.tool",
            {
                "state": "answered",
                "tool_call_id": "call_1",
                "name": "check",
                "ok": True,
                "elapsed_ms": 12.3,
                "output": "{}",
            },
        ),
        (KeyPressed("5"), "call.dtmf", {"digits": "5"}),
        (ModelReady(212.5), "call.ready", {"connect_ms": 212.5}),
        (CallTrouble("model", "x", "y"), "call.error", {"side": "model", "code": "x", "message": "y"}),
    ],
)
def test_what_a_call_tells(notice: Notice, kind: str, fields: dict[str, Any]) -> None:
    line = call_event(CALL, notice).json(0)
    assert "\n" not in line
    assert json.loads(line) == {"v": 1, "ts": "1970-01-01T00:00:00.000Z", "type": kind, "call": CALL, **fields}


def test_an_ended_call_brings_its_figures() -> None:
    statistics = CallStatistics(
        turns=4, barge_ins=1, tool_calls=2, frames_in=99, first_audio_ms=300.06, v2v_ms=[760.04], marks_sent=3
    )
    statistics.tokens.cached_audio = 64
    told = json.loads(call_event(CALL, CallOver(EndReason.MODEL_GONE, "1006", 34_000.4, statistics)).json(0))
    counted = told.pop("statistics")
    assert (counted["frames_in"], counted["first_audio_ms"], counted["v2v_ms"]) == (99, 300.1, [760.0])
    assert (counted["tokens"]["cached_audio"], counted["marks_pending"]) == (64, 3)
    assert told == {
        "v": 1,
        "ts": "1970-01-01T00:00:00.000Z",
        "type": "call.ended",
        "call": CALL,
        "reason": "model_gone",
        "failed": True,
        "detail": "1006",
        "duration_ms": 34000.4,
        "first_audio_ms": 300.1,
        "turns": 4,
        "barge_ins": 1,
        "tool_calls": 2,
        "health": "failed",
        "why": "model_gone",
        "cost_usd": None,
    }


@pytest.mark.parametrize(
    ("notice", "kind", "fields"),
    [
        (
            CallStarted(CALL, STREAM, "+14155550142", "anonymous"),
            "call.started",
            {"call": CALL, "stream": STREAM, "from": "••••0142", "to": "anonymous"},
        ),
        (CallRefused(Refusal.BUSY, CALL), "call.refused", {"call": CALL, "reason": "busy", "detail": ""}),
        (CallRefused(Refusal.BAD_TOKEN), "call.refused", {"call": None, "reason": "bad_token", "detail": ""}),
        (
            StreamFailed(CALL, STREAM, "31921"),
            "call.error",
            {"call": CALL, "stream": STREAM, "side": "twilio", "code": "stream_failed", "message": "31921"},
        ),
        (Draining(2, 600.0), "server.draining", {"calls": 2, "drain_s": 600.0}),
    ],
)
def test_what_the_server_tells(notice: ServerNotice, kind: str, fields: dict[str, Any]) -> None:
    told = json.loads(server_event(notice, Redactor()).json(0))
    assert told == {"v": 1, "ts": "1970-01-01T00:00:00.000Z", "type": kind, **fields}


def test_numbers_are_shown_on_request() -> None:
    started = CallStarted(CALL, STREAM, "+14155550142", "+14155550100")
    assert dict(server_event(started, Redactor(show_numbers=True)).fields)["from"] == "+14155550142"


def test_logfmt_leaves_out_what_is_nested_or_absent() -> None:
    line = EventLine("call.x", (("call", "CA1"), ("text", "two words"), ("gone", None), ("deep", {"a": 1})))
    assert line.logfmt(0) == '1970-01-01T00:00:00.000Z call.x call=CA1 text="two words"'
    assert EventLine("server.stopped").logfmt(0) == "1970-01-01T00:00:00.000Z server.stopped"

"""Realtime GA events: the server's decode, ours parse under the official SDK's types, strictly."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.realtime import RealtimeClientEvent
from pydantic import TypeAdapter

from twilio_rt_cli.models.session import TurnDetection, session_config
from twilio_rt_cli.protocol import realtime
from twilio_rt_cli.protocol.realtime import (
    AppendAudio,
    AudioDelta,
    AudioDone,
    CancelResponse,
    ClientEvent,
    CreateItem,
    CreateResponse,
    DeleteItem,
    ErrorReported,
    FunctionCallOutput,
    InputText,
    ItemId,
    ResponseDone,
    ResponseId,
    ResponseOverrides,
    SessionUpdate,
    SessionUpdated,
    ToolCallId,
    TruncateItem,
    UserMessage,
)
from twilio_rt_cli.protocol.wire import Malformed, Unknown

TOOL = {"type": "function", "name": "look_up", "description": "d", "parameters": {"type": "object", "properties": {}}}
CLIENT_EVENTS: list[ClientEvent] = [
    SessionUpdate(
        session_config(
            instructions="i",
            voice="marin",
            tools=[TOOL],
            transcription_model="gpt-transcribe",
            noise_reduction="near_field",
        ),
        event_id="session_1",
    ),
    SessionUpdate(
        session_config(
            instructions="", voice="marin", turn_detection=TurnDetection(type="semantic_vad", eagerness="low")
        )
    ),
    CreateItem(FunctionCallOutput(ItemId("item_1"), ToolCallId("call_1"), "{}")),
    CreateItem(UserMessage(ItemId("item_1"), (InputText("pressed 1"),)), event_id="e"),
    TruncateItem(ItemId("item_1"), 1500),
    DeleteItem(ItemId("item_1")),
    CreateResponse(),
    CreateResponse(event_id="ask_1", response=ResponseOverrides(instructions="greet")),
    CancelResponse(),
    CancelResponse(ResponseId("resp_1")),
]


def no_key_unknown(parsed: Any, sent: Any) -> None:
    """Everything we wrote is a field the SDK knows: pydantic models of the SDK would keep extras silently."""
    if not isinstance(sent, dict) or not hasattr(parsed, "model_fields_set"):
        return
    known = set(type(parsed).model_fields) | {field.alias for field in type(parsed).model_fields.values()}
    assert set(sent) <= known, set(sent) - known
    for name, value in sent.items():
        no_key_unknown(getattr(parsed, name, None), value)


@pytest.mark.parametrize("event", CLIENT_EVENTS, ids=lambda event: type(event).__name__)
def test_our_events_parse_under_the_sdks_types(event: ClientEvent) -> None:
    text = realtime.encode(event)
    parsed = TypeAdapter(RealtimeClientEvent).validate_json(text)
    no_key_unknown(parsed, json.loads(text))


def test_an_append_parses_under_the_sdks_types() -> None:
    text = realtime.append_text(AppendAudio("AAAA").payload)
    assert json.loads(text) == {"type": "input_audio_buffer.append", "audio": "AAAA"}
    TypeAdapter(RealtimeClientEvent).validate_json(text)


@pytest.mark.parametrize("prefix", ["response.output_audio", "response.audio"])
def test_audio_is_read_under_its_ga_and_its_beta_name(prefix: str) -> None:
    fields = {"event_id": "e", "response_id": "r", "item_id": "i", "output_index": 0, "content_index": 0}
    delta = json.dumps({**fields, "delta": "AAAA", "type": f"{prefix}.delta"}).encode()
    done = json.dumps({**fields, "type": f"{prefix}.done"}).encode()
    assert realtime.decode(delta) == AudioDelta(ResponseId("r"), ItemId("i"), "AAAA")
    assert realtime.decode(done) == AudioDone(ResponseId("r"), ItemId("i"))


def test_the_sessions_format_is_read() -> None:
    session = {"type": "realtime", "object": "realtime.session", "id": "s", "expires_at": 1, "audio": {}, "new": [1]}
    session["audio"] = {
        "input": {"format": {"type": "audio/pcmu"}},
        "output": {"format": {"type": "audio/pcm", "rate": 24000}},
    }
    event = realtime.decode(json.dumps({"type": "session.updated", "session": session}).encode())
    assert isinstance(event, SessionUpdated)
    assert event.session.audio is not None
    assert event.session.audio.output.format is not None
    assert event.session.audio.output.format.rate == 24000


def test_a_response_with_all_its_details_is_read() -> None:
    body = {
        "id": "resp_1",
        "status": "failed",
        "status_details": {"type": "failed", "error": {"type": "server_error", "code": "rate_limit_exceeded"}},
        "output": [{"id": "i", "type": "message", "role": "assistant", "content": [{"type": "output_audio"}]}],
        "usage": {
            "total_tokens": 9,
            "input_tokens": 5,
            "output_tokens": 4,
            "input_token_details": {"cached_tokens": 1},
        },
    }
    event = realtime.decode(json.dumps({"type": "response.done", "response": body}).encode())
    assert isinstance(event, ResponseDone)
    assert event.response.status_details is not None
    assert event.response.status_details.error is not None
    assert event.response.status_details.error.code == "rate_limit_exceeded"
    assert event.response.usage is not None
    assert event.response.usage.output_tokens == 4


def test_an_error_without_code_or_event_is_read() -> None:
    raw = b'{"type":"error","error":{"type":"server_error","message":"m","code":null,"param":null,"event_id":null}}'
    assert isinstance(realtime.decode(raw), ErrorReported)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"{}",
        b"[" * 100_000,
        b'{"type":"response.output_audio.delta"}',
        b'{"type":"error"}',
        b'{"type":5}',
    ],
)
def test_what_cannot_be_read_is_malformed(raw: bytes) -> None:
    assert isinstance(realtime.decode(raw), Malformed)


def test_broken_audio_is_malformed() -> None:
    raw = b'{"type":"response.output_audio.delta","response_id":"r","item_id":"i","delta":"A!AA"}'
    assert isinstance(realtime.decode(raw), Malformed)


def test_anything_else_is_unknown_by_name() -> None:
    assert realtime.decode(b'{"type":"rate_limits.updated","rate_limits":[]}') == Unknown("rate_limits.updated")


@given(st.binary())
def test_no_input_raises(raw: bytes) -> None:
    assert isinstance(realtime.decode(raw), Malformed | Unknown)

"""Realtime GA events: what the server says is read, and nothing it says raises."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twilio_rt_cli.protocol import realtime
from twilio_rt_cli.protocol.realtime import (
    AudioDelta,
    AudioDone,
    ErrorReported,
    ItemAdded,
    ItemId,
    ResponseDone,
    ResponseId,
    SessionUpdated,
)
from twilio_rt_cli.protocol.wire import Malformed, Unknown


@pytest.mark.parametrize("prefix", ["response.output_audio", "response.audio"])
def test_audio_is_read_under_its_ga_and_its_beta_name(prefix: str) -> None:
    fields = {"event_id": "e", "response_id": "r", "item_id": "i", "output_index": 0, "content_index": 0}
    delta = json.dumps({**fields, "delta": "AAAA", "type": f"{prefix}.delta"}).encode()
    done = json.dumps({**fields, "type": f"{prefix}.done"}).encode()
    assert realtime.decode(delta) == AudioDelta(ResponseId("r"), ItemId("i"), bytes(3))
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


def test_nulls_in_what_we_do_not_need_are_no_reason_to_lose_an_event() -> None:
    usage = {"input_tokens": None, "output_tokens": 2.0}
    response = {"id": "resp_1", "status": "completed", "output": None, "usage": usage}
    events: list[tuple[type[object], dict[str, object]]] = [
        (ResponseDone, {"type": "response.done", "response": response}),
        (ItemAdded, {"type": "conversation.item.added", "item": {"id": None, "type": "message"}}),
        (SessionUpdated, {"type": "session.updated", "session": {"id": None, "model": None, "audio": None}}),
        (ErrorReported, {"type": "error", "error": {"message": None, "type": None}}),
    ]
    for kind, event in events:
        assert isinstance(realtime.decode(json.dumps(event).encode()), kind)


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
        b'{"type":"input_audio_buffer.speech_stopped","item_id":"i","audio_end_ms":' + b"9" * 400 + b"}",
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

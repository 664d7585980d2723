"""What we say to the model parses under the official SDK's types, and every key we write is one it knows."""

import json
from binascii import b2a_base64
from typing import Any

import pytest
from openai.types.realtime import RealtimeClientEvent
from pydantic import TypeAdapter

from twilio_rt_cli.models.dialects.openai import session_config
from twilio_rt_cli.models.dialects.session import TurnDetection
from twilio_rt_cli.protocol import realtime_client
from twilio_rt_cli.protocol.realtime import (
    ItemId,
    ResponseId,
    ToolCallId,
)
from twilio_rt_cli.protocol.realtime_client import (
    AppendAudio,
    CancelResponse,
    ClientEvent,
    CreateItem,
    CreateResponse,
    DeleteItem,
    FunctionCallOutput,
    InputText,
    ResponseOverrides,
    SessionUpdate,
    TruncateItem,
    UserMessage,
)

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
    text = realtime_client.encode(event)
    parsed = TypeAdapter(RealtimeClientEvent).validate_json(text)
    no_key_unknown(parsed, json.loads(text))


def test_an_append_parses_under_the_sdks_types() -> None:
    audio = b2a_base64(AppendAudio(bytes(3)).payload, newline=False)
    text = realtime_client.APPEND_PREFIX + audio + realtime_client.APPEND_SUFFIX
    assert json.loads(text) == {"type": "input_audio_buffer.append", "audio": "AAAA"}
    TypeAdapter(RealtimeClientEvent).validate_json(text)

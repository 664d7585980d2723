"""session.update: what it changes, what it refuses, and that a refusal changes nothing."""

import pytest

from tests.engine.session.client import MODEL, Client, at, kinds, refused

INPUT, OUTPUT = ("audio", "input"), ("audio", "output")


def test_only_what_is_present_changes() -> None:
    client = Client()
    before = client.session.config
    (event,) = client.update(instructions="Be brief.", audio={"input": {"noise_reduction": {"type": "near_field"}}})
    session = event["session"]
    assert at(session, "instructions") == "Be brief."
    assert at(session, *INPUT, "noise_reduction") == {"type": "near_field", "strength": 1.0}
    assert at(session, *INPUT, "format") == {"type": "audio/pcmu"}
    assert at(session, *OUTPUT, "voice") == "alloy"
    assert client.session.config.tools == before.tools


def test_turn_detection_keeps_what_is_not_named() -> None:
    client = Client(turn_detection={"type": "server_vad", "threshold": 0.8, "idle_timeout_ms": 6000})
    (event,) = client.update(audio={"input": {"turn_detection": {"type": "server_vad", "silence_duration_ms": 200}}})
    detection = at(event, "session", *INPUT, "turn_detection")
    assert (at(detection, "threshold"), at(detection, "silence_duration_ms")) == (0.8, 200)
    assert at(detection, "idle_timeout_ms") == 6000


def test_null_turns_things_off_and_empty_clears_them() -> None:
    client = Client(transcription={"model": "whisper-1"}, noise_reduction={"type": "far_field"})
    off = {"turn_detection": None, "transcription": None, "noise_reduction": None}
    (event,) = client.update(instructions="", tools=[], audio={"input": off})
    assert {name: at(event, "session", *INPUT, name) for name in off} == off
    assert (at(event, "session", "instructions"), at(event, "session", "tools")) == ("", [])


def test_the_same_model_may_be_named_again_and_no_other() -> None:
    client = Client()
    assert kinds(client.update(model=MODEL)) == ["session.updated"]
    assert refused(client.update(model="gpt-realtime-1.5"))[1] == "session.model"


def test_everything_that_the_type_knows_is_taken_and_shown() -> None:
    wanted = {
        "output_modalities": ["text"],
        "max_output_tokens": 100,
        "parallel_tool_calls": False,
        "reasoning": {"effort": "high"},
        "truncation": {"type": "retention_ratio", "retention_ratio": 0.8, "token_limits": {"post_instructions": 5000}},
        "tracing": {"workflow_name": "calls", "metadata": {"a": 1}},
        "prompt": {"id": "p", "version": "2", "variables": {"x": "y"}},
        "include": ["item.input_audio_transcription.logprobs"],
        "tools": [{"type": "function", "name": "f", "description": "d", "parameters": {"type": "object"}}],
        "tool_choice": {"type": "function", "name": "f"},
        "audio": {"output": {"voice": {"id": "voice_1"}, "speed": 1.2}},
    }
    (event,) = Client().update(**wanted)
    session = event["session"]
    for name, value in wanted.items():
        if name != "audio":
            assert at(session, name) == value
    assert at(session, *OUTPUT, "voice") == {"id": "voice_1"}
    assert at(session, *OUTPUT, "speed") == 1.2


BAD: list[tuple[dict[str, object], str, str | None]] = [
    ({"temperature": 0.8}, "unknown_parameter", "session.temperature"),
    ({"voice": "marin"}, "unknown_parameter", "session.voice"),
    (
        {"audio": {"input": {"format": {"type": "audio/pcmu", "rate": 8000}}}},
        "unknown_parameter",
        "session.audio.input.format.rate",
    ),
    ({"audio": {"input": {"format": {"type": "audio/pcma"}}}}, "invalid_value", "session.audio.input.format.type"),
    (
        {"audio": {"output": {"format": {"type": "audio/pcm", "rate": 8000}}}},
        "invalid_value",
        "session.audio.output.format.rate",
    ),
    (
        {"audio": {"input": {"turn_detection": {"threshold": 0.5}}}},
        "missing_required_parameter",
        "session.audio.input.turn_detection.type",
    ),
    (
        {"audio": {"input": {"turn_detection": {"type": "server_vad", "threshold": 2}}}},
        "decimal_above_max_value",
        "session.audio.input.turn_detection.threshold",
    ),
    (
        {"audio": {"input": {"turn_detection": {"type": "server_vad", "idle_timeout_ms": 100}}}},
        "integer_below_min_value",
        "session.audio.input.turn_detection.idle_timeout_ms",
    ),
    (
        {"audio": {"input": {"turn_detection": {"type": "server_vad", "create_response": None}}}},
        "invalid_type",
        "session.audio.input.turn_detection.create_response",
    ),
    (
        {"audio": {"input": {"turn_detection": {"type": "semantic_vad", "threshold": 0.5}}}},
        "unknown_parameter",
        "session.audio.input.turn_detection.threshold",
    ),
    (
        {"audio": {"input": {"transcription": {"model": "gpt-realtime-whisper"}}}},
        "invalid_value",
        "session.audio.input.turn_detection",
    ),
    ({"audio": {"output": {"voice": "bob"}}}, "invalid_value", "session.audio.output.voice"),
    ({"audio": {"output": {"speed": 3}}}, "decimal_above_max_value", "session.audio.output.speed"),
    ({"output_modalities": ["audio", "text"]}, "invalid_value", "session.output_modalities"),
    ({"max_output_tokens": 0}, "integer_below_min_value", "session.max_output_tokens"),
    ({"max_output_tokens": "many"}, "invalid_value", "session.max_output_tokens"),
    ({"tools": [{"type": "mcp", "server_label": "x"}]}, "invalid_value", "session.tools[0].type"),
    ({"tools": [{"type": "function"}]}, "missing_required_parameter", "session.tools[0].name"),
    ({"tools": [{"type": "function", "name": "f"}] * 2}, "invalid_value", "session.tools[1].name"),
    ({"tools": [{"type": "function", "name": "f", "strict": True}]}, "unknown_parameter", "session.tools[0].strict"),
    ({"tool_choice": "perhaps"}, "invalid_value", "session.tool_choice"),
    ({"instructions": None}, "invalid_type", "session.instructions"),
]


@pytest.mark.parametrize(("change", "code", "param"), BAD)
def test_one_wrong_key_refuses_the_whole_update(change: dict[str, object], code: str, param: str | None) -> None:
    client = Client()
    before = client.session.config
    wrong = {"instructions": "New.", **change}
    events = client.send("session.update", session={"type": "realtime", **wrong}, event_id="e1")
    assert refused(events) == (code, param)
    assert at(events, 0, "error", "event_id") == "e1"
    assert client.session.config == before


def test_the_type_is_required_and_must_be_realtime() -> None:
    client = Client()
    missing = client.send("session.update", session={"instructions": "x"})
    assert refused(missing) == ("missing_required_parameter", "session.type")
    assert at(missing, 0, "error", "message") == "Missing required parameter: 'session.type'."
    other = client.send("session.update", session={"type": "transcription"})
    assert refused(other) == ("invalid_value", "session.type")


def test_refusals_read_like_the_originals() -> None:
    client = Client()
    unknown = client.update(voice="marin")
    assert at(unknown, 0, "error", "message") == "Unknown parameter: 'session.voice'."
    null = client.update(parallel_tool_calls=None)
    expected = "Invalid type for 'session.parallel_tool_calls': expected a boolean, but got null instead."
    assert at(null, 0, "error", "message") == expected
    speed = client.update(audio={"output": {"speed": 3}})
    expected = (
        "Invalid 'session.audio.output.speed': decimal above maximum value. Expected a value <= 1.5, but got 3 instead."
    )
    assert at(speed, 0, "error", "message") == expected


def test_the_speed_is_fixed_during_a_response() -> None:
    client = Client()
    client.send("response.create")
    assert refused(client.update(audio={"output": {"speed": 0.9}}))[0] == "cannot_update_speed"
    client.answer()
    assert kinds(client.update(audio={"output": {"speed": 0.9}})) == ["session.updated"]

"""OpenAI's dialect, and the session we ask for in it: GA shape, nothing that would refuse it."""

import pytest

from twilio_rt_cli.models.dialects.openai import OPENAI, session_config
from twilio_rt_cli.models.dialects.session import TurnDetection
from twilio_rt_cli.protocol.realtime import AudioDelta, ItemId, ResponseId
from twilio_rt_cli.protocol.realtime_client import CancelResponse


def test_mulaw_both_ways_without_a_rate() -> None:
    audio = session_config(instructions="i", voice="cedar")["audio"]
    assert audio["input"]["format"] == audio["output"]["format"] == {"type": "audio/pcmu"}
    assert audio["output"]["voice"] == "cedar"


def test_transcription_only_when_asked_for() -> None:
    assert "transcription" not in session_config(instructions="", voice="v")["audio"]["input"]
    asked = session_config(instructions="", voice="v", transcription_model="gpt-transcribe")
    assert asked["audio"]["input"]["transcription"] == {"model": "gpt-transcribe"}


@pytest.mark.parametrize(
    ("wanted", "asked"),
    [
        (
            TurnDetection(threshold=0.7, silence_ms=400, prefix_ms=200),
            {"type": "server_vad", "threshold": 0.7, "silence_duration_ms": 400, "prefix_padding_ms": 200},
        ),
        (TurnDetection(type="semantic_vad", eagerness="high"), {"type": "semantic_vad", "eagerness": "high"}),
    ],
)
def test_each_kind_of_turn_detection_has_only_its_own_fields(wanted: TurnDetection, asked: dict[str, object]) -> None:
    session = session_config(instructions="", voice="v", turn_detection=wanted)
    assert session["audio"]["input"]["turn_detection"] == asked


def test_noise_reduction_is_off_or_named() -> None:
    off = session_config(instructions="", voice="v")
    far = session_config(instructions="", voice="v", noise_reduction="far_field")
    assert off["audio"]["input"]["noise_reduction"] is None
    assert far["audio"]["input"]["noise_reduction"] == {"type": "far_field"}


def test_its_words_are_the_houses_own() -> None:
    said = b'{"type":"response.output_audio.delta","response_id":"r","item_id":"i","delta":"AAAA"}'
    assert OPENAI.decode(said) == AudioDelta(ResponseId("r"), ItemId("i"), bytes(3))
    assert OPENAI.encode(CancelResponse()) == b'{"type":"response.cancel"}'
    assert OPENAI.audio_prefix + b"AAAA" + OPENAI.audio_suffix == b'{"type":"input_audio_buffer.append","audio":"AAAA"}'

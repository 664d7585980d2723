"""The session we ask for: GA shape, nothing that would refuse it."""

from twilio_rt_cli.models.session import TurnDetection, session_config


def test_mulaw_both_ways_without_a_rate() -> None:
    audio = session_config(instructions="i", voice="cedar")["audio"]
    assert audio["input"]["format"] == audio["output"]["format"] == {"type": "audio/pcmu"}
    assert audio["output"]["voice"] == "cedar"


def test_transcription_only_when_asked_for() -> None:
    assert "transcription" not in session_config(instructions="", voice="v")["audio"]["input"]
    asked = session_config(instructions="", voice="v", transcription_model="gpt-transcribe")
    assert asked["audio"]["input"]["transcription"] == {"model": "gpt-transcribe"}


def test_each_kind_of_turn_detection_has_only_its_own_fields() -> None:
    assert set(TurnDetection().config()) == {"type", "threshold", "silence_duration_ms", "prefix_padding_ms"}
    assert TurnDetection(type="semantic_vad", eagerness="high").config() == {
        "type": "semantic_vad",
        "eagerness": "high",
    }


def test_noise_reduction_is_off_or_named() -> None:
    off = session_config(instructions="", voice="v")
    far = session_config(instructions="", voice="v", noise_reduction="far_field")
    assert off["audio"]["input"]["noise_reduction"] is None
    assert far["audio"]["input"]["noise_reduction"] == {"type": "far_field"}

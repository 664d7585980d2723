"""OpenAI Realtime (GA), and whoever speaks like it: the house's own words are its, so nothing is translated.

The session is a GA session object, µ-law both ways. `audio/pcmu` carries no rate (a rate is an unknown parameter
there), the model is in the URL, and an unknown key refuses the whole update. (OpenAI API reference, "session.update";
openai-python 3.54, `realtime_session_create_request.py`)
"""

from collections.abc import Sequence
from typing import Any

from twilio_rt_cli.models.dialects.session import BY_SILENCE, ModelDialect, TurnDetection
from twilio_rt_cli.protocol import realtime, realtime_client


def session_config(
    *,
    instructions: str,
    voice: str,
    tools: Sequence[dict[str, Any]] = (),
    transcription_model: str = "",
    turn_detection: TurnDetection = BY_SILENCE,
    noise_reduction: str = "none",
) -> dict[str, Any]:
    """The `session` of `session.update`; `transcription_model` empty: no transcript of the caller."""
    audio_input: dict[str, Any] = {
        "format": {"type": "audio/pcmu"},
        "turn_detection": _turn_detection(turn_detection),
        "noise_reduction": None if noise_reduction == "none" else {"type": noise_reduction},
    }
    if transcription_model:
        audio_input["transcription"] = {"model": transcription_model}
    config: dict[str, Any] = {
        "type": "realtime",
        "output_modalities": ["audio"],
        "instructions": instructions,
        "audio": {"input": audio_input, "output": {"format": {"type": "audio/pcmu"}, "voice": voice}},
    }
    if tools:
        config |= {"tools": list(tools), "tool_choice": "auto"}
    return config


def _turn_detection(wanted: TurnDetection) -> dict[str, Any]:
    """Each kind takes only its own fields."""
    if wanted.type == "semantic_vad":
        return {"type": "semantic_vad", "eagerness": wanted.eagerness}
    return {
        "type": "server_vad",
        "threshold": wanted.threshold,
        "silence_duration_ms": wanted.silence_ms,
        "prefix_padding_ms": wanted.prefix_ms,
    }


OPENAI = ModelDialect(
    decode=realtime.decode,
    encode=realtime_client.encode,
    audio_prefix=realtime_client.APPEND_PREFIX,
    audio_suffix=realtime_client.APPEND_SUFFIX,
    session=session_config,
)

"""The session we ask for: a GA session object, µ-law both ways.

`audio/pcmu` carries no rate (a rate is an unknown parameter there), the model is in the URL, and an unknown key refuses
the whole update. (OpenAI API reference, "session.update"; openai-python 3.54, `realtime_session_create_request.py`)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnDetection:
    """How the server finds the end of the caller's turn."""

    type: Literal["server_vad", "semantic_vad"] = "server_vad"
    threshold: float = 0.5
    silence_ms: int = 500
    prefix_ms: int = 300
    eagerness: Literal["auto", "low", "medium", "high"] = "auto"

    def config(self) -> dict[str, Any]:
        """The `turn_detection` object: each kind takes only its own fields."""
        if self.type == "semantic_vad":
            return {"type": "semantic_vad", "eagerness": self.eagerness}
        return {
            "type": "server_vad",
            "threshold": self.threshold,
            "silence_duration_ms": self.silence_ms,
            "prefix_padding_ms": self.prefix_ms,
        }


def session_config(
    *,
    instructions: str,
    voice: str,
    tools: Sequence[dict[str, Any]] = (),
    transcription_model: str = "",
    turn_detection: TurnDetection = TurnDetection(),
    noise_reduction: str = "none",
) -> dict[str, Any]:
    """The `session` of `session.update`; `transcription_model` empty: no transcript of the caller."""
    audio_input: dict[str, Any] = {
        "format": {"type": "audio/pcmu"},
        "turn_detection": turn_detection.config(),
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

"""The session that a call asks for, whatever the model's dialect."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from twilio_rt_cli.bridge.dialect import Dialect


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnDetection:
    """How the server finds the end of the caller's turn."""

    type: Literal["server_vad", "semantic_vad"] = "server_vad"
    threshold: float = 0.5
    silence_ms: int = 500
    prefix_ms: int = 300
    eagerness: Literal["auto", "low", "medium", "high"] = "auto"


BY_SILENCE = TurnDetection()


class SessionConfig(Protocol):
    """Makes the object that `session.update` carries; `transcription_model` empty: no transcript of the caller."""

    def __call__(
        self,
        *,
        instructions: str,
        voice: str,
        tools: Sequence[dict[str, Any]] = ...,
        transcription_model: str = ...,
        turn_detection: TurnDetection = ...,
        noise_reduction: str = ...,
    ) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelDialect(Dialect):
    """A dialect, with the session that is asked for in it."""

    session: SessionConfig

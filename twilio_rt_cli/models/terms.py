"""What holds for every call, whoever answers it: the way to the model, how callers are heard, how long a call lasts."""

from dataclasses import dataclass

from twilio_rt_cli.models.dialects.session import TurnDetection
from twilio_rt_cli.models.provider import Provider


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTerms:
    """What holds for every call, whoever answers it."""

    provider: Provider
    """whose model is another one's when the agent names another"""
    transcription_model: str
    """empty: no transcript of the caller"""
    turn_detection: TurnDetection
    noise_reduction: str
    hold_messages: int
    """of caller audio, while the model's socket is stalled"""
    max_call_s: float

    @property
    def offline(self) -> bool:
        """Whether the offline engine answers: there is no model, no voice to choose and no price."""
        return self.provider.name == "local"

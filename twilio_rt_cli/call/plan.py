"""What a call should be like: everything the Call needs to know before it begins. Plain values, no settings object."""

from dataclasses import dataclass
from typing import Any

from twilio_rt_cli.call.figures.cost import Prices


@dataclass(frozen=True, slots=True, kw_only=True)
class CallPlan:
    """How the agent behaves and what a call may cost in time and memory."""

    session: dict[str, Any]
    """GA session object for `session.update`; made by the model's dialect"""
    greeting: str
    """what the agent says first; empty: it waits for the caller"""
    silence_ms: int = 500
    """silence after which the server ends a turn; taken off `speech_stopped.audio_end_ms` to find the end of speech.
    0: not known"""
    prefix_ms: int = 0
    """audio before the caller's first sound that `speech_started.audio_start_ms` includes"""
    prices: Prices | None = None
    """of the model; None: not known, or it costs nothing"""
    hold_messages: int = 64
    """messages of caller audio held while the model cannot take them; then the oldest go first"""
    model_timeout_s: float = 6.0
    """from `start` until the session must be configured"""
    max_call_s: float = 3600.0
    """hard end of a call"""

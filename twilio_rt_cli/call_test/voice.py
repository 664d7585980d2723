"""The offline voice and recogniser as the caller wants them: text to µ-law, µ-law to text."""

from collections.abc import Callable
from dataclasses import dataclass

from twilio_rt_cli.audio.rate import RATE_HZ
from twilio_rt_cli.caller.loudness import audible_ms, fluent, pieces

_SHORTEST_MS = 250  # the recogniser invents words for anything shorter


@dataclass(frozen=True, slots=True)
class CallerVoice:
    """A mouth and an ear."""

    speak: Callable[[str], bytes]
    """text to 8 kHz µ-law"""
    hear: Callable[[bytes], str]
    """8 kHz µ-law of any length to text; empty when nothing was said"""


def offline_voice() -> CallerVoice:
    """The bundled voice; loading it takes a second or two. Raises MissingExtraError when it is not installed."""
    import numpy as np

    from twilio_rt_cli.audio import mulaw
    from twilio_rt_cli.audio.resample import resample
    from twilio_rt_cli.engine.voice import load_voice_stack

    stack = load_voice_stack()

    def speak(text: str) -> bytes:
        spoken = np.concatenate([np.zeros(0, np.int16), *stack.voice.speak(text)])
        return fluent(mulaw.encode(resample(spoken, stack.voice.sample_rate, RATE_HZ)))

    def hear(audio: bytes) -> str:
        said = (piece for piece in pieces(audio) if audible_ms(piece) >= _SHORTEST_MS)
        return " ".join(stack.recogniser.transcribe(mulaw.decode(piece)).strip() for piece in said).strip()

    return CallerVoice(speak, hear)

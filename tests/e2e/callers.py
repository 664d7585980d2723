"""The real voice stack, and what a caller says with it."""

from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from twilio_rt_cli.audio import mulaw
from twilio_rt_cli.audio.resample import resample
from twilio_rt_cli.engine.voice import VoiceStack, load_voice_stack
from twilio_rt_cli.errors import MissingExtraError

PAUSE_MS = 900


@cache
def _stack() -> VoiceStack:
    return load_voice_stack()


def real_stack() -> VoiceStack:
    """The offline voice, loaded once; skips the test where the extra `local` is not installed."""
    try:
        return _stack()
    except MissingExtraError as error:
        pytest.skip(f"needs the offline voice: {error}")


def spoken_pcm(text: str) -> bytes:
    """A sentence and the silence after it, as PCM at 24 kHz."""
    pause = np.zeros(24 * PAUSE_MS, dtype=np.int16)
    return np.concatenate([*real_stack().voice.speak(text), pause]).astype("<i2").tobytes()


def spoken_mulaw(text: str) -> bytes:
    """A sentence and the silence after it, as µ-law at 8 kHz."""
    pcm: NDArray[np.int16] = np.frombuffer(spoken_pcm(text), dtype="<i2").astype(np.int16)
    return mulaw.encode(resample(pcm, 24_000, 8_000))


def heard(audio: bytes) -> str:
    """What the recogniser hears in agent audio, PCM at 24 kHz."""
    pcm = np.frombuffer(audio, dtype="<i2").astype(np.int16)
    return real_stack().recogniser.transcribe(resample(pcm, 24_000, 8_000)).lower()

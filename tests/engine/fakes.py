"""A voice stack without models: loud audio is speech, words are scripted, the voice hums. And brains to try it with."""

import threading
from collections.abc import Iterator
from datetime import date

import numpy as np
from numpy.typing import NDArray

from twilio_rt_cli.audio import mulaw
from twilio_rt_cli.engine.session.prompt import Decision, Prompt, Say
from twilio_rt_cli.engine.voice import VoiceStack

Pcm = NDArray[np.int16]
MS_PER_CHARACTER = 50


class LoudIsSpeech:
    """Voice activity by loudness alone."""

    def probability(self, pcm8k: Pcm) -> float:
        """1 for loud audio, 0 for silence."""
        return float(np.abs(pcm8k).mean() > 500)

    def reset(self) -> None:
        """Nothing to forget."""


class Script:
    """A recogniser that hears, one after another, what it is told beforehand; then nothing."""

    def __init__(self, *texts: str) -> None:
        self._texts = list(texts)
        self.heard_ms: list[int] = []

    def transcribe(self, pcm8k: Pcm) -> str:
        """The next text."""
        self.heard_ms.append(len(pcm8k) // 8)
        return self._texts.pop(0) if self._texts else ""


class Deaf:
    """A recogniser that breaks."""

    def transcribe(self, pcm8k: Pcm) -> str:
        """Raises RuntimeError."""
        raise RuntimeError("no ears")


class Hum:
    """A voice that hums for 50 ms a character, a word at a time; it waits at `gate` before each chunk but the first."""

    sample_rate = 24_000

    def __init__(self, gate: threading.Event | None = None) -> None:
        self._gate = gate
        self._spoke = threading.Event()
        self.chunks = 0

    def settled(self) -> int:
        """How many chunks were asked for when none was for a quarter of a second; blocks until then."""
        self._spoke.wait(10)
        while self._spoke.wait(0.25):
            self._spoke.clear()
        return self.chunks

    def speak(self, text: str) -> Iterator[Pcm]:
        """PCM at 24 kHz."""
        for index, word in enumerate(text.split()):
            if index and self._gate is not None and not self._gate.wait(10):
                raise TimeoutError
            self.chunks += 1
            self._spoke.set()
            yield tone(MS_PER_CHARACTER * (len(word) + 1), 24_000)


class Mute:
    """A voice that breaks after a word."""

    sample_rate = 24_000

    def speak(self, text: str) -> Iterator[Pcm]:
        """A word, then RuntimeError."""
        yield tone(400, 24_000)
        raise RuntimeError("no breath")


class Pondering:
    """A brain that says what it is given, one after another; it waits at `gate` before each but the first."""

    def __init__(self, gate: threading.Event, *texts: str) -> None:
        self._gate = gate
        self._texts = list(texts)
        self._asked = 0
        self.thinking = threading.Event()
        """set while it waits"""

    def decide(self, prompt: Prompt, today: date) -> Decision:
        """The next text."""
        self._asked += 1
        if self._asked > 1:
            self.thinking.set()
            if not self._gate.wait(10):
                raise TimeoutError
        return Say(self._texts.pop(0))


class Stumped:
    """A brain that breaks."""

    def decide(self, prompt: Prompt, today: date) -> Decision:
        """Raises RuntimeError."""
        raise RuntimeError("no idea")


def tone(ms: int, rate: int) -> Pcm:
    """A loud hum."""
    at = np.arange(rate * ms // 1000)
    return (8000 * np.sin(2 * np.pi * 220 * at / rate)).astype(np.int16)


def speech(ms: int) -> bytes:
    """µ-law that counts as speech."""
    return mulaw.encode(tone(ms, 8000))


def silence(ms: int) -> bytes:
    """µ-law that does not."""
    return b"\xff" * 8 * ms


def stack(*heard: str, gate: threading.Event | None = None) -> VoiceStack:
    """A stack whose recogniser hears these texts."""
    return VoiceStack(LoudIsSpeech, Script(*heard), Hum(gate))

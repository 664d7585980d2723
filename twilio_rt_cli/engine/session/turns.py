"""Where the caller's turns begin and end: server_vad over any detector of voice activity.

Audio is judged in windows of 32 ms. Silent, two windows in a row at or above the threshold begin a turn: one alone may
be a click. Speaking, a window counts as speech down to 0.15 below the threshold, since soft syllables belong to the
turn; when the silence since the last such window reaches `silence_duration_ms`, the turn has ended.
All times are counted in the audio fed so far, in whole milliseconds; there is no clock here.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from twilio_rt_cli.audio import mulaw

WINDOW = 256
"""Samples at 8 kHz that are judged at once: 32 ms."""

WINDOW_MS = 32
_WINDOWS_TO_START = 2
_HYSTERESIS = 0.15
_LOWEST_THRESHOLD = 0.01  # below it, silence itself would be speech and no turn would ever end


class VoiceActivity(Protocol):
    """Tells speech from everything else; keeps a memory of what came before, so each line of audio has its own."""

    def probability(self, pcm8k: NDArray[np.int16]) -> float:
        """How likely the next 256 samples (32 ms at 8 kHz) are speech, 0 to 1."""

    def reset(self) -> None:
        """Forget what came before."""


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """The caller began to speak."""

    audio_start_ms: int
    """The onset less the prefix padding, not before the end of the turn before."""


@dataclass(frozen=True, slots=True)
class SpeechStopped:
    """The caller's turn has ended."""

    audio_end_ms: int
    """The end of the silence that ended the turn."""

    speech_ms: int
    """How much of the turn was speech; under some 250 ms there is hardly a word in it."""


class TurnDetector:
    """Turns in one line of 8 kHz µ-law audio; the settings are those of `turn_detection` (Realtime API, server_vad)."""

    def __init__(
        self,
        activity: VoiceActivity,
        threshold: float = 0.5,
        prefix_padding_ms: int = 300,
        silence_duration_ms: int = 500,
    ) -> None:
        self._activity = activity
        self._threshold = max(threshold, _LOWEST_THRESHOLD)
        self._prefix_padding_ms = prefix_padding_ms
        self._silence_duration_ms = silence_duration_ms
        self._held = b""
        self._judged_ms = 0
        self._turn_end_ms = 0  # of the turn before
        self._rising = 0  # windows in a row above the threshold, while silent
        self._speech_ms: int | None = None  # in the turn that goes on; None while silent
        self._spoke_until_ms = 0

    @property
    def speaking(self) -> bool:
        """Whether a turn goes on."""
        return self._speech_ms is not None

    def feed(self, audio: bytes) -> list[SpeechStarted | SpeechStopped]:
        """The turns that began or ended within this audio, in order; any length, what is short of a window waits."""
        self._held += audio
        whole = len(self._held) // WINDOW * WINDOW
        pcm, self._held = mulaw.decode(self._held[:whole]), self._held[whole:]
        events = (self._judge(self._activity.probability(window)) for window in pcm.reshape(-1, WINDOW))
        return [event for event in events if event is not None]

    def _judge(self, probability: float) -> SpeechStarted | SpeechStopped | None:
        self._judged_ms += WINDOW_MS
        if self._speech_ms is None:
            return self._listen(probability)
        if probability >= max(self._threshold - _HYSTERESIS, _LOWEST_THRESHOLD):
            self._speech_ms += WINDOW_MS
            self._spoke_until_ms = self._judged_ms
        return self._stop() if self._judged_ms >= self._turn_due_ms() else None

    def _listen(self, probability: float) -> SpeechStarted | None:
        self._rising = self._rising + 1 if probability >= self._threshold else 0
        if self._rising < _WINDOWS_TO_START:
            return None
        self._speech_ms = self._rising * WINDOW_MS
        self._spoke_until_ms = self._judged_ms
        onset_ms = self._judged_ms - self._speech_ms
        return SpeechStarted(max(onset_ms - self._prefix_padding_ms, self._turn_end_ms))

    def _turn_due_ms(self) -> int:
        """When the turn ends if nothing more is said."""
        return self._spoke_until_ms + max(self._silence_duration_ms, 1)

    def _stop(self) -> SpeechStopped:
        assert self._speech_ms is not None
        self._turn_end_ms = self._turn_due_ms()
        stopped = SpeechStopped(self._turn_end_ms, self._speech_ms)
        self._speech_ms = None
        self._rising = 0
        return stopped

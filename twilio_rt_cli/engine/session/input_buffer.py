"""The input audio buffer: what the caller said and nobody committed yet, as µ-law at 8 kHz.

Positions are milliseconds of audio written since the session began; clearing and committing do not set them back
(OpenAI Realtime, "input_audio_buffer.speech_started": audio_start_ms counts all audio written to the buffer).
"""

from twilio_rt_cli.audio.rate import PER_MS
from twilio_rt_cli.engine.session.refusals import RefusedError

MIN_COMMIT_MS = 100
# What is kept while nobody speaks: enough for any prefix padding and for a commit by hand beside turn detection.
_IDLE_MS = 30_000
_SPEECH_MS = 300_000
_MANUAL_MS = 900_000


class InputBuffer:
    """Bounded audio with absolute positions."""

    def __init__(self) -> None:
        self._audio = bytearray()
        self._start = 0

    @property
    def written_ms(self) -> int:
        """Audio written since the session began."""
        return (self._start + len(self._audio)) // PER_MS

    @property
    def held_ms(self) -> float:
        """Audio held now."""
        return len(self._audio) / PER_MS

    def append(self, audio: bytes) -> None:
        """Add µ-law audio."""
        self._audio += audio

    def cut(self, start_ms: int, end_ms: int) -> bytes:
        """The audio from `start_ms` to `end_ms`, as far as it is held; it and all before it are dropped."""
        first = max(0, start_ms * PER_MS - self._start)
        last = max(first, end_ms * PER_MS - self._start)
        audio = bytes(self._audio[first:last])
        self._drop(min(last, len(self._audio)))
        return audio

    def peek(self, start_ms: int, end_ms: int) -> bytes:
        """The audio from `start_ms` to `end_ms`, as far as it is held; it stays."""
        first = max(0, start_ms * PER_MS - self._start)
        return bytes(self._audio[first : max(first, end_ms * PER_MS - self._start)])

    def take(self) -> bytes:
        """All audio held. Raises RefusedError when it is less than the 100 ms that a commit needs."""
        if self.held_ms < MIN_COMMIT_MS:
            raise RefusedError(
                "Error committing input audio buffer: buffer too small. Expected at least 100ms of audio, "
                f"but buffer only has {self.held_ms:.2f}ms of audio.",
                "input_audio_buffer_commit_empty",
            )
        audio = bytes(self._audio)
        self._drop(len(audio))
        return audio

    def clear(self) -> None:
        """Drop the audio, keep counting."""
        self._drop(len(self._audio))

    def trim(self, *, speaking: bool, detecting: bool) -> None:
        """Drop the oldest audio beyond what can still be needed, so that a session cannot grow without limit."""
        limit_ms = _MANUAL_MS if not detecting else _SPEECH_MS if speaking else _IDLE_MS
        # In steps of a second: moving the array's start for every frame would cost more than it frees.
        if self.held_ms > limit_ms + 1000:
            self._drop(len(self._audio) - limit_ms * PER_MS)

    def _drop(self, count: int) -> None:
        del self._audio[:count]
        self._start += count

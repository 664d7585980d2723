"""Between the session's audio formats and the µ-law at 8 kHz that the engine hears with."""

import numpy as np
from numpy.typing import NDArray

from twilio_rt_cli.audio import mulaw
from twilio_rt_cli.audio.rate import RATE_HZ
from twilio_rt_cli.audio.resample import Resampler, resample
from twilio_rt_cli.engine.session.config import AudioFormat, PcmuFormat, Voice

PCM_RATE = 24_000


class InputDecoder:
    """Client audio in one format, chunk by chunk, to µ-law at 8 kHz."""

    def __init__(self, audio_format: AudioFormat) -> None:
        self._resampler = None if isinstance(audio_format, PcmuFormat) else Resampler(PCM_RATE, RATE_HZ)
        self._odd = b""

    def feed(self, audio: bytes) -> bytes:
        """The µ-law of `audio`; PCM may be cut anywhere, an odd byte waits for its other half."""
        if self._resampler is None:
            return audio
        audio = self._odd + audio
        whole = len(audio) // 2 * 2
        self._odd = audio[whole:]
        return mulaw.encode(self._resampler.feed(np.frombuffer(audio[:whole], dtype="<i2").astype(np.int16)))


class OutputEncoder:
    """The voice's 24 kHz PCM, chunk by chunk, to bytes in one format."""

    def __init__(self, audio_format: AudioFormat) -> None:
        self._resampler = Resampler(PCM_RATE, RATE_HZ) if isinstance(audio_format, PcmuFormat) else None

    def feed(self, pcm: NDArray[np.int16]) -> bytes:
        """The bytes of this chunk."""
        if self._resampler is None:
            return pcm.astype("<i2").tobytes()
        return mulaw.encode(self._resampler.feed(pcm))

    def flush(self) -> bytes:
        """What the resampler still holds, after the last chunk."""
        return b"" if self._resampler is None else mulaw.encode(self._resampler.flush())


def to_format(audio: bytes, audio_format: AudioFormat) -> bytes:
    """µ-law at 8 kHz as bytes in a session's format."""
    if isinstance(audio_format, PcmuFormat):
        return audio
    return resample(mulaw.decode(audio), RATE_HZ, PCM_RATE).astype("<i2").tobytes()


def duration_ms(size: int, audio_format: AudioFormat) -> int:
    """How long so many bytes in a format sound, in whole milliseconds, rounded down."""
    return size // bytes_per_ms(audio_format)


def bytes_per_ms(audio_format: AudioFormat) -> int:
    """8 for µ-law at 8 kHz, 48 for PCM at 24 kHz."""
    return 8 if isinstance(audio_format, PcmuFormat) else 48


def voice_name(voice: Voice) -> str:
    """A voice as a response shows it: its name, or a custom voice's id."""
    return voice if isinstance(voice, str) else voice.id

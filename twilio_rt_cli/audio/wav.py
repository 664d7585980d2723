"""WAV files: any common kind in, 16-bit PCM out.

Reads integer PCM of 8 to 32 bits, 32 and 64-bit float and G.711 µ-law, any number of channels, also in the extensible
header that editors write, and files whose sizes were never filled in because they came through a pipe.
"""

import struct
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twilio_rt_cli.audio import mulaw
from twilio_rt_cli.audio.rate import RATE_HZ
from twilio_rt_cli.audio.resample import resample

_EXTENSIBLE = 0xFFFE  # a format tag (mmreg.h), as 1 is PCM, 3 float and 7 µ-law


def read_mono(path: Path) -> tuple[NDArray[np.int16], int]:
    """The audio as 16-bit PCM, its channels averaged, and its rate in Hz.

    Raises ValueError with a sentence for what is not a WAV file we can read, OSError where there is no such file.
    """
    form, sound = _chunks(path)
    frames = len(sound) // form.frame_bytes
    samples = _samples(sound[: frames * form.frame_bytes], form, path)
    mono = samples.reshape(frames, form.channels).mean(axis=1) if form.channels > 1 else samples
    return np.clip(np.rint(mono), -32768, 32767).astype(np.int16), form.rate


def read_mulaw(path: Path) -> bytes:
    """The audio as 8 kHz µ-law. Raises as `read_mono`."""
    pcm, rate = read_mono(path)
    try:
        return mulaw.encode(resample(pcm, rate, RATE_HZ))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def write_stereo(path: Path, left: bytes, right: bytes) -> None:
    """Writes two 8 kHz µ-law tracks as one 16-bit stereo file, the shorter track padded with silence."""
    length = max(len(left), len(right))
    tracks = [mulaw.decode(track.ljust(length, bytes([mulaw.SILENCE_BYTE]))) for track in (left, right)]
    with path.open("wb") as file, wave.open(file) as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(RATE_HZ)
        out.writeframes(np.stack(tracks, axis=1).astype("<i2").tobytes())


@dataclass(frozen=True, slots=True)
class _Format:
    tag: int
    channels: int
    rate: int
    bits: int

    @property
    def frame_bytes(self) -> int:
        return self.channels * self.bits // 8


def _chunks(path: Path) -> tuple[_Format, bytes]:
    """The format and the sound of a file; a chunk that says it is longer than the file ends with the file."""
    content = path.read_bytes()
    if content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        raise ValueError(f"{path} is not a WAV file")
    form: _Format | None = None
    at = 12
    while at + 8 <= len(content):
        name, size = struct.unpack_from("<4sI", content, at)
        body = content[at + 8 : at + 8 + size]
        if name == b"fmt ":
            form = _format(body, path)
        if name == b"data":
            if form is None:
                raise ValueError(f"{path} is a damaged WAV file: its sound comes before its format")
            return form, body
        at += 8 + size + size % 2
    raise ValueError(f"{path} is a WAV file without sound")


def _format(body: bytes, path: Path) -> _Format:
    if len(body) < 16:
        raise ValueError(f"{path} is a damaged WAV file: its format is cut short")
    tag, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", body)
    if tag == _EXTENSIBLE and len(body) >= 26:
        (tag,) = struct.unpack_from("<H", body, 24)  # the sub-format's GUID begins with the plain tag
    if channels == 0 or rate == 0 or bits == 0 or bits % 8:
        raise ValueError(f"{path} is a damaged WAV file: {channels} channels, {rate} Hz, {bits} bits")
    return _Format(tag, channels, rate, bits)


def _samples(sound: bytes, form: _Format, path: Path) -> NDArray[np.float64]:
    """All samples in file order, on the scale of 16 bits."""
    match form.tag, form.bits:
        case (1, 16):
            return np.frombuffer(sound, "<i2").astype(np.float64)
        case (7, 8):
            return mulaw.decode(sound).astype(np.float64)
        case (1, 8):
            return (np.frombuffer(sound, np.uint8).astype(np.float64) - 128) * 256
        case (1, 24):
            return _widened(sound).astype(np.float64) / 65536
        case (1, 32):
            return np.frombuffer(sound, "<i4").astype(np.float64) / 65536
        case (3, 32) | (3, 64):
            floats = np.frombuffer(sound, f"<f{form.bits // 8}").astype(np.float64)
            return np.nan_to_num(floats, posinf=1.0, neginf=-1.0) * 32768
    kind = f"format {form.tag}, {form.bits} bits"
    raise ValueError(f"{path} holds a kind of WAV we cannot read ({kind}); convert it to PCM")


def _widened(sound: bytes) -> NDArray[np.int32]:
    """24-bit samples in the upper three bytes of 32-bit ones."""
    wide = np.zeros((len(sound) // 3, 4), dtype=np.uint8)
    wide[:, 1:] = np.frombuffer(sound, np.uint8).reshape(-1, 3)
    return wide.view("<i4").reshape(-1)

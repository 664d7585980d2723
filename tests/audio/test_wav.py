"""Every kind of WAV a person may have, written here byte by byte."""

import struct
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from twilio_rt_cli.audio import mulaw
from twilio_rt_cli.audio.tones import tone
from twilio_rt_cli.audio.wav import read_mono, read_mulaw, write_stereo

SOUND = np.array([0, 1000, -1000, 12345, -32768, 32767, 256, -256], dtype=np.int16)


def wav(tag: int, channels: int, rate: int, bits: int, sound: bytes, *, size: int | None = None) -> bytes:
    form = struct.pack("<HHIIHH", tag, channels, rate, rate * channels * bits // 8, channels * bits // 8, bits)
    chunks = [(b"LIST", b"odd"), (b"fmt ", form), (b"junk", b"")]
    head = b"".join(struct.pack("<4sI", name, len(body)) + body + b"\0" * (len(body) % 2) for name, body in chunks)
    body = b"WAVE" + head + struct.pack("<4sI", b"data", len(sound) if size is None else size) + sound
    return b"RIFF" + struct.pack("<I", len(body)) + body


def extensible(sound: bytes) -> bytes:
    guid = struct.pack("<H", 1) + bytes.fromhex("000000001000800000aa00389b71")
    form = struct.pack("<HHIIHHHHI", 0xFFFE, 1, 8000, 16000, 2, 16, 22, 16, 4) + guid
    body = b"WAVE" + struct.pack("<4sI", b"fmt ", len(form)) + form + struct.pack("<4sI", b"data", len(sound)) + sound
    return b"RIFF" + struct.pack("<I", len(body)) + body


def twenty_four(pcm: NDArray[np.int16]) -> bytes:
    return b"".join((int(sample) * 256).to_bytes(3, "little", signed=True) for sample in pcm)


PLAIN = SOUND.astype("<i2").tobytes()
KINDS = {
    "16 bit": (wav(1, 1, 8000, 16, PLAIN), SOUND),
    "8 bit": (wav(1, 1, 8000, 8, ((SOUND >> 8) + 128).astype(np.uint8).tobytes()), (SOUND >> 8) * 256),
    "24 bit": (wav(1, 1, 8000, 24, twenty_four(SOUND)), SOUND),
    "32 bit": (wav(1, 1, 8000, 32, (SOUND.astype("<i4") << 16).tobytes()), SOUND),
    "float": (wav(3, 1, 8000, 32, (SOUND / 32768).astype("<f4").tobytes()), SOUND),
    "double": (wav(3, 1, 8000, 64, (SOUND / 32768).astype("<f8").tobytes()), SOUND),
    "µ-law": (wav(7, 1, 8000, 8, mulaw.encode(SOUND)), mulaw.decode(mulaw.encode(SOUND))),
    "extensible": (extensible(PLAIN), SOUND),
    "from a pipe": (wav(1, 1, 8000, 16, PLAIN, size=0xFFFFFFFF), SOUND),
    "cut short": (wav(1, 1, 8000, 16, PLAIN[:-1], size=len(PLAIN)), SOUND[:-1]),
    "stereo": (wav(1, 2, 8000, 16, np.repeat(SOUND, 2).astype("<i2").tobytes()), SOUND),
}


@pytest.mark.parametrize("kind", KINDS)
def test_any_kind_is_read(tmp_path: Path, kind: str) -> None:
    content, wanted = KINDS[kind]
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    pcm, rate = read_mono(path)
    assert rate == 8000
    assert pcm.dtype == np.int16
    assert pcm.tolist() == wanted.tolist()


def test_channels_are_averaged_without_overflow(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(wav(1, 2, 8000, 16, np.array([30000, 30000, 100, -300], dtype="<i2").tobytes()))
    assert read_mono(path)[0].tolist() == [30000, -100]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is not a WAV file"),
        (b"ID3\x04 not a WAV but an MP3", "is not a WAV file"),
        (wav(1, 1, 8000, 16, b"")[:30], "is a WAV file without sound"),
        (wav(1, 0, 8000, 16, PLAIN), "is a damaged WAV file: 0 channels, 8000 Hz, 16 bits"),
        (wav(1, 1, 8000, 0, PLAIN), "is a damaged WAV file: 1 channels, 8000 Hz, 0 bits"),
        (wav(2, 1, 8000, 8, PLAIN), r"holds a kind of WAV we cannot read \(format 2, 8 bits\)"),
        (wav(1, 1, 7, 16, PLAIN), "a.wav: cannot resample audio of 7 Hz"),
    ],
)
def test_what_cannot_be_read_is_told_in_a_sentence(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=sentence):
        read_mulaw(path)


def test_a_missing_file_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_mono(tmp_path / "none.wav")


def test_any_rate_becomes_telephone_mulaw(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    samples = np.rint(8000 * np.sin(2 * np.pi * 440 * np.arange(44100) / 44100)).astype("<i2")
    path.write_bytes(wav(1, 1, 44100, 16, samples.tobytes()))
    sound = read_mulaw(path)
    assert len(sound) == 8000
    spectrum = np.abs(np.fft.rfft(mulaw.decode(sound).astype(np.float64)))
    assert int(np.argmax(spectrum)) == 440
    assert mulaw.level_dbfs(sound) == pytest.approx(-15.25, abs=0.1)


def test_stereo_keeps_both_tracks_apart_and_pads_the_shorter(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    left, right = tone(440, 100, -10), tone(1000, 60, -10)
    write_stereo(path, left, right)
    content = path.read_bytes()
    assert struct.unpack_from("<HHIIHH", content, 20) == (1, 2, 8000, 32000, 4, 16)
    tracks = np.frombuffer(content[44:], dtype="<i2").reshape(-1, 2)
    assert tracks[:, 0].tolist() == mulaw.decode(left).tolist()
    assert tracks[:, 1].tolist() == [*mulaw.decode(right).tolist(), *[0] * 320]

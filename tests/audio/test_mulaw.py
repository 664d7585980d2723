"""The tables against the recommendation's own figures, and the properties every codec of it has."""

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twilio_rt_cli.audio import mulaw
from twilio_rt_cli.audio.tones import tone

EVERY_SAMPLE = np.arange(-32768, 32768).astype(np.int16)
EVERY_CODE = bytes(range(256))

# ITU-T G.711, tables 2a and 2b: a code and the 14-bit value it decodes to, at the ends of each segment.
KNOWN = {0xFF: 0, 0xFE: 2, 0xF0: 30, 0xEF: 33, 0xE0: 93, 0xDF: 99, 0xD0: 219, 0xC0: 471, 0xB0: 975, 0xA0: 1983,
         0x90: 3999, 0x8F: 4191, 0x80: 8031, 0x7F: 0, 0x7E: -2, 0x00: -8031}  # fmt: skip


def test_decodes_the_values_of_the_recommendation() -> None:
    assert mulaw.decode(bytes(KNOWN)).tolist() == [4 * value for value in KNOWN.values()]


def test_every_code_and_every_sample_agree_with_other_implementations() -> None:
    """Digests of what CPython 3.11's audioop gives for all 256 codes and all 65,536 samples."""
    decoded = mulaw.decode(EVERY_CODE).astype("<i2").tobytes()
    assert hashlib.sha256(decoded).hexdigest() == "3dab54339e520bb2c924826e3b72a917a2b612e9fd12fc867500f1d983a75827"
    encoded = mulaw.encode(EVERY_SAMPLE)
    assert hashlib.sha256(encoded).hexdigest() == "81d633c9e6972a18c74a58720b96cb8ca0bdd096d4060b646dd708c3b846019a"


def test_every_code_survives_decode_and_encode_but_negative_zero() -> None:
    back = mulaw.encode(mulaw.decode(EVERY_CODE))
    assert back == EVERY_CODE.replace(b"\x7f", bytes([mulaw.SILENCE_BYTE]))


def test_loss_is_half_a_step_at_most_and_louder_never_decodes_softer() -> None:
    heard = mulaw.decode(mulaw.encode(EVERY_SAMPLE)).astype(np.int32)
    assert np.all(np.diff(heard) >= 0)
    inside = np.abs(EVERY_SAMPLE.astype(np.int32)) <= 32635
    half_a_step = (np.abs(heard) + 132) / 32
    assert np.all(np.abs(heard - EVERY_SAMPLE)[inside] <= half_a_step[inside] + 3)  # 3: from 16 bits to 14


@given(st.lists(st.integers(-32768, 32767)))
def test_a_cut_anywhere_changes_nothing(samples: list[int]) -> None:
    pcm = np.array(samples, dtype=np.int16)
    assert b"".join(mulaw.encode(pcm[at : at + 7]) for at in range(0, len(pcm), 7)) == mulaw.encode(pcm)
    assert mulaw.encode(pcm[::2]) == mulaw.encode(pcm)[::2]  # a strided view is read as what it shows


@pytest.mark.parametrize("level", [-3.5, -20.0, -40.0])
def test_level_is_the_rms_of_a_tone(level: float) -> None:
    assert mulaw.level_dbfs(tone(1000, 1000, level)) == pytest.approx(level, abs=0.3)


def test_silence_has_the_lowest_level() -> None:
    assert mulaw.level_dbfs(b"") == mulaw.level_dbfs(b"\xff\x7f" * 80) == -96.0

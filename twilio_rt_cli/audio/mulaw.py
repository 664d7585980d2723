"""G.711 µ-law: 16-bit PCM to one byte a sample and back, by table.

The tables follow ITU-T G.711, table 2, in the 14-bit arithmetic that the recommendation itself is written in, so the
bytes are those of every other implementation of it. They are built at the first call and kept.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

SILENCE_BYTE = 0xFF
"""The µ-law byte of a zero sample (positive zero; 0x7F, negative zero, decodes to 0 as well)."""

SILENCE_DBFS = -96.0
"""What `level_dbfs` says of silence: the floor of 16-bit audio."""

_BIAS = 33  # added before the segment is found, so that every segment starts at a power of two (14-bit scale)
_CLIP = 8158  # the largest magnitude that still fits segment 7 with the bias (14-bit scale)


def encode(pcm: NDArray[np.int16]) -> bytes:
    """µ-law bytes of 16-bit PCM, one a sample."""
    samples = np.ascontiguousarray(pcm, dtype=np.int16)
    return _encode_table()[samples.view(np.uint16)].tobytes()


def decode(mulaw: bytes) -> NDArray[np.int16]:
    """16-bit PCM of µ-law bytes, within ±32124."""
    return _decode_table()[np.frombuffer(mulaw, dtype=np.uint8)]


def level_dbfs(mulaw: bytes) -> float:
    """Loudness (RMS) in dB relative to full scale, a square wave at ±32768 being 0; -96.0 for silence or no audio."""
    if not mulaw:
        return SILENCE_DBFS
    power = float(np.mean(np.square(decode(mulaw), dtype=np.float64)))
    if power == 0:
        return SILENCE_DBFS
    return max(SILENCE_DBFS, 10 * float(np.log10(power / 32768**2)))


@cache
def _encode_table() -> NDArray[np.uint8]:
    """The code of every 16-bit sample, indexed by its bits read as unsigned."""
    samples = np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int32) >> 2
    magnitude = np.minimum(np.abs(samples), _CLIP) + _BIAS
    segment = np.searchsorted(1 << np.arange(6, 13), magnitude, side="right")
    step = magnitude >> (segment + 1) & 0x0F
    mask = np.where(samples < 0, 0x7F, 0xFF)  # codes travel inverted; the sign bit is 1 for positive
    table: NDArray[np.uint8] = ((segment << 4 | step) ^ mask).astype(np.uint8)
    table.flags.writeable = False
    return table


@cache
def _decode_table() -> NDArray[np.int16]:
    """The sample of every code: the middle of its interval, scaled from 14 to 16 bits."""
    codes = ~np.arange(256, dtype=np.uint8)
    segment = (codes >> 4 & 0x07).astype(np.int32)
    step = (codes & 0x0F).astype(np.int32)
    magnitude = ((2 * step + _BIAS << segment) - _BIAS) * 4
    table: NDArray[np.int16] = np.where(codes & 0x80, -magnitude, magnitude).astype(np.int16)
    table.flags.writeable = False
    return table

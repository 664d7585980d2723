"""Tones as 8 kHz µ-law: telephone keys and test signals, with soft edges so that they do not click."""

import numpy as np
from numpy.typing import NDArray

from twilio_rt_cli.audio import mulaw
from twilio_rt_cli.audio.rate import RATE_HZ

_EDGE_MS = 4
_DTMF_DBFS = -13.0  # each of the two frequencies; together -10 dBFS, a firm key press
_ROWS_HZ = (697, 770, 852, 941)
_COLUMNS_HZ = (1209, 1336, 1477, 1633)
_KEYS = ("123A", "456B", "789C", "*0#D")


def dtmf(digit: str, ms: int = 120) -> bytes:
    """The tone pair of one telephone key, 0-9 * # A-D (ITU-T Q.23). Raises ValueError for any other."""
    for row_hz, keys in zip(_ROWS_HZ, _KEYS, strict=True):
        if len(digit) == 1 and digit.upper() in keys:
            column_hz = _COLUMNS_HZ[keys.index(digit.upper())]
            return _mulaw(_sine(row_hz, ms, _DTMF_DBFS) + _sine(column_hz, ms, _DTMF_DBFS))
    raise ValueError(f"{digit!r} is not a telephone key: 0-9, *, # and A-D are")


def tone(hz: float, ms: int, level_dbfs: float) -> bytes:
    """One sine of `level_dbfs` (RMS; -3 is the loudest that is not clipped)."""
    return _mulaw(_sine(hz, ms, level_dbfs))


def _sine(hz: float, ms: int, level_dbfs: float) -> NDArray[np.float64]:
    seconds = np.arange(ms * RATE_HZ // 1000) / RATE_HZ
    peak = 32768 * np.sqrt(2) * 10 ** (level_dbfs / 20)
    wave: NDArray[np.float64] = peak * np.sin(2 * np.pi * hz * seconds)
    return wave


def _mulaw(wave: NDArray[np.float64]) -> bytes:
    edge = min(_EDGE_MS * RATE_HZ // 1000, len(wave) // 2)
    rise = (1 - np.cos(np.pi * (np.arange(edge) + 0.5) / edge)) / 2 if edge else np.ones(0)
    shape = np.concatenate((rise, np.ones(len(wave) - 2 * edge), rise[::-1]))
    return mulaw.encode(np.clip(np.rint(wave * shape), -32768, 32767).astype(np.int16))

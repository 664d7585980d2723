"""Change of sample rate by a windowed-sinc low-pass filter, for whole recordings and for audio that arrives in pieces.

Every L output samples use the same M input samples further on (to_rate/from_rate = L/M in lowest terms), so a block of
output is one window of input times one fixed matrix. The coefficients are whole numbers held as float64: each sum is
exact, whatever the order it is added in, so the result does not depend on how the audio was cut into pieces.

The pass band is flat to 42 % of the lower rate (3.38 kHz for telephone audio) and everything from half of it on is
at least 75 dB down. Output sample n stands for the input at time n/to_rate: nothing is delayed.
"""

from fractions import Fraction
from functools import lru_cache
from math import ceil

import numpy as np
from numpy.typing import NDArray

_SCALE = 1 << 20  # 16-bit samples times coefficients of this size, summed over a thousand taps, stay within 2^53
_CROSSINGS = 32  # zero crossings of the sinc on each side: the width of the transition band
_KAISER_BETA = 8.0  # side lobes 80 dB down
_ROLL_OFF = 0.9225  # centre of the transition band, relative to half the lower rate
_BLOCK = 64  # at least so many input samples a matrix row works on: 8 ms at 8 kHz
_SLAB = 1 << 18  # input samples worked on at once, to bound memory
_LARGEST_TERM = 1000  # odd rates (11,111 Hz) are taken at the nearest ratio of this size, well within 0.001 %
_RATES_HZ = range(1_000, 400_001)


class Resampler:
    """Resamples audio piece by piece: `feed` each piece, then `flush` once for the tail.

    The joined output equals `resample` of the joined input. At the usual rates a
    sample comes out when at most 25 ms more have been fed. Raises ValueError for a rate outside 1 to 400 kHz.
    """

    def __init__(self, from_rate: int, to_rate: int) -> None:
        for rate in (from_rate, to_rate):
            if rate not in _RATES_HZ:
                raise ValueError(f"cannot resample audio of {rate} Hz: rates are from 1000 to 400000 Hz")
        ratio = Fraction(to_rate, from_rate).limit_denominator(_LARGEST_TERM)
        self._up, self._down = ratio.numerator, ratio.denominator
        self._copies = self._up == self._down
        self._fed = self._given = 0
        if self._copies:
            return
        blocks = ceil(_BLOCK / self._down)
        self._step = blocks * self._down
        self._matrix = _matrix(self._up, self._down, blocks)
        self._reach = (len(self._matrix) - self._step) // 2
        self._held = np.zeros(self._reach, dtype=np.float64)

    def feed(self, pcm: NDArray[np.int16]) -> NDArray[np.int16]:
        """What can be said so far: the next samples at the new rate, possibly none."""
        if self._copies:
            return np.array(pcm, dtype=np.int16)
        slabs = [self._feed_slab(pcm[at : at + _SLAB]) for at in range(0, len(pcm), _SLAB)]
        return np.concatenate(slabs) if slabs else np.zeros(0, dtype=np.int16)

    def flush(self) -> NDArray[np.int16]:
        """The tail, as if silence followed; then the resampler is as new."""
        if self._copies:
            return np.zeros(0, dtype=np.int16)
        missing = -(-self._fed * self._up // self._down) - self._given
        tail = self._feed_slab(np.zeros(len(self._matrix), dtype=np.int16))[:missing]
        self._held = np.zeros(self._reach, dtype=np.float64)
        self._fed = self._given = 0
        return tail

    def _feed_slab(self, pcm: NDArray[np.int16]) -> NDArray[np.int16]:
        self._held = np.concatenate((self._held, pcm))
        self._fed += len(pcm)
        rows = (len(self._held) - len(self._matrix)) // self._step + 1
        if rows <= 0:
            return np.zeros(0, dtype=np.int16)
        windows = np.lib.stride_tricks.sliding_window_view(self._held, len(self._matrix))[:: self._step][:rows]
        exact = np.ascontiguousarray(windows) @ self._matrix
        self._held = self._held[rows * self._step :].copy()
        self._given += exact.size
        return np.clip(np.rint(exact / _SCALE), -32768, 32767).astype(np.int16).reshape(-1)


def resample(pcm: NDArray[np.int16], from_rate: int, to_rate: int) -> NDArray[np.int16]:
    """The same audio at `to_rate`: ceil(len · to_rate / from_rate) samples. Raises ValueError as `Resampler`."""
    resampler = Resampler(from_rate, to_rate)
    return np.concatenate((resampler.feed(pcm), resampler.flush()))


@lru_cache(maxsize=16)
def _matrix(up: int, down: int, blocks: int) -> NDArray[np.float64]:
    """Coefficients that turn a window of input into blocks x up outputs.

    A window is blocks x down input samples with the filter's reach before and behind them; column k is the filter
    centred on the time of output k.
    """
    cutoff = _ROLL_OFF * min(1.0, up / down)  # relative to half the input rate
    reach = ceil(_CROSSINGS / cutoff)
    step = blocks * down
    taken_at = np.arange(-reach, step + reach)[:, None]
    given_at = np.arange(blocks * up)[None, :] * down / up
    away = taken_at - given_at
    window = np.i0(_KAISER_BETA * np.sqrt(np.clip(1 - (away / reach) ** 2, 0, 1))) / np.i0(_KAISER_BETA)
    taps = cutoff * np.sinc(cutoff * away) * np.where(np.abs(away) <= reach, window, 0)
    matrix: NDArray[np.float64] = np.rint(taps * _SCALE)
    matrix.flags.writeable = False
    return matrix

"""What the filter does to tones, and that pieces give what the whole gives."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from twilio_rt_cli.audio.resample import Resampler, resample

PAIRS = [(8000, 16000), (24000, 8000), (8000, 24000), (44100, 8000), (48000, 8000), (22050, 8000), (16000, 8000)]
EDGE_S = 0.02  # a tone that starts at full level has no defined level at its very ends


def sine(hz: float, rate: int, seconds: float = 0.5) -> NDArray[np.int16]:
    wave: NDArray[np.float64] = 16000 * np.sin(2 * np.pi * hz * np.arange(int(rate * seconds)) / rate)
    return np.rint(wave).astype(np.int16)


def inner(pcm: NDArray[np.int16], rate: int) -> NDArray[np.float64]:
    return pcm[int(rate * EDGE_S) : -int(rate * EDGE_S)].astype(np.float64)


def level_db(pcm: NDArray[np.int16], rate: int) -> float:
    power = np.mean(np.square(inner(pcm, rate)))
    return float(10 * np.log10(power / (16000**2 / 2) + 1e-12))


@pytest.mark.parametrize(("from_rate", "to_rate"), PAIRS)
@pytest.mark.parametrize("hz", [50, 1000, 3380])
def test_speech_band_comes_through_in_place_and_in_level(from_rate: int, to_rate: int, hz: float) -> None:
    given, wanted = resample(sine(hz, from_rate), from_rate, to_rate), sine(hz, to_rate)
    assert len(given) == len(wanted)
    assert level_db(given, to_rate) == pytest.approx(0, abs=0.03)
    assert np.abs(inner(given, to_rate) - inner(wanted, to_rate)).max() <= 40  # 0.25 % of the amplitude, and no delay


@pytest.mark.parametrize(("from_rate", "to_rate"), PAIRS)
def test_a_constant_stays_one_at_every_phase_of_the_filter(from_rate: int, to_rate: int) -> None:
    given = resample(np.full(from_rate // 4, 32000, dtype=np.int16), from_rate, to_rate)
    assert np.abs(inner(given, to_rate) - 32000).max() <= 1


@pytest.mark.parametrize("from_rate", [16000, 22050, 24000, 44100, 48000])
@pytest.mark.parametrize("hz", [4010, 4500, 6000, 7900])
def test_what_would_alias_is_rejected(from_rate: int, hz: float) -> None:
    assert level_db(resample(sine(hz, from_rate), from_rate, 8000), 8000) < -75


@pytest.mark.parametrize("to_rate", [16000, 24000])
def test_upsampling_adds_no_images(to_rate: int) -> None:
    given = inner(resample(sine(3000, 8000), 8000, to_rate), to_rate)
    spectrum = np.abs(np.fft.rfft(given * np.hanning(len(given))))
    hz = np.fft.rfftfreq(len(given), 1 / to_rate)
    assert 20 * np.log10(spectrum[hz > 4100].max() / spectrum.max()) < -75


@given(
    rates=st.sampled_from([*PAIRS, (8000, 8000), (11111, 8000)]),
    cuts=st.lists(st.integers(0, 900), max_size=12),
    seed=st.integers(0, 2**32 - 1),
)
def test_pieces_give_exactly_what_the_whole_gives(rates: tuple[int, int], cuts: list[int], seed: int) -> None:
    pcm = np.random.default_rng(seed).integers(-32768, 32768, sum(cuts), dtype=np.int16)
    resampler = Resampler(*rates)
    pieces, at = [], 0
    for cut in cuts:
        pieces.append(resampler.feed(pcm[at : at + cut]))
        at += cut
    joined = np.concatenate([*pieces, resampler.flush()])
    assert np.array_equal(joined, resample(pcm, *rates))


def test_a_flushed_resampler_is_as_new() -> None:
    resampler = Resampler(24000, 8000)
    first = np.concatenate((resampler.feed(sine(440, 24000)), resampler.flush()))
    assert np.array_equal(np.concatenate((resampler.feed(sine(440, 24000)), resampler.flush())), first)


def test_speech_leaves_soon_after_it_came() -> None:
    for from_rate, to_rate in PAIRS:
        given = Resampler(from_rate, to_rate).feed(sine(440, from_rate, 0.1))
        assert 100 - 1000 * len(given) / to_rate <= 25


def test_full_scale_is_clipped_and_does_not_wrap() -> None:
    square = np.repeat(np.array([32767, -32768] * 20, dtype=np.int16), 40)
    given = resample(square, 8000, 16000).astype(np.int32)
    assert given.max() == 32767
    assert given.min() == -32768
    assert np.all(given.reshape(-1, 80)[0::2, 20:60] > 20000)


@pytest.mark.parametrize("rates", [(0, 8000), (8000, 0), (-8000, 8000), (8000, 999_999)])
def test_an_impossible_rate_is_refused(rates: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="cannot resample audio of"):
        Resampler(*rates)

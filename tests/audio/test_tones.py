"""The frequencies of the keys, and soft edges."""

import numpy as np
import pytest

from twilio_rt_cli.audio import mulaw
from twilio_rt_cli.audio.tones import dtmf, tone


@pytest.mark.parametrize(
    ("digit", "pair_hz"),
    [("1", (697, 1209)), ("5", (770, 1336)), ("9", (852, 1477)), ("0", (941, 1336)), ("*", (941, 1209)),
     ("#", (941, 1477)), ("A", (697, 1633)), ("d", (941, 1633))],
)  # fmt: skip
def test_a_key_is_its_two_frequencies(digit: str, pair_hz: tuple[int, int]) -> None:
    pcm = mulaw.decode(dtmf(digit, ms=1000)).astype(np.float64)
    spectrum = np.abs(np.fft.rfft(pcm))  # one bin is 1 Hz
    loudest = np.argsort(spectrum)[-2:]
    assert sorted(loudest.tolist()) == sorted(pair_hz)
    assert spectrum[loudest].min() > 0.9 * spectrum[loudest].max()


@pytest.mark.parametrize("digit", ["", "E", "12", "é", "w"])
def test_what_is_not_a_key_is_refused(digit: str) -> None:
    with pytest.raises(ValueError, match="not a telephone key"):
        dtmf(digit)


def test_a_tone_lasts_as_long_as_it_says_and_does_not_click() -> None:
    assert len(dtmf("5")) == 120 * 8
    pcm = np.abs(mulaw.decode(tone(440, 250, -10)).astype(np.int32))
    assert len(pcm) == 2000
    assert pcm.max() > 10000
    assert max(pcm[0], pcm[-1]) < 200


@pytest.mark.parametrize("ms", [0, 1])
def test_a_tone_may_be_very_short(ms: int) -> None:
    assert len(tone(440, ms, -10)) == 8 * ms

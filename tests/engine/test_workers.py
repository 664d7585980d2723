"""Speech is cut into pieces, and nothing of it is lost."""

from collections.abc import Iterator

import numpy as np
import pytest

from tests.engine.fakes import LoudIsSpeech, Script, tone
from twilio_rt_cli.audio.resample import resample
from twilio_rt_cli.engine.session.config import AudioFormat, PcmFormat, PcmuFormat
from twilio_rt_cli.engine.session.formats import bytes_per_ms
from twilio_rt_cli.engine.session.orders import Speak
from twilio_rt_cli.engine.voice import VoiceStack
from twilio_rt_cli.engine.workers import DELTA_MS, Pcm, Speech, breaths


class Chunks:
    """A voice that speaks given chunks."""

    sample_rate = 24_000

    def __init__(self, *chunks: Pcm) -> None:
        self._chunks = chunks

    def speak(self, text: str) -> Iterator[Pcm]:
        """The chunks, whatever the text."""
        return iter(self._chunks)


def pieces(audio_format: AudioFormat, *chunks: Pcm) -> list[bytes]:
    """All pieces of a speech."""
    speech = Speech(Speak("resp", "text", audio_format))
    speech.begin(VoiceStack(LoudIsSpeech, Script(), Chunks(*chunks)))
    made: list[bytes] = []
    while more := speech.next():
        made += more
    return made


@pytest.mark.parametrize("audio_format", [PcmFormat(), PcmuFormat()])
def test_pieces_are_short_and_whole(audio_format: AudioFormat) -> None:
    made = pieces(audio_format, tone(1000, 24_000), tone(20, 24_000), tone(700, 24_000))
    limit = DELTA_MS * bytes_per_ms(audio_format)
    assert {len(piece) for piece in made[:-1]} == {limit}
    assert 0 < len(made[-1]) <= limit
    assert sum(map(len, made)) == 1720 * bytes_per_ms(audio_format)


def test_pcm_is_what_the_voice_gave() -> None:
    chunk = tone(500, 24_000)
    assert np.array_equal(np.frombuffer(b"".join(pieces(PcmFormat(), chunk)), dtype="<i2"), chunk)


def test_mu_law_is_resampled_across_chunks() -> None:
    chunk = tone(500, 24_000)
    whole = b"".join(pieces(PcmuFormat(), chunk))
    assert b"".join(pieces(PcmuFormat(), chunk[:5000], chunk[5000:])) == whole
    assert len(whole) == len(resample(chunk, 24_000, 8_000))


def test_a_text_without_a_sound_has_no_pieces() -> None:
    assert pieces(PcmuFormat()) == []


def test_a_long_first_sentence_is_begun_at_its_first_comma() -> None:
    long = "We are open from nine in the morning until six in the evening, and on Saturday from ten until two at noon."
    head, rest = breaths(f"{long} Then, we rest.")
    assert head == "We are open from nine in the morning until six in the evening,"
    assert head + rest == f"{long} Then, we rest."


@pytest.mark.parametrize("text", ["", "Yes, that is free.", "A" * 200, "One, two. " * 20, "Well, " + "a" * 90 + "."])
def test_other_texts_are_spoken_whole(text: str) -> None:
    assert breaths(text) == (text,)

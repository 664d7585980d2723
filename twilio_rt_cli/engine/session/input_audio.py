"""What the session hears: client audio into the buffer, and what turn detection says of it.

Detection runs elsewhere and answers later, so each detector has an epoch and a start in the buffer: its milliseconds
are shifted by that start, and what an old epoch still says is ignored. Committing by hand, clearing, and changed
settings begin a new epoch.

When the caller pauses, what was said so far is transcribed on the chance that the turn is over; if it is, the words are
there at once, and if the caller goes on, that attempt no longer counts.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from twilio_rt_cli.audio.rate import PER_MS
from twilio_rt_cli.engine.session.config import (
    SEMANTIC_SILENCE_MS,
    AudioFormat,
    AudioInput,
    SemanticVad,
    ServerVad,
    TurnDetection,
)
from twilio_rt_cli.engine.session.formats import InputDecoder
from twilio_rt_cli.engine.session.input_buffer import InputBuffer
from twilio_rt_cli.engine.session.orders import Listen, Order, Paused, Transcribe, Tune
from twilio_rt_cli.engine.session.turns import SpeechStopped

SILENCE = b"\xff"
"""µ-law for nothing."""


@dataclass(slots=True)
class Guess:
    """A transcription begun in a pause; `text` once it is done."""

    attempt: int
    spoke_until_ms: int
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Utterance:
    """A stretch of the caller's audio that became an item; µ-law at 8 kHz.

    `speech_ms`: how much of it was speech, None when nobody counted. `guess`: a transcription that holds for all of it.
    """

    item_id: str
    start_ms: int
    end_ms: int
    audio: bytes
    speech_ms: int | None = None
    guess: Guess | None = None


class InputAudio:
    """The input buffer and the turn that is being spoken, if any."""

    def __init__(self, settings: AudioInput) -> None:
        self.buffer = InputBuffer()
        self._format: AudioFormat = settings.format
        self._decoder = InputDecoder(settings.format)
        self._detection = settings.turn_detection
        self._epoch = 0
        self._epoch_start_ms = 0
        self._speech: tuple[str, int] | None = None
        self._silence_ms = 0
        self._attempts = 0
        self._guess: Guess | None = None

    @property
    def is_speaking(self) -> bool:
        """Whether the caller is speaking."""
        return self._speech is not None

    def begin(self) -> Iterator[Order]:
        """The first detector."""
        yield from self._begin_epoch()

    def configure(self, settings: AudioInput) -> Iterator[Order]:
        """Take over changed settings; what is buffered stays."""
        if settings.format != self._format:
            self._format, self._decoder = settings.format, InputDecoder(settings.format)
        if settings.turn_detection != self._detection:
            self._detection = settings.turn_detection
            yield from self._begin_epoch()

    def append(self, audio: bytes) -> Iterator[Order]:
        """Audio in the input format."""
        heard = self._decoder.feed(audio)
        self.buffer.append(heard)
        self.buffer.trim(speaking=self.is_speaking, detecting=self._detection is not None)
        if self._detection is not None and heard:
            yield Listen(self._epoch, heard)

    def commit(self, new_item_id: str) -> tuple[Utterance, list[Order]]:
        """All that is buffered as an utterance. Raises RefusedError when it is less than 100 ms."""
        audio = self.buffer.take()
        item_id = self._speech[0] if self._speech is not None else new_item_id
        end_ms = self.buffer.written_ms
        return Utterance(item_id, end_ms - len(audio) // PER_MS, end_ms, audio), list(self._begin_epoch())

    def silence(self, item_id: str) -> tuple[Utterance, list[Order]]:
        """What was written since the last turn, as an utterance without speech."""
        end_ms = self.buffer.written_ms
        start_ms = end_ms - int(self.buffer.held_ms)
        return Utterance(item_id, start_ms, end_ms, self.buffer.cut(start_ms, end_ms)), list(self._begin_epoch())

    def clear(self) -> Iterator[Order]:
        """Forget what is buffered."""
        self.buffer.clear()
        yield from self._begin_epoch()

    def is_current(self, epoch: int) -> bool:
        """Whether a detector's word still counts."""
        return epoch == self._epoch and self._detection is not None

    def started(self, detected_ms: int, item_id: str) -> int:
        """Speech began; where in the session's audio, in ms."""
        start_ms = max(0, self._epoch_start_ms + detected_ms)
        self._speech, self._guess = (item_id, start_ms), None
        return start_ms

    def paused(self, pause: Paused) -> Iterator[Order]:
        """The caller is silent for now."""
        if self._speech is None:
            return
        item_id, start_ms = self._speech
        self._guess = Guess(self.new_attempt(), self._epoch_start_ms + pause.spoke_until_ms)
        audio = self.buffer.peek(start_ms, self._epoch_start_ms + pause.silent_until_ms)
        # Recognisers like an utterance to end in silence: what is still missing of it is filled in.
        rest_ms = self._silence_ms - (pause.silent_until_ms - pause.spoke_until_ms)
        yield Transcribe(item_id, audio + SILENCE * PER_MS * max(rest_ms, 0), self._guess.attempt)

    def guessed(self, attempt: int, text: str | None) -> None:
        """An attempt in a pause gave words, or (None) nothing."""
        if self._guess is not None and self._guess.attempt == attempt:
            self._guess.text = text
            self._guess = self._guess if text is not None else None

    def new_attempt(self) -> int:
        """A number for a transcription."""
        self._attempts += 1
        return self._attempts

    def stopped(self, turn: SpeechStopped) -> Utterance | None:
        """Speech ended; the utterance, None when none was going on."""
        if self._speech is None:
            return None
        item_id, start_ms = self._speech
        self._speech = None
        end_ms = self._epoch_start_ms + turn.audio_end_ms
        audio = self.buffer.cut(start_ms, end_ms)
        guess, self._guess = self._guess, None
        if guess is not None and guess.spoke_until_ms + self._silence_ms != end_ms:
            guess = None  # the caller spoke on after the pause
        return Utterance(item_id, start_ms, end_ms, audio, turn.speech_ms, guess)

    def _begin_epoch(self) -> Iterator[Order]:
        self._epoch += 1
        self._epoch_start_ms = self.buffer.written_ms
        self._speech = self._guess = None
        if self._detection is not None:
            settings = _as_server_vad(self._detection)
            self._silence_ms = max(settings.silence_duration_ms, 1)
            yield Tune(self._epoch, settings.threshold, settings.prefix_padding_ms, settings.silence_duration_ms)


def _as_server_vad(detection: TurnDetection) -> ServerVad:
    if isinstance(detection, SemanticVad):
        return ServerVad(silence_duration_ms=SEMANTIC_SILENCE_MS[detection.eagerness])
    return detection

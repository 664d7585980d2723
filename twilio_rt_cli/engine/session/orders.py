"""What the session orders its surroundings to do, and the results that come back.

Orders leave `Session.receive`; whoever runs them hands the result to `Session.report`. A result that comes too late
(its response was cancelled, its item deleted, its detector replaced) is ignored there.
"""

from dataclasses import dataclass

from twilio_rt_cli.engine.session.config import AudioFormat
from twilio_rt_cli.engine.session.prompt import Decision, Prompt
from twilio_rt_cli.engine.session.server_events import ServerEvent
from twilio_rt_cli.engine.session.turns import SpeechStarted, SpeechStopped


@dataclass(frozen=True, slots=True)
class Send:
    """Write this event to the client, in order."""

    event: ServerEvent


@dataclass(frozen=True, slots=True)
class Tune:
    """Begin turn detection anew with these settings; audio that follows belongs to this epoch."""

    epoch: int
    threshold: float
    prefix_padding_ms: int
    silence_duration_ms: int


@dataclass(frozen=True, slots=True)
class Listen:
    """Feed µ-law audio at 8 kHz to this epoch's turn detector; results: `Heard` and `Paused`."""

    epoch: int
    audio: bytes


@dataclass(frozen=True, slots=True)
class Transcribe:
    """Recognise µ-law audio at 8 kHz; result: `Transcribed` or `TranscribingFailed`, with the same `attempt`."""

    item_id: str
    audio: bytes
    attempt: int


@dataclass(frozen=True, slots=True)
class Think:
    """Decide what to answer; result: `Thought` or `ThinkingFailed`."""

    response_id: str
    prompt: Prompt


@dataclass(frozen=True, slots=True)
class Speak:
    """Make audio of a text in this format; results: `Spoken`…, then `SpeakingDone` or `SpeakingFailed`."""

    response_id: str
    text: str
    format: AudioFormat


@dataclass(frozen=True, slots=True)
class StopSpeaking:
    """Make no more audio for this response."""

    response_id: str


@dataclass(frozen=True, slots=True)
class Close:
    """Close the socket after what was sent before."""

    code: int
    reason: str


Order = Send | Listen | Tune | Transcribe | Think | Speak | StopSpeaking | Close


@dataclass(frozen=True, slots=True)
class Heard:
    """What the turn detector noticed; its milliseconds count from the epoch's start."""

    epoch: int
    turns: tuple[SpeechStarted | SpeechStopped, ...]


@dataclass(frozen=True, slots=True)
class Paused:
    """The caller fell silent within a turn; the turn may be over, so that it is worth recognising what there is.

    Speech lasted until `spoke_until_ms` and silence has until `silent_until_ms`, both from the epoch's start.
    """

    epoch: int
    spoke_until_ms: int
    silent_until_ms: int


@dataclass(frozen=True, slots=True)
class Transcribed:
    """The caller's words."""

    item_id: str
    text: str
    attempt: int


@dataclass(frozen=True, slots=True)
class TranscribingFailed:
    """The recogniser could not."""

    item_id: str
    message: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Thought:
    """The brain decided."""

    response_id: str
    decision: Decision


@dataclass(frozen=True, slots=True)
class ThinkingFailed:
    """The brain could not."""

    response_id: str
    message: str


@dataclass(frozen=True, slots=True)
class Spoken:
    """A piece of agent audio in the format that was ordered."""

    response_id: str
    audio: bytes


@dataclass(frozen=True, slots=True)
class SpeakingDone:
    """All audio of the text was made."""

    response_id: str


@dataclass(frozen=True, slots=True)
class SpeakingFailed:
    """The voice could not go on."""

    response_id: str
    message: str


Result = (
    Spoken
    | Heard
    | Paused
    | Transcribed
    | TranscribingFailed
    | Thought
    | ThinkingFailed
    | SpeakingDone
    | SpeakingFailed
)

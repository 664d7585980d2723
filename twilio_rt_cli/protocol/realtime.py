"""OpenAI Realtime (GA), what the server says: the events we use.

Every other event decodes to `Unknown` and is counted. Beta names of the audio events are still read, since
servers of the same shape use them. Nothing here opens a socket or knows a phone.
Source: openai-python 3.54, `openai/types/realtime`; OpenAI API reference, "Realtime server events".
"""

from typing import NewType, final

import msgspec
from msgspec import Struct

from twilio_rt_cli.protocol.wire import Integer, Malformed, Unknown

ItemId = NewType("ItemId", str)
ResponseId = NewType("ResponseId", str)
ToolCallId = NewType("ToolCallId", str)


class AudioFormat(Struct, frozen=True):
    """`audio/pcmu` has no rate; `audio/pcm` has one of 24000."""

    type: str
    rate: int | None = None


class AudioSide(Struct, frozen=True):
    """One direction of the session's audio."""

    format: AudioFormat | None = None


class SessionAudio(Struct, frozen=True):
    """Both directions of the session's audio."""

    input: AudioSide = AudioSide()
    output: AudioSide = AudioSide()


class Session(Struct, frozen=True):
    """The effective session, as far as we look at it."""

    id: str | None = None
    model: str | None = None
    audio: SessionAudio | None = None
    expires_at: float | None = None


class SessionCreated(Struct, tag_field="type", tag="session.created", frozen=True):
    """First event on a socket."""

    session: Session


class SessionUpdated(Struct, tag_field="type", tag="session.updated", frozen=True):
    """Our `session.update` was taken; holds the full effective session."""

    session: Session


class ErrorDetails(Struct, frozen=True):
    """What went wrong; `event_id` is the client event that caused it."""

    message: str | None = None
    type: str | None = None
    code: str | None = None
    param: str | None = None
    event_id: str | None = None

    @property
    def name(self) -> str:
        """Its code, or its type where it has none."""
        return self.code or self.type or "unknown"

    @property
    def text(self) -> str:
        """Its message, possibly empty."""
        return self.message or ""


class ErrorReported(Struct, tag_field="type", tag="error", frozen=True):
    """Something went wrong; most are recoverable and the socket stays open."""

    error: ErrorDetails


class SpeechStarted(Struct, tag_field="type", tag="input_audio_buffer.speech_started", frozen=True):
    """The caller began to speak; `audio_start_ms` counts audio written to the buffer and includes prefix padding."""

    audio_start_ms: Integer = 0
    item_id: ItemId = ItemId("")


class SpeechStopped(Struct, tag_field="type", tag="input_audio_buffer.speech_stopped", frozen=True):
    """The caller stopped; `audio_end_ms` includes the silence that ended the turn."""

    audio_end_ms: Integer = 0
    item_id: ItemId = ItemId("")


class InputCommitted(Struct, tag_field="type", tag="input_audio_buffer.committed", frozen=True):
    """The caller's speech became a conversation item."""

    item_id: ItemId


class Item(Struct, frozen=True):
    """A conversation item, as far as we look at it."""

    id: ItemId | None = None
    type: str | None = None
    role: str | None = None
    status: str | None = None
    name: str | None = None
    call_id: ToolCallId | None = None
    arguments: str | None = None


class ItemAdded(Struct, tag_field="type", tag="conversation.item.added", frozen=True):
    """An item entered the conversation; responses created from here on see it."""

    item: Item


class TranscriptionCompleted(
    Struct, tag_field="type", tag="conversation.item.input_audio_transcription.completed", frozen=True
):
    """What the caller said in one turn; may arrive before or after the answer to it."""

    item_id: ItemId
    transcript: str = ""


class TranscriptionFailed(
    Struct, tag_field="type", tag="conversation.item.input_audio_transcription.failed", frozen=True
):
    """The caller's turn could not be transcribed; the conversation goes on."""

    item_id: ItemId
    error: ErrorDetails = ErrorDetails()


class CachedTokens(Struct, frozen=True):
    """The cached part of the input, by kind."""

    text_tokens: float | None = None
    audio_tokens: float | None = None


class InputTokens(Struct, frozen=True):
    """The input by kind; the cached tokens are part of it."""

    text_tokens: float | None = None
    audio_tokens: float | None = None
    cached_tokens: float | None = None
    cached_tokens_details: CachedTokens | None = None


class OutputTokens(Struct, frozen=True):
    """The output by kind."""

    text_tokens: float | None = None
    audio_tokens: float | None = None


class Usage(Struct, frozen=True):
    """Tokens of one response, as far as we count them."""

    input_tokens: float | None = None
    output_tokens: float | None = None
    input_token_details: InputTokens | None = None
    output_token_details: OutputTokens | None = None


class StatusError(Struct, frozen=True):
    """Why a response failed."""

    type: str | None = None
    code: str | None = None
    message: str | None = None


class StatusDetails(Struct, frozen=True):
    """Why a response ended as it did: `turn_detected`, `client_cancelled`, `max_output_tokens`, …"""

    type: str | None = None
    reason: str | None = None
    error: StatusError | None = None


class Response(Struct, frozen=True):
    """A response, as far as we look at it."""

    id: ResponseId
    status: str | None = None
    status_details: StatusDetails | None = None
    conversation_id: str | None = None
    output: tuple[Item, ...] | None = None
    usage: Usage | None = None


class ResponseCreated(Struct, tag_field="type", tag="response.created", frozen=True):
    """A response began, by our request or by the server's turn detection."""

    response: Response


class ResponseDone(Struct, tag_field="type", tag="response.done", frozen=True):
    """A response ended: completed, cancelled, failed or incomplete."""

    response: Response


class OutputItemAdded(Struct, tag_field="type", tag="response.output_item.added", frozen=True):
    """A response began an item."""

    response_id: ResponseId
    item: Item


class OutputItemDone(Struct, tag_field="type", tag="response.output_item.done", frozen=True):
    """A response finished an item; a completed `function_call` can be run."""

    response_id: ResponseId
    item: Item


@final
class AudioDelta(Struct, tag_field="type", tag="response.output_audio.delta", gc=False, frozen=True):
    """Agent audio in the session's output format, base64 on the wire, usually faster than real time."""

    response_id: ResponseId
    item_id: ItemId
    delta: bytes


class AudioDone(Struct, tag_field="type", tag="response.output_audio.done", frozen=True):
    """An item's audio is complete."""

    response_id: ResponseId
    item_id: ItemId


@final
class TranscriptDelta(Struct, tag_field="type", tag="response.output_audio_transcript.delta", gc=False, frozen=True):
    """Text of the agent's audio, roughly in step with it."""

    response_id: ResponseId
    item_id: ItemId
    delta: str


class TranscriptDone(Struct, tag_field="type", tag="response.output_audio_transcript.done", frozen=True):
    """The whole text of an item's audio."""

    response_id: ResponseId
    item_id: ItemId
    transcript: str = ""


@final
class BetaAudioDelta(Struct, tag_field="type", tag="response.audio.delta", gc=False, frozen=True):
    """`AudioDelta` under its beta name, from servers that copied the older shape."""

    response_id: ResponseId
    item_id: ItemId
    delta: bytes


@final
class BetaAudioDone(Struct, tag_field="type", tag="response.audio.done", frozen=True):
    """`AudioDone` under its beta name."""

    response_id: ResponseId
    item_id: ItemId


ServerEvent = (
    AudioDelta
    | TranscriptDelta
    | AudioDone
    | TranscriptDone
    | SessionCreated
    | SessionUpdated
    | ErrorReported
    | SpeechStarted
    | SpeechStopped
    | InputCommitted
    | ItemAdded
    | TranscriptionCompleted
    | TranscriptionFailed
    | ResponseCreated
    | ResponseDone
    | OutputItemAdded
    | OutputItemDone
)

_server_event: msgspec.json.Decoder[ServerEvent | BetaAudioDelta | BetaAudioDone] = msgspec.json.Decoder(
    ServerEvent | BetaAudioDelta | BetaAudioDone
)
_KNOWN = frozenset(
    str(struct.__struct_config__.tag) for struct in (*ServerEvent.__args__, BetaAudioDelta, BetaAudioDone)
)


class _Kind(Struct):
    type: str


_kind = msgspec.json.Decoder(_Kind)


def decode(raw: bytes) -> ServerEvent | Unknown | Malformed:
    """The event in one text frame from the model; never raises.

    `Unknown` for a kind we do not use, `Malformed` for what cannot be read.
    """
    try:
        event = _server_event.decode(raw)
    except (ValueError, RecursionError) as error:  # msgspec's errors are ValueErrors
        return _not_an_event(raw, error)
    if type(event) is BetaAudioDelta:
        return AudioDelta(event.response_id, event.item_id, event.delta)
    if type(event) is BetaAudioDone:
        return AudioDone(event.response_id, event.item_id)
    return event


def _not_an_event(raw: bytes, error: Exception) -> Unknown | Malformed:
    try:
        kind = _kind.decode(raw).type
    except (ValueError, RecursionError):
        return Malformed(str(error)[:200])
    return Malformed(f"{kind}: {error}"[:200]) if kind in _KNOWN else Unknown(kind[:64])

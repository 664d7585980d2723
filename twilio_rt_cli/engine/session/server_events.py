"""The server events this engine sends, as frozen structs; `encode` makes the text frame.

(OpenAI Realtime, "server events".) `None` is sent as null where the original sends null; UNSET keys are left out.
"""

from typing import Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

from twilio_rt_cli.engine.session.config import AudioFormat, SessionConfig
from twilio_rt_cli.engine.session.items import Item


class ServerEvent(Struct, frozen=True, tag_field="type", kw_only=True):
    """What all server events share."""

    event_id: str


class ErrorDetail(Struct, frozen=True, kw_only=True):
    """What was wrong; `event_id` is the client event's."""

    type: str
    code: str | None
    message: str
    param: str | None = None
    event_id: str | None = None


class ErrorEvent(ServerEvent, frozen=True, tag="error"):
    """Something was refused; the session goes on unless the socket closes."""

    error: ErrorDetail


class SessionCreated(ServerEvent, frozen=True, tag="session.created"):
    """The first event."""

    session: SessionConfig


class SessionUpdated(ServerEvent, frozen=True, tag="session.updated"):
    """An update took effect; the whole session as it is now."""

    session: SessionConfig


class ItemAdded(ServerEvent, frozen=True, tag="conversation.item.added"):
    """An item is in the conversation, perhaps still without content."""

    item: Item
    previous_item_id: str | None


class ItemDone(ServerEvent, frozen=True, tag="conversation.item.done"):
    """An item is complete."""

    item: Item
    previous_item_id: str | None


class ItemRetrieved(ServerEvent, frozen=True, tag="conversation.item.retrieved"):
    """An item with its audio."""

    item: Item


class ItemDeleted(ServerEvent, frozen=True, tag="conversation.item.deleted"):
    """An item is gone."""

    item_id: str


class ItemTruncated(ServerEvent, frozen=True, tag="conversation.item.truncated"):
    """An agent's item was cut at what was heard."""

    item_id: str
    content_index: int
    audio_end_ms: int


class TokenDetails(Struct, frozen=True):
    """Where transcription tokens came from."""

    audio_tokens: int
    text_tokens: int = 0


class TokenUsage(Struct, frozen=True, tag="tokens", tag_field="type"):
    """What a transcription cost, in tokens."""

    input_tokens: int
    output_tokens: int
    total_tokens: int
    input_token_details: TokenDetails


class DurationUsage(Struct, frozen=True, tag="duration", tag_field="type"):
    """What a transcription cost, in seconds of audio."""

    seconds: float


class TranscriptionDelta(ServerEvent, frozen=True, tag="conversation.item.input_audio_transcription.delta"):
    """A piece of what the caller said."""

    item_id: str
    content_index: int
    delta: str


class TranscriptionCompleted(ServerEvent, frozen=True, tag="conversation.item.input_audio_transcription.completed"):
    """What the caller said."""

    item_id: str
    content_index: int
    transcript: str
    usage: TokenUsage | DurationUsage


class TranscriptionError(Struct, frozen=True):
    """Why a transcription failed."""

    type: str
    code: str | None
    message: str
    param: str | None = None


class TranscriptionFailed(ServerEvent, frozen=True, tag="conversation.item.input_audio_transcription.failed"):
    """The caller's audio could not be transcribed."""

    item_id: str
    content_index: int
    error: TranscriptionError


class BufferSpeechStarted(ServerEvent, frozen=True, tag="input_audio_buffer.speech_started"):
    """The caller speaks; `audio_start_ms` counts audio written to the buffer and includes the prefix padding."""

    audio_start_ms: int
    item_id: str


class BufferSpeechStopped(ServerEvent, frozen=True, tag="input_audio_buffer.speech_stopped"):
    """The caller is silent; `audio_end_ms` includes the silence that ended the turn."""

    audio_end_ms: int
    item_id: str


class BufferCommitted(ServerEvent, frozen=True, tag="input_audio_buffer.committed"):
    """The buffered audio became an item."""

    previous_item_id: str | None
    item_id: str


class BufferCleared(ServerEvent, frozen=True, tag="input_audio_buffer.cleared"):
    """The buffered audio was dropped."""


class BufferTimeoutTriggered(ServerEvent, frozen=True, tag="input_audio_buffer.timeout_triggered"):
    """Nobody spoke for `idle_timeout_ms`."""

    audio_start_ms: int
    audio_end_ms: int
    item_id: str


class CachedDetails(Struct, frozen=True):
    """The part of the input that was seen before."""

    text_tokens: int = 0
    audio_tokens: int = 0
    image_tokens: int = 0


class InputDetails(Struct, frozen=True):
    """Input by kind; cached tokens are a subset."""

    text_tokens: int = 0
    audio_tokens: int = 0
    image_tokens: int = 0
    cached_tokens: int = 0
    cached_tokens_details: CachedDetails = CachedDetails()


class OutputDetails(Struct, frozen=True):
    """Output by kind."""

    text_tokens: int = 0
    audio_tokens: int = 0


class ResponseUsage(Struct, frozen=True):
    """What a response cost."""

    total_tokens: int
    input_tokens: int
    output_tokens: int
    input_token_details: InputDetails
    output_token_details: OutputDetails


class ResponseError(Struct, frozen=True):
    """Why a response failed."""

    type: str
    code: str | None
    message: str


Reason = Literal["turn_detected", "client_cancelled", "max_output_tokens", "content_filter"]
FinalStatus = Literal["completed", "cancelled", "failed", "incomplete"]


class StatusDetails(Struct, frozen=True):
    """Why a response ended as it did."""

    type: FinalStatus
    reason: Reason | UnsetType = UNSET
    error: ResponseError | UnsetType = UNSET


class ResponseOutputAudio(Struct, frozen=True):
    """How a response sounds."""

    format: AudioFormat
    voice: str


class ResponseAudioConfig(Struct, frozen=True):
    """A response's `audio`."""

    output: ResponseOutputAudio


class ResponseObject(Struct, frozen=True):
    """A response as its first and last event show it."""

    id: str
    status: FinalStatus | Literal["in_progress"]
    status_details: StatusDetails | None
    output: list[Item]
    conversation_id: str | None
    output_modalities: list[Literal["text", "audio"]]
    max_output_tokens: int | Literal["inf"]
    audio: ResponseAudioConfig
    usage: ResponseUsage | None
    metadata: dict[str, str] | None
    object: Literal["realtime.response"] = "realtime.response"


class ResponseCreated(ServerEvent, frozen=True, tag="response.created"):
    """A response begins."""

    response: ResponseObject


class ResponseDone(ServerEvent, frozen=True, tag="response.done"):
    """A response is over."""

    response: ResponseObject


class OutputItemEvent(ServerEvent, frozen=True):
    """Where in which response something is."""

    response_id: str
    output_index: int


class OutputItemAdded(OutputItemEvent, frozen=True, tag="response.output_item.added"):
    """An item of a response begins."""

    item: Item


class OutputItemDone(OutputItemEvent, frozen=True, tag="response.output_item.done"):
    """An item of a response is over."""

    item: Item


class ContentEvent(OutputItemEvent, frozen=True):
    """Where in which item something is."""

    item_id: str
    content_index: int


class ContentPart(Struct, frozen=True):
    """A content part as these two events show it: `text` or `audio`, not `output_…`."""

    type: Literal["text", "audio"]
    text: str | UnsetType = UNSET
    transcript: str | UnsetType = UNSET


class ContentPartAdded(ContentEvent, frozen=True, tag="response.content_part.added"):
    """A content part begins."""

    part: ContentPart


class ContentPartDone(ContentEvent, frozen=True, tag="response.content_part.done"):
    """A content part is over."""

    part: ContentPart


class AudioDelta(ContentEvent, frozen=True, tag="response.output_audio.delta"):
    """Agent audio, base64 in the response's output format."""

    delta: str


class AudioDone(ContentEvent, frozen=True, tag="response.output_audio.done"):
    """No more audio of this part."""


class TranscriptDelta(ContentEvent, frozen=True, tag="response.output_audio_transcript.delta"):
    """Words of what is spoken."""

    delta: str


class TranscriptDone(ContentEvent, frozen=True, tag="response.output_audio_transcript.done"):
    """All words of this part."""

    transcript: str


class TextDelta(ContentEvent, frozen=True, tag="response.output_text.delta"):
    """Words of a text answer."""

    delta: str


class TextDone(ContentEvent, frozen=True, tag="response.output_text.done"):
    """The whole text answer."""

    text: str


class FunctionEvent(OutputItemEvent, frozen=True):
    """Which tool call something belongs to."""

    item_id: str
    call_id: str


class ArgumentsDelta(FunctionEvent, frozen=True, tag="response.function_call_arguments.delta"):
    """A piece of a tool call's arguments."""

    delta: str


class ArgumentsDone(FunctionEvent, frozen=True, tag="response.function_call_arguments.done"):
    """The whole JSON text of a tool call's arguments."""

    name: str
    arguments: str


class RateLimit(Struct, frozen=True):
    """One limit and what is left of it."""

    name: Literal["requests", "tokens"]
    limit: int
    remaining: int
    reset_seconds: float


class RateLimitsUpdated(ServerEvent, frozen=True, tag="rate_limits.updated"):
    """What is left of the account's limits; nothing is limited here."""

    rate_limits: list[RateLimit]


def encode(event: ServerEvent) -> str:
    """The text frame of an event."""
    return msgspec.json.encode(event).decode()

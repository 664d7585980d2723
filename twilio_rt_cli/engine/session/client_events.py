"""The eleven client events of the Realtime protocol, and `decode`: text in, an event out, or a refusal.

(OpenAI Realtime, "client events".) An unknown key anywhere refuses the whole event.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from twilio_rt_cli.engine.session import config
from twilio_rt_cli.engine.session.items import FunctionCall, FunctionCallOutput, ItemReference, Message
from twilio_rt_cli.engine.session.refusals import RefusedError, from_validation, invalid_value, missing

MAX_AUDIO_BASE64 = 15 * 1024 * 1024
"""The longest `audio` of one append, in base64 characters (OpenAI Realtime, "input_audio_buffer.append")."""

EventId = Annotated[str, Meta(max_length=512)] | UnsetType
Metadata = Annotated[
    dict[Annotated[str, Meta(max_length=64)], Annotated[str, Meta(max_length=512)]], Meta(max_length=16)
]


class ClientEvent(Struct, frozen=True, tag_field="type", forbid_unknown_fields=True, kw_only=True):
    """What all client events share: an optional id, echoed in errors only."""

    event_id: EventId = UNSET


class UpdateSession(ClientEvent, frozen=True, tag="session.update"):
    """Change the session."""

    session: config.SessionUpdate


class AppendAudio(ClientEvent, frozen=True, tag="input_audio_buffer.append"):
    """Caller audio in the session's input format, base64."""

    audio: Annotated[str, Meta(max_length=MAX_AUDIO_BASE64)]


class CommitAudio(ClientEvent, frozen=True, tag="input_audio_buffer.commit"):
    """Make the buffered audio an item."""


class ClearAudio(ClientEvent, frozen=True, tag="input_audio_buffer.clear"):
    """Drop the buffered audio."""


class CreateItem(ClientEvent, frozen=True, tag="conversation.item.create"):
    """Add an item, at the end unless `previous_item_id` says where ("root": at the start)."""

    item: Message | FunctionCall | FunctionCallOutput
    previous_item_id: str | UnsetType | None = UNSET


class RetrieveItem(ClientEvent, frozen=True, tag="conversation.item.retrieve"):
    """Ask for an item with its audio."""

    item_id: str


class TruncateItem(ClientEvent, frozen=True, tag="conversation.item.truncate"):
    """Tell how much of an agent's item was heard."""

    item_id: str
    content_index: Annotated[int, Meta(ge=0)]
    audio_end_ms: Annotated[int, Meta(ge=0)]


class DeleteItem(ClientEvent, frozen=True, tag="conversation.item.delete"):
    """Take an item out of the conversation."""

    item_id: str


class ResponseOutput(Struct, frozen=True, forbid_unknown_fields=True):
    """A response's own `audio.output`."""

    format: config.AudioFormat | UnsetType = UNSET
    voice: config.Voice | UnsetType = UNSET


class ResponseAudio(Struct, frozen=True, forbid_unknown_fields=True):
    """A response's own `audio`."""

    output: ResponseOutput = ResponseOutput()


class ResponseParams(Struct, frozen=True, forbid_unknown_fields=True):
    """What a response does otherwise than the session says."""

    audio: ResponseAudio = ResponseAudio()
    conversation: Literal["auto", "none"] = "auto"
    input: list[Message | FunctionCall | FunctionCallOutput | ItemReference] | UnsetType = UNSET
    instructions: str | UnsetType = UNSET
    max_output_tokens: config.MaxTokens | UnsetType = UNSET
    metadata: Metadata | None = None
    output_modalities: config.Modalities | UnsetType = UNSET
    parallel_tool_calls: bool | UnsetType = UNSET
    prompt: config.PromptReference | None = None
    reasoning: config.Reasoning | None = None
    tool_choice: config.ToolChoice | UnsetType = UNSET
    tools: list[config.FunctionTool] | UnsetType = UNSET


class CreateResponse(ClientEvent, frozen=True, tag="response.create"):
    """Let the agent speak."""

    response: ResponseParams = ResponseParams()


class CancelResponse(ClientEvent, frozen=True, tag="response.cancel"):
    """Stop the response in progress, or the one named."""

    response_id: str | UnsetType = UNSET


class ClearOutput(ClientEvent, frozen=True, tag="output_audio_buffer.clear"):
    """WebRTC and SIP only; known here so that it can be refused by name."""


AnyClientEvent = (
    UpdateSession
    | AppendAudio
    | CommitAudio
    | ClearAudio
    | CreateItem
    | RetrieveItem
    | TruncateItem
    | DeleteItem
    | CreateResponse
    | CancelResponse
    | ClearOutput
)
EVENT_TYPES = (
    "session.update",
    "input_audio_buffer.append",
    "input_audio_buffer.commit",
    "input_audio_buffer.clear",
    "conversation.item.create",
    "conversation.item.truncate",
    "conversation.item.delete",
    "conversation.item.retrieve",
    "response.create",
    "response.cancel",
)
_decoder = msgspec.json.Decoder(AnyClientEvent)


def decode(text: str) -> AnyClientEvent:
    """The event that a text frame holds. Raises RefusedError for anything else."""
    try:
        event: AnyClientEvent = _decoder.decode(text)
        return event
    except msgspec.ValidationError as error:
        raise _refusal(error, msgspec.json.decode(text)) from error
    except (msgspec.DecodeError, UnicodeError) as error:
        message = "We could not parse the JSON body of your event: it is not valid JSON."
        raise RefusedError(message, "invalid_json") from error


def event_id_of(text: str) -> str | None:
    """The event_id of a frame that was refused, if it has one."""
    try:
        document = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError):
        return None
    event_id = document.get("event_id") if isinstance(document, dict) else None
    return event_id if isinstance(event_id, str) and len(event_id) <= 512 else None


def _refusal(error: msgspec.ValidationError, document: object) -> RefusedError:
    if not isinstance(document, dict):
        return RefusedError("Invalid type for the event: expected an object.", "invalid_type")
    kind = document.get("type")
    if kind is None:
        return missing("type")
    if kind not in EVENT_TYPES and kind != "output_audio_buffer.clear":
        return invalid_value("type", kind, EVENT_TYPES)
    return from_validation(error, document, config.SUPPORTED_VALUES)

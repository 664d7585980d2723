"""OpenAI Realtime (GA), what we say: the client events of a phone call.

Source: openai-python 3.54, `openai/types/realtime`; OpenAI API reference, "Realtime client events".
"""

from typing import Any, final

import msgspec
from msgspec import UNSET, Struct, UnsetType

from twilio_rt_cli.protocol.realtime import ItemId, ResponseId, ToolCallId


class SessionUpdate(Struct, tag_field="type", tag="session.update", omit_defaults=True, frozen=True):
    """Set the session; an unknown key refuses the whole update."""

    session: dict[str, Any]
    """A GA session object with `type: realtime`"""
    event_id: str | UnsetType = UNSET


class InputText(Struct, tag_field="type", tag="input_text", frozen=True):
    """Text in a user or system message."""

    text: str


class UserMessage(Struct, tag_field="type", tag="message", frozen=True):
    """Something the caller did that is not speech, written as text."""

    id: ItemId
    content: tuple[InputText, ...]
    role: str = "user"


class FunctionCallOutput(Struct, tag_field="type", tag="function_call_output", frozen=True):
    """The answer to a function call; `output` is a string the model reads."""

    id: ItemId
    call_id: ToolCallId
    output: str


class CreateItem(Struct, tag_field="type", tag="conversation.item.create", omit_defaults=True, frozen=True):
    """Add an item at the conversation's end."""

    item: UserMessage | FunctionCallOutput
    event_id: str | UnsetType = UNSET


class TruncateItem(Struct, tag_field="type", tag="conversation.item.truncate", frozen=True):
    """Tell the model how much of an item's audio was heard: at most its real length, or it is refused."""

    item_id: ItemId
    audio_end_ms: int
    content_index: int = 0


class DeleteItem(Struct, tag_field="type", tag="conversation.item.delete", frozen=True):
    """Take an item out of the conversation."""

    item_id: ItemId


class ResponseOverrides(Struct, omit_defaults=True, frozen=True):
    """What differs from the session for one response."""

    instructions: str | UnsetType = UNSET


class CreateResponse(Struct, tag_field="type", tag="response.create", omit_defaults=True, frozen=True):
    """Ask for a response; refused with `conversation_already_has_active_response` while another one runs."""

    event_id: str | UnsetType = UNSET
    response: ResponseOverrides | UnsetType = UNSET


class CancelResponse(Struct, tag_field="type", tag="response.cancel", omit_defaults=True, frozen=True):
    """End a response; `response_cancel_not_active` if it already ended, which is harmless."""

    response_id: ResponseId | UnsetType = UNSET


@final
class AppendAudio(Struct, gc=False, frozen=True):
    """Caller audio in the session's input format; never answered.

    Its frame is `APPEND_PREFIX + base64 + APPEND_SUFFIX`.
    """

    payload: bytes


ClientEvent = SessionUpdate | CreateItem | TruncateItem | DeleteItem | CreateResponse | CancelResponse

APPEND_PREFIX = b'{"type":"input_audio_buffer.append","audio":"'
APPEND_SUFFIX = b'"}'


def encode(event: ClientEvent) -> bytes:
    """The text frame of a client event."""
    return msgspec.json.encode(event)

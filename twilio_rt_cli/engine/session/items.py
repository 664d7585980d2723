"""Conversation items: their wire form, what of a client's item is accepted, and what the server keeps beside it.

(OpenAI Realtime, "conversation items".) Wire items are frozen: an event shows the item as it was when it was made.
"""

import base64
import binascii
from dataclasses import dataclass, field
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, structs

from twilio_rt_cli.engine.session.config import AudioFormat, PcmuFormat
from twilio_rt_cli.engine.session.refusals import RefusedError, invalid_value, missing

ItemStatus = Literal["completed", "incomplete", "in_progress"]
Role = Literal["user", "assistant", "system"]
PartType = Literal["input_text", "input_audio", "input_image", "output_text", "output_audio"]
_PARTS_BY_ROLE: dict[Role, tuple[PartType, ...]] = {
    "system": ("input_text",),
    "user": ("input_text", "input_audio", "input_image"),
    # A client cannot make the agent's audio (OpenAI Realtime, "conversation.item.create").
    "assistant": ("output_text",),
}


class Part(Struct, frozen=True, forbid_unknown_fields=True):
    """One piece of a message's content; which keys are used depends on its type."""

    type: PartType
    text: str | UnsetType = UNSET
    audio: str | UnsetType = UNSET
    transcript: str | UnsetType | None = UNSET
    image_url: str | UnsetType = UNSET
    detail: Literal["auto", "low", "high"] | UnsetType = UNSET


ItemId = Annotated[str, Meta(min_length=1, max_length=64)]


class Message(Struct, frozen=True, tag="message", tag_field="type", forbid_unknown_fields=True):
    """Something said by the caller, the agent or the system."""

    role: Role
    content: list[Part]
    id: ItemId | UnsetType = UNSET
    object: Literal["realtime.item"] = "realtime.item"
    status: ItemStatus = "completed"


class FunctionCall(Struct, frozen=True, tag="function_call", tag_field="type", forbid_unknown_fields=True):
    """A tool call; `arguments` is a JSON text."""

    name: str
    arguments: str
    call_id: str | UnsetType = UNSET
    id: ItemId | UnsetType = UNSET
    object: Literal["realtime.item"] = "realtime.item"
    status: ItemStatus = "completed"


class FunctionCallOutput(Struct, frozen=True, tag="function_call_output", tag_field="type", forbid_unknown_fields=True):
    """What a tool call gave."""

    call_id: str
    output: str
    id: ItemId | UnsetType = UNSET
    object: Literal["realtime.item"] = "realtime.item"
    status: ItemStatus = "completed"


class ItemReference(Struct, frozen=True, tag="item_reference", tag_field="type", forbid_unknown_fields=True):
    """An item of the conversation, named in a response's own input."""

    id: str


Item = Message | FunctionCall | FunctionCallOutput


@dataclass(slots=True)
class Entry:
    """An item in the conversation and what the server knows beside its wire form.

    `audio` is in `audio_format` (the caller's always µ-law at 8 kHz); `said` is the text the brain sees, None while the
    caller's audio is not transcribed yet. `attempt`: the transcription that counts. `transcribed`: the client reads it.
    """

    item: Item
    audio: bytes = b""
    duration_ms: int = 0
    said: str | None = ""
    audio_format: AudioFormat = field(default_factory=PcmuFormat)
    truncated: bool = False
    attempt: int = 0
    transcribed: bool = False
    transcription_model: str | None = None

    @property
    def id(self) -> str:
        assert isinstance(self.item.id, str)
        return self.item.id

    @property
    def is_agent_audio(self) -> bool:
        """Whether it is the agent's spoken message, the only kind that can be truncated."""
        item = self.item
        return isinstance(item, Message) and any(part.type == "output_audio" for part in item.content)

    @property
    def is_caller_audio(self) -> bool:
        """Whether it is something the caller said aloud."""
        item = self.item
        return isinstance(item, Message) and any(part.type == "input_audio" for part in item.content)

    def with_audio(self, audio: bytes) -> Item:
        """The wire item with its audio in base64, as conversation.item.retrieved shows it."""
        if not audio or not isinstance(self.item, Message):
            return self.item
        encoded = base64.b64encode(audio).decode()
        parts = [
            structs.replace(part, audio=encoded) if part.type in ("input_audio", "output_audio") else part
            for part in self.item.content
        ]
        return structs.replace(self.item, content=parts)


def text_of(item: Item) -> str:
    """The words a client put into an item."""
    if not isinstance(item, Message):
        return ""
    texts = [part.text or part.transcript or "" for part in item.content]
    return " ".join(text for text in texts if text)


def check_item(item: Item, param: str = "item") -> None:
    """Raises RefusedError when a message holds a part that its role cannot say, or a part without its content."""
    if not isinstance(item, Message):
        return
    allowed = _PARTS_BY_ROLE[item.role]
    for index, part in enumerate(item.content):
        where = f"{param}.content[{index}]"
        if part.type not in allowed:
            raise invalid_value(f"{where}.type", part.type, allowed)
        needed = {"input_audio": "audio", "input_image": "image_url"}.get(part.type, "text")
        if getattr(part, needed) is UNSET:
            raise missing(f"{where}.{needed}")


def audio_bytes(encoded: str, param: str) -> bytes:
    """The bytes of a base64 text; raises RefusedError when it is none."""
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise RefusedError(f"Invalid '{param}': not valid base64 audio.", "invalid_value", param=param) from error

"""One response from response.created to response.done, as the events of its lifecycle in the original's order.

The session decides what is said; this class knows the order (OpenAI Realtime, "server events"): created, rate limits,
then per item output_item.added, conversation.item.added, content_part.added, deltas, the four done events,
conversation.item.done, and at last response.done. An item that is cut off is `incomplete`.
"""

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Literal, TypedDict

from msgspec import UNSET, structs

from twilio_rt_cli.engine.session import server_events as ev
from twilio_rt_cli.engine.session.config import AudioFormat, FunctionTool, ToolChoice
from twilio_rt_cli.engine.session.formats import duration_ms
from twilio_rt_cli.engine.session.item_list import ItemList
from twilio_rt_cli.engine.session.items import Entry, FunctionCall, ItemStatus, Message, Part
from twilio_rt_cli.engine.session.prompt import ToolCall
from twilio_rt_cli.engine.session.usage import agent_audio_tokens, text_tokens

NewId = Callable[[str], str]
# Words run a little ahead of the voice, as at the original: about 50 ms a character, and a head start.
_MS_PER_CHARACTER = 50
_HEAD_START = 16
_FRAGMENT = 24
_PLENTY = 1_000_000


class ResponseStage(Enum):
    """How far a response is."""

    WAITING = "waiting for the caller's words"
    THINKING = "waiting for the decision"
    SPEAKING = "making audio"
    DONE = "done"


@dataclass(slots=True)
class ResponseSettings:
    """What a response does: the session's settings with its own laid over them. `context` None: the conversation."""

    modality: Literal["text", "audio"]
    instructions: str
    request: str | None
    tools: list[FunctionTool]
    choice: ToolChoice
    max_output_tokens: int | Literal["inf"]
    audio_format: AudioFormat
    voice: str
    metadata: dict[str, str] | None = None
    context: list[Entry] | None = None


class _Where(TypedDict):
    """The keys that every content event has."""

    event_id: str
    response_id: str
    output_index: int
    item_id: str
    content_index: int


@dataclass(slots=True)
class _Message:
    """The message that is being spoken."""

    entry: Entry
    output_index: int
    previous_item_id: str | None
    text: str
    sent: int = 0
    audio_bytes: int = 0


class Response:
    """One response and the events it makes; `conversation` is None for an out-of-band one."""

    def __init__(
        self, settings: ResponseSettings, conversation: ItemList | None, conversation_id: str, new_id: NewId
    ) -> None:
        self.id = new_id("resp")
        self.settings = settings
        self.stage = ResponseStage.WAITING
        self.entries: list[Entry] = []
        self._conversation = conversation
        self._conversation_id = conversation_id if conversation is not None else None
        self._new_id = new_id
        self._message: _Message | None = None

    @property
    def is_default(self) -> bool:
        """Whether it writes to the default conversation."""
        return self._conversation is not None

    @property
    def output_tokens(self) -> int:
        """Tokens of the message so far."""
        message = self._message
        if message is None:
            return 0
        return text_tokens(message.text[: message.sent]) + agent_audio_tokens(message.entry.duration_ms)

    def created(self) -> Iterator[ev.ServerEvent]:
        """The events that announce it."""
        yield ev.ResponseCreated(event_id=self._new_id("event"), response=self._object("in_progress", None, None))
        limits = [ev.RateLimit(name, _PLENTY, _PLENTY, 0.0) for name in ("requests", "tokens")]
        yield ev.RateLimitsUpdated(event_id=self._new_id("event"), rate_limits=limits)

    def begin_message(self, text: str) -> Iterator[ev.ServerEvent]:
        """The events that open a message which will say `text`."""
        item = Message(role="assistant", content=[], id=self._new_id("item"), status="in_progress")
        entry = Entry(item, audio_format=self.settings.audio_format)
        self._message = message = _Message(entry, len(self.entries), self._enter(entry), text)
        yield from self._item_added(entry, message.output_index, message.previous_item_id)
        kind = self.settings.modality
        part = ev.ContentPart(kind, text="") if kind == "text" else ev.ContentPart(kind, transcript="")
        yield ev.ContentPartAdded(**self._content(message), part=part)
        if kind == "audio":
            entry.item = structs.replace(item, content=[Part("output_audio")])

    def write(self) -> Iterator[ev.ServerEvent]:
        """The text of a text answer, in pieces."""
        message = self._open_message()
        for delta in _fragments(message.text):
            message.sent += len(delta)
            yield ev.TextDelta(**self._content(message), delta=delta)

    def speak(self, audio: bytes) -> Iterator[ev.ServerEvent]:
        """A piece of audio, and the words that go with it before it."""
        message = self._open_message()
        message.audio_bytes += len(audio)
        spoken_ms = duration_ms(message.audio_bytes, self.settings.audio_format)
        if not message.entry.truncated:
            message.entry.duration_ms = spoken_ms
            self._keep(message.entry, audio)
        if words := _next_words(message, spoken_ms // _MS_PER_CHARACTER + _HEAD_START):
            yield ev.TranscriptDelta(**self._content(message), delta=words)
        yield ev.AudioDelta(**self._content(message), delta=base64.b64encode(audio).decode())

    def end_message(self, status: ItemStatus) -> Iterator[ev.ServerEvent]:
        """The events that close the open message; `incomplete` keeps only the words that were sent."""
        message = self._message
        if message is None:
            return
        is_audio = self.settings.modality == "audio"
        if is_audio and status == "completed" and (rest := _next_words(message, len(message.text))):
            yield ev.TranscriptDelta(**self._content(message), delta=rest)
        said = message.text[: message.sent]
        if is_audio:
            yield ev.AudioDone(**self._content(message))
            yield ev.TranscriptDone(**self._content(message), transcript=said)
            part = ev.ContentPart("audio", transcript=said)
        else:
            yield ev.TextDone(**self._content(message), text=said)
            part = ev.ContentPart("text", text=said)
        yield ev.ContentPartDone(**self._content(message), part=part)
        self._message = None
        self._show(message.entry, said, status)
        yield from self._item_done(message.entry, message.output_index, message.previous_item_id)

    def call(self, call: ToolCall) -> Iterator[ev.ServerEvent]:
        """The events of one tool call."""
        tool_call_id = self._new_id("call")
        item = FunctionCall(call.name, "", call_id=tool_call_id, id=self._new_id("item"), status="in_progress")
        entry = Entry(item)
        index, previous = len(self.entries), self._enter(entry)
        yield from self._item_added(entry, index, previous)
        for delta in _fragments(call.arguments):
            yield ev.ArgumentsDelta(
                event_id=self._new_id("event"),
                response_id=self.id,
                output_index=index,
                item_id=entry.id,
                call_id=tool_call_id,
                delta=delta,
            )
        yield ev.ArgumentsDone(
            event_id=self._new_id("event"),
            response_id=self.id,
            output_index=index,
            item_id=entry.id,
            call_id=tool_call_id,
            name=call.name,
            arguments=call.arguments,
        )
        entry.item = structs.replace(item, arguments=call.arguments, status="completed")
        yield from self._item_done(entry, index, previous)

    def done(
        self,
        status: ev.FinalStatus,
        usage: ev.ResponseUsage,
        reason: ev.Reason | None = None,
        error: ev.ResponseError | None = None,
    ) -> Iterator[ev.ServerEvent]:
        """The last event."""
        self.stage = ResponseStage.DONE
        details = None
        if status != "completed":
            details = ev.StatusDetails(status, UNSET if reason is None else reason, UNSET if error is None else error)
        yield ev.ResponseDone(event_id=self._new_id("event"), response=self._object(status, details, usage))

    def _enter(self, entry: Entry) -> str | None:
        self.entries.append(entry)
        return self._conversation.add(entry) if self._conversation is not None else None

    def _open_message(self) -> _Message:
        assert self._message is not None
        return self._message

    def _keep(self, entry: Entry, audio: bytes) -> None:
        if self._conversation is not None:
            self._conversation.grow(entry, audio)

    def _show(self, entry: Entry, said: str, status: ItemStatus) -> None:
        assert isinstance(entry.item, Message)
        if self.settings.modality == "text":
            parts = [Part("output_text", text=said)]
        elif entry.truncated:
            parts = [Part("output_audio")]
        else:
            parts = [Part("output_audio", transcript=said)]
        entry.said = entry.said if entry.truncated else said
        entry.item = structs.replace(entry.item, content=parts, status=status)

    def _item_added(self, entry: Entry, index: int, previous: str | None) -> Iterator[ev.ServerEvent]:
        new_id = self._new_id
        yield ev.OutputItemAdded(event_id=new_id("event"), response_id=self.id, output_index=index, item=entry.item)
        if self._conversation is not None:
            yield ev.ItemAdded(event_id=new_id("event"), item=entry.item, previous_item_id=previous)

    def _item_done(self, entry: Entry, index: int, previous: str | None) -> Iterator[ev.ServerEvent]:
        new_id = self._new_id
        yield ev.OutputItemDone(event_id=new_id("event"), response_id=self.id, output_index=index, item=entry.item)
        if self._conversation is not None:
            yield ev.ItemDone(event_id=new_id("event"), item=entry.item, previous_item_id=previous)

    def _content(self, message: _Message) -> _Where:
        return {
            "event_id": self._new_id("event"),
            "response_id": self.id,
            "output_index": message.output_index,
            "item_id": message.entry.id,
            "content_index": 0,
        }

    def _object(
        self,
        status: ev.FinalStatus | Literal["in_progress"],
        details: ev.StatusDetails | None,
        usage: ev.ResponseUsage | None,
    ) -> ev.ResponseObject:
        settings = self.settings
        return ev.ResponseObject(
            id=self.id,
            status=status,
            status_details=details,
            output=[entry.item for entry in self.entries],
            conversation_id=self._conversation_id,
            output_modalities=[settings.modality],
            max_output_tokens=settings.max_output_tokens,
            audio=ev.ResponseAudioConfig(ev.ResponseOutputAudio(settings.audio_format, settings.voice)),
            usage=usage,
            metadata=settings.metadata,
        )


def _next_words(message: _Message, until: int) -> str:
    """The words not sent yet, up to about `until` characters of the text, never half a word."""
    text = message.text
    if until < len(text):
        until = text.rfind(" ", message.sent, until + 1) + 1
    words = text[message.sent : max(until, message.sent)]
    message.sent += len(words)
    return words


def _fragments(text: str) -> Iterator[str]:
    for start in range(0, len(text), _FRAGMENT):
        yield text[start : start + _FRAGMENT]

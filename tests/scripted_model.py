"""A Realtime server that does what a script says: items, gaps and pace are data, and so are its faults.

It keeps the other side's rules: one active response, no rate on µ-law, a truncation never beyond the audio, an item
that exists. It hears nothing; a test says when "the caller speaks". Every client event that reaches it is kept.
"""

import asyncio
import itertools
import json
import random
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

Event = dict[str, Any]
PER_MS = 8
LATE_SAMPLES = 160


@dataclass(frozen=True)
class Speech:
    """One audio item: its length, and the silence before it on the model's side."""

    ms: int
    gap_ms: int = 0
    text: str = ""
    """its transcript; empty: one that names the item"""


@dataclass(frozen=True)
class FunctionCall:
    """One function call item."""

    name: str
    arguments: str = "{}"


@dataclass(frozen=True)
class Answer:
    """One response: its items in order, and how much faster than real time its audio comes."""

    items: tuple[Speech | FunctionCall, ...]
    pace: float = 4.0
    delta_ms: int = 200
    usage: Event | None = None
    """of its `response.done`"""


@dataclass
class Connection:
    """One socket: what came in, what was said, and the handles to make it speak."""

    socket: ServerConnection
    script: "Script"
    received: list[Event] = field(default_factory=list)
    audio_samples: dict[str, int] = field(default_factory=dict)
    """item → samples of audio it has"""
    truncated: list[tuple[str, int]] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    refused: list[Event] = field(default_factory=list)
    """errors this side had to answer with"""
    caller_samples: int = 0
    active: str | None = None
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    _speaking: asyncio.Task[None] | None = None
    _ids: dict[str, Any] | None = None
    """of the item that is being spoken"""
    _serial: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def send(self, kind: str, **fields: Any) -> None:
        await self.socket.send(json.dumps({"type": kind, "event_id": f"event_{next(self._serial)}", **fields}))

    async def until(self, condition: Callable[["Connection"], bool]) -> None:
        """Wait until what this side knows satisfies the condition."""
        async with asyncio.timeout(10), self._changed:
            await self._changed.wait_for(lambda: condition(self))

    def events(self, kind: str) -> list[Event]:
        return [one for one in self.received if one["type"] == kind]

    async def speech(self, *, answer: Answer | None = None) -> None:
        """The caller begins to speak: turn detection cancels what runs; with an answer, that is given.

        One more delta of what ran comes behind `speech_started`, as it does on a real line.
        """
        item = f"item_caller_{next(self._serial)}"
        start_ms = self.caller_samples // PER_MS
        await self.send("input_audio_buffer.speech_started", audio_start_ms=start_ms, item_id=item)
        if self._ids is not None:
            self.audio_samples[self._ids["item_id"]] += LATE_SAMPLES
            delta = _noise(self._ids["item_id"], LATE_SAMPLES)
            await self.send("response.output_audio.delta", delta=delta, **self._ids)
        await self.cancel("turn_detected")
        if answer is None:
            return
        await self.send("input_audio_buffer.speech_stopped", audio_end_ms=start_ms + 500, item_id=item)
        await self.send("input_audio_buffer.committed", item_id=item, previous_item_id=None)
        await self.answer(answer)

    async def cancel(self, reason: str) -> None:
        if self._speaking is not None:
            self._speaking.cancel()
            self._speaking = self._ids = None
        if self.active is not None:
            response, self.active = self.active, None
            details = {"type": "cancelled", "reason": reason}
            await self.send("response.done", response=_response(response, "cancelled", status_details=details))

    async def answer(self, answer: Answer) -> str:
        """Begin a response; its audio comes in the background. Answers its id."""
        response = self.active = f"resp_{next(self._serial)}"
        await self.send("response.created", response=_response(response, "in_progress"))
        self._speaking = asyncio.get_running_loop().create_task(self._speak(response, answer))
        return response

    async def finished(self) -> None:
        """Wait until the running response has been sent whole."""
        if self._speaking is not None:
            await asyncio.wait_for(self._speaking, 30)

    async def _speak(self, response: str, answer: Answer) -> None:
        for one in answer.items:
            item = f"item_{next(self._serial)}"
            if isinstance(one, FunctionCall):
                await self._call_function(response, item, one)
                continue
            await asyncio.sleep(one.gap_ms / 1000)
            await self._speak_item(response, item, one, answer)
        self.active = None
        self._speaking = None
        usage = {} if answer.usage is None else {"usage": answer.usage}
        await self.send("response.done", response=_response(response, "completed", **usage))

    async def _speak_item(self, response: str, item: str, speech: Speech, answer: Answer) -> None:
        self.audio_samples[item] = 0
        message = {"id": item, "type": "message", "role": "assistant", "status": "in_progress", "content": []}
        await self.send("response.output_item.added", response_id=response, output_index=0, item=message)
        await self.send("conversation.item.added", item=message, previous_item_id=None)
        ids = {"response_id": response, "item_id": item, "output_index": 0, "content_index": 0}
        self._ids = ids
        left = speech.ms * PER_MS
        while left:
            size = min(left, answer.delta_ms * PER_MS)
            left -= size
            self.audio_samples[item] += size
            await self.send("response.output_audio.delta", delta=_noise(item, size), **ids)
            await asyncio.sleep(size / PER_MS / 1000 / answer.pace)
        self._ids = None
        await self.send("response.output_audio.done", **ids)
        await self.send("response.output_audio_transcript.done", transcript=speech.text or f"words of {item}", **ids)
        await self.send("response.output_item.done", response_id=response, output_index=0, item=message)

    async def _call_function(self, response: str, item: str, call: FunctionCall) -> None:
        call_id = f"call_{next(self._serial)}"
        body = {
            "id": item,
            "type": "function_call",
            "status": "completed",
            "name": call.name,
            "call_id": call_id,
            "arguments": call.arguments,
        }
        await self.send("response.output_item.added", response_id=response, output_index=0, item=body)
        await self.send("response.output_item.done", response_id=response, output_index=0, item=body)

    async def serve(self) -> None:
        try:
            await self.send("session.created", session={"type": "realtime", "id": "sess_1"})
            async for raw in self.socket:
                event: Event = json.loads(raw)
                await self._take(event)
                async with self._changed:
                    self.received.append(event)
                    self._changed.notify_all()
        except ConnectionClosed:
            pass
        finally:
            if self._speaking is not None:
                self._speaking.cancel()
            self.closed.set()

    async def _take(self, event: Event) -> None:
        match event["type"]:
            case "input_audio_buffer.append":
                self.caller_samples += len(event["audio"]) // 4 * 3 - event["audio"][-2:].count("=")
            case "session.update":
                await self._update(event)
            case "response.create" if self.active is not None:
                await self._refuse(event, "conversation_already_has_active_response", "one response at a time")
            case "response.create":
                await self.answer(self.script.next_answer())
            case "response.cancel":
                await self.cancel("client_cancelled")
            case "conversation.item.create":
                await self.send("conversation.item.added", item=event["item"], previous_item_id=None)
                await self.send("conversation.item.done", item=event["item"], previous_item_id=None)
            case "conversation.item.truncate":
                await self._truncate(event)
            case "conversation.item.delete":
                self.deleted.append(event["item_id"])
                await self.send("conversation.item.deleted", item_id=event["item_id"])
            case other:
                await self._refuse(event, "invalid_value", f"unknown type {other}")

    async def _update(self, event: Event) -> None:
        session = event["session"]
        sides = session["audio"]
        if session.get("type") != "realtime" or any("rate" in sides[side]["format"] for side in ("input", "output")):
            await self._refuse(event, "unknown_parameter", "not a GA session")
            return
        if self.script.refuses_transcription and "transcription" in sides["input"]:
            await self._refuse(event, "invalid_value", "this transcription model is not available")
            return
        await self.send("session.updated", session=session)

    async def _truncate(self, event: Event) -> None:
        length = self.audio_samples.get(event["item_id"])
        if length is None:
            await self._refuse(event, "item_truncate_invalid_item_id", "no such item")
        elif event["audio_end_ms"] > length / PER_MS:
            text = f"Audio content of {length // PER_MS}ms is already shorter than {event['audio_end_ms']}ms"
            await self._refuse(event, "invalid_value", text)
        else:
            self.truncated.append((event["item_id"], event["audio_end_ms"]))
            fields = {name: event[name] for name in ("item_id", "content_index", "audio_end_ms")}
            await self.send("conversation.item.truncated", **fields)

    async def _refuse(self, event: Event, code: str, message: str) -> None:
        error = {
            "type": "invalid_request_error",
            "code": code,
            "message": message,
            "param": None,
            "event_id": event.get("event_id"),
        }
        self.refused.append(error)
        await self.send("error", error=error)


@dataclass
class Script:
    """What the model does: one answer per `response.create`, the last one again and again."""

    answers: list[Answer] = field(default_factory=lambda: [Answer((Speech(1000),))])
    refuses_transcription: bool = False
    connections: list[Connection] = field(default_factory=list)
    url: str = ""
    requests: list[Any] = field(default_factory=list)
    """the upgrade requests, headers and path"""
    _arrival: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def take(self, socket: ServerConnection) -> None:
        """Serve one socket to its end."""
        connection = Connection(socket, self)
        async with self._arrival:
            self.requests.append(socket.request)
            self.connections.append(connection)
            self._arrival.notify_all()
        await connection.serve()

    def next_answer(self) -> Answer:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    async def connected(self, count: int = 1) -> Connection:
        """The socket with this number, once its session is agreed."""
        async with asyncio.timeout(10), self._arrival:
            await self._arrival.wait_for(lambda: len(self.connections) >= count)
        connection = self.connections[count - 1]
        await connection.until(lambda one: bool(one.events("session.update")))
        return connection


@asynccontextmanager
async def scripted_model(script: Script | None = None) -> AsyncIterator[Script]:
    """A scripted model on a free loopback port."""
    script = script or Script()

    async with serve(script.take, "127.0.0.1", 0, compression=None, max_size=None) as server:
        script.url = f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}/v1/realtime"
        yield script


def _response(response: str, status: str, **fields: Any) -> Event:
    return {"id": response, "object": "realtime.response", "status": status, "output": [], **fields}


def _noise(item: str, samples: int) -> str:
    """Audio that is never silence and differs between items."""
    return b64encode(random.Random(f"{item}{samples}").randbytes(samples).replace(b"\xff", b"\x80")).decode()

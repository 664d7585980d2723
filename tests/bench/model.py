"""A scripted Realtime server, as lean as the phones: every append is checked bit by bit, every rule is kept.

A socket belongs to a *talker*, which decides what is said and when; `Talking` here says 200 ms five times a second and
never stops. Whoever connects to `/media-stream` is a relay: it gets the same load in Twilio's messages, so that what
the two cost can be compared.
"""

import json
import ssl
import time
from binascii import a2b_base64
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from picows import WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeRequest, ws_create_server

from tests.bench.beat import Beat
from tests.bench.phones import VARIANTS
from tests.bench.stamps import (
    APART,
    BYTES_PER_MS,
    FRAME_BYTES,
    STAMP_CHARS,
    noise,
    noise_text,
    read_stamp,
    stamp_text,
    variant_of,
)
from tests.bench.tally import Tally

DELTA_MS = 200
_DELTA = (
    b'{"type":"response.output_audio.delta","event_id":"event_%d","response_id":"%s","item_id":"%s",'
    b'"output_index":0,"content_index":0,"delta":"%s%s"}'
)
_TRANSCRIPT = (
    b'{"type":"response.output_audio_transcript.delta","event_id":"event_%d","response_id":"%s","item_id":"%s",'
    b'"output_index":0,"content_index":0,"delta":" and so on"}'
)


@dataclass(slots=True)
class SpokenItem:
    """An audio item as this side knows it."""

    item_id: str
    response_id: str
    sent_bytes: int = 0
    complete: bool = False


class CallerAudio:
    """Finds the payload in appends (or media frames) without parsing each, and checks it.

    The first is parsed; those after it must begin and end as that one did, or they are parsed too.
    """

    def __init__(self, tally: Tally, payload_of: Callable[[dict[str, Any]], str]) -> None:
        self.call: int | None = None
        self._tally = tally
        self._payload_of = payload_of
        self._payload_at = 0
        self._head = b""
        self._tails: list[bytes] = []
        self._expected = 0

    def fits(self, raw: bytes) -> bool:
        """Whether this is one more of the kind that was learned; then it is taken."""
        at = self._payload_at
        if not at or raw[:at] != self._head:
            return False
        stamp = read_stamp(raw[at : at + STAMP_CHARS])
        if raw[at + STAMP_CHARS :] != self._tails[variant_of(stamp.number)] or stamp.call != self.call:
            return False
        self._expected = self._tally.arrived(stamp, self._expected)
        return True

    def learn(self, raw: bytes, message: dict[str, Any]) -> None:
        """Take one that was parsed."""
        payload = self._payload_of(message).encode()
        stamp = read_stamp(payload[:STAMP_CHARS])
        if self.call is None:
            self.call = stamp.call
            self._tally = self._tally if stamp.call < APART else Tally()
        self._expected = self._tally.arrived(stamp, self._expected)
        if stamp.call != self.call or a2b_base64(payload[STAMP_CHARS:]) != noise(
            self.call, variant_of(stamp.number), FRAME_BYTES
        ):
            self._tally.altered += 1
            return
        self._payload_at = raw.index(payload)
        self._head, rest = raw[: self._payload_at], raw[self._payload_at + len(payload) :]
        self._tails = [noise_text(self.call, variant, FRAME_BYTES) + rest for variant in VARIANTS]


class ModelSocket(WSListener):
    """One session: agrees to it, counts what the caller says, and keeps the other side's rules."""

    def __init__(self, model: "BenchModel") -> None:
        self.model = model
        self.transport: WSTransport | None = None
        self.ears = CallerAudio(model.caller, lambda message: str(message["audio"]))
        self.items: dict[str, SpokenItem] = {}
        self.truncated: list[tuple[str, int]] = []
        self.deleted: list[str] = []
        self.refused: list[str] = []
        """errors this side had to answer with"""
        self.active: str | None = None
        self._serial = 0

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport
        self.model.sockets.append(self)
        self.say("session.created", session={"type": "realtime", "id": "sess_1"})

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type is not WSMsgType.TEXT:
            if frame.msg_type is WSMsgType.CLOSE:
                transport.send_close()
                transport.disconnect()
            return
        raw = frame.get_payload_as_bytes()
        if not self.ears.fits(raw):
            self._take(raw, json.loads(raw))

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self.transport = None
        self.stop_speaking()

    # What this side says

    def say(self, kind: str, **fields: Any) -> None:
        """Send one server event."""
        self.send(json.dumps({"type": kind, "event_id": f"event_{self.next_serial()}", **fields}).encode())

    def send(self, raw: bytes) -> None:
        """Send one text message; nothing once the socket is gone."""
        if self.transport is not None:
            self.transport.send(WSMsgType.TEXT, raw)

    def next_serial(self) -> int:
        """A number nobody else has on this socket."""
        self._serial += 1
        return self._serial

    def speak(self, item: SpokenItem, number: int, size: int) -> None:
        """One delta of stamped audio, and a bit of transcript; the call must have been heard before."""
        call = self.ears.call
        assert call is not None, "the caller was not heard yet"
        self.model.agent.sent += call < APART
        item.sent_bytes += size
        ids = item.response_id.encode(), item.item_id.encode()
        tail = noise_text(call, variant_of(number), size)
        self.send(_DELTA % (self.next_serial(), *ids, stamp_text(call, number, size), tail))
        self.send(_TRANSCRIPT % (self.next_serial(), *ids))

    def begin_item(self, response_id: str) -> SpokenItem:
        """A new audio item of a running response."""
        item = SpokenItem(f"item_{self.next_serial()}", response_id)
        self.items[item.item_id] = item
        message = {"id": item.item_id, "type": "message", "role": "assistant", "status": "in_progress", "content": []}
        self.say("response.output_item.added", response_id=response_id, output_index=0, item=message)
        self.say("conversation.item.added", item=message, previous_item_id=None)
        return item

    def begin_response(self) -> str:
        """A response runs from now on."""
        self.active = f"resp_{self.next_serial()}"
        self.say("response.created", response={"id": self.active, "status": "in_progress", "output": []})
        return self.active

    def end_response(self, status: str) -> None:
        """The running response is over, if there is one."""
        if self.active is not None:
            response, self.active = self.active, None
            self.say("response.done", response={"id": response, "status": status, "output": []})

    # What a talker adds

    def answer(self) -> None:
        """Somebody asked for a response and none runs."""
        self.begin_response()

    def stop_speaking(self) -> None:
        """The response was cancelled, or the socket is gone."""

    def agree(self, session: dict[str, Any]) -> None:
        """The session was asked for."""
        self.say("session.updated", session=session)

    # What this side hears

    def _take(self, raw: bytes, event: dict[str, Any]) -> None:
        match event["type"]:
            case "input_audio_buffer.append":
                self.ears.learn(raw, event)
            case "session.update":
                self.agree(event["session"])
            case "response.create" if self.active is not None:
                self._refuse(event, "conversation_already_has_active_response")
            case "response.create":
                self.answer()
            case "response.cancel":
                self.stop_speaking()
                self.end_response("cancelled")
            case "conversation.item.create":
                self.say("conversation.item.added", item=event["item"], previous_item_id=None)
            case "conversation.item.truncate":
                self._truncate(event)
            case "conversation.item.delete" if event["item_id"] in self.items:
                del self.items[event["item_id"]]
                self.deleted.append(event["item_id"])
                self.say("conversation.item.deleted", item_id=event["item_id"])
            case other:
                self._refuse(event, f"unexpected_{other}")

    def _truncate(self, event: dict[str, Any]) -> None:
        item = self.items.get(event["item_id"])
        if item is None:
            self._refuse(event, "item_truncate_invalid_item_id")
        elif event["audio_end_ms"] > item.sent_bytes / BYTES_PER_MS:
            self._refuse(event, "audio_end_ms_beyond_the_audio")
        else:
            self.truncated.append((item.item_id, event["audio_end_ms"]))
            told = {name: event[name] for name in ("item_id", "content_index", "audio_end_ms")}
            self.say("conversation.item.truncated", **told)

    def _refuse(self, event: dict[str, Any], code: str) -> None:
        self.refused.append(code)
        about = {"type": "invalid_request_error", "code": code, "event_id": event.get("event_id"), "param": None}
        self.say("error", error={**about, "message": code})


class Pace:
    """How many deltas are due at a beat: real time, but so many deltas ahead of the caller's ear."""

    def __init__(self, lead_deltas: int) -> None:
        self.times = 1
        """above 1: that much faster than real time"""
        self._lead_s = (1 + lead_deltas) * DELTA_MS / 1000
        self._spoken_until = 0.0

    def due(self) -> int:
        """Of this beat."""
        if self.times > 1:
            return self.times
        now = time.monotonic()
        self._spoken_until = max(self._spoken_until, now)
        count = max(0, round((now + self._lead_s - self._spoken_until) * 1000 / DELTA_MS))
        self._spoken_until += count * DELTA_MS / 1000
        return count


class Talking(ModelSocket):
    """Says 200 ms five times a second, without end, a little ahead of real time."""

    def __init__(self, model: "BenchModel") -> None:
        super().__init__(model)
        self._item: SpokenItem | None = None
        self._number = 0
        self.pace = Pace(model.lead_deltas)

    def answer(self) -> None:
        self._item = self.begin_item(self.begin_response())
        self.model.beat.join(self)

    def stop_speaking(self) -> None:
        self.model.beat.leave(self)

    def beat(self) -> None:
        if self._item is None or self.ears.call is None:
            return
        for _ in range(self.pace.due()):
            self.speak(self._item, self._number, DELTA_MS * BYTES_PER_MS)
            self._number += 1


class Relayed(WSListener):
    """The far end of a relay: hears Twilio's messages and answers with media and mark, as a bridge would."""

    def __init__(self, model: "BenchModel") -> None:
        self._model = model
        self._transport: WSTransport | None = None
        self._call: int | None = None
        self._sid = b""
        self._number = 0
        self._expected = 0
        self._pace = Pace(model.lead_deltas)

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._transport = transport

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type is not WSMsgType.TEXT:
            if frame.msg_type is WSMsgType.CLOSE:
                transport.send_close()
                transport.disconnect()
            return
        raw = frame.get_payload_as_bytes()
        if raw.startswith(b'{"event":"media"'):
            self._hear(raw)
        elif raw.startswith(b'{"event":"start"'):
            self._sid = json.loads(raw)["streamSid"].encode()
            self._model.beat.join(self)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self._transport = None
        self._model.beat.leave(self)

    def _hear(self, raw: bytes) -> None:
        at = raw.index(b'"payload":"') + 11
        stamp = read_stamp(raw[at : at + STAMP_CHARS])
        if self._call is None:
            self._call = stamp.call
        self._expected = self._model.caller.arrived(stamp, self._expected)
        tail = noise_text(self._call, variant_of(stamp.number), FRAME_BYTES)
        if stamp.call != self._call or raw[at + STAMP_CHARS : at + STAMP_CHARS + len(tail)] != tail:
            self._model.caller.altered += 1

    def beat(self) -> None:
        if self._transport is None or self._call is None:
            return
        for _ in range(self._pace.due()):
            size, call = DELTA_MS * BYTES_PER_MS, self._call
            audio = stamp_text(call, self._number, size) + noise_text(call, variant_of(self._number), size)
            media = b'{"event":"media","streamSid":"%s","media":{"payload":"%s"}}' % (self._sid, audio)
            mark = b'{"event":"mark","streamSid":"%s","mark":{"name":"0:%d"}}' % (self._sid, self._number)
            self._model.agent.sent += 1
            self._number += 1
            self._transport.send(WSMsgType.TEXT, media)
            self._transport.send(WSMsgType.TEXT, mark)


class BenchModel:
    """Everything that dials in."""

    def __init__(self, caller: Tally, agent: Tally, lead_deltas: int = 2) -> None:
        self.caller, self.agent = caller, agent
        self.lead_deltas = lead_deltas
        """deltas by which the agent is ahead of real time; 0: each arrives when the buffer just ran dry"""
        self.beat = Beat(DELTA_MS)
        self.sockets: list[ModelSocket] = []
        self.port = 0


Talker = Callable[[BenchModel], ModelSocket]
"""Makes a session's side of the model"""


@asynccontextmanager
async def listening(
    model: BenchModel,
    *,
    tls: ssl.SSLContext | None = None,
    talker: Talker = Talking,
) -> AsyncIterator[BenchModel]:
    """The model on a free loopback port; somebody has to drive its beat."""

    def accept(request: WSUpgradeRequest) -> WSListener:
        return Relayed(model) if request.path.startswith(b"/media-stream") else talker(model)

    server = await ws_create_server(accept, "127.0.0.1", 0, ssl=tls, max_frame_size=1 << 20, backlog=2048)
    model.port = server.sockets[0].getsockname()[1]
    try:
        yield model
    finally:
        server.close()

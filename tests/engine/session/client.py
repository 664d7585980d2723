"""A client of a Session in memory: every event it gets is checked strictly, every other order is kept aside."""

import base64
import json
from collections.abc import Iterable
from typing import TypeVar

from tests.engine.strict import Event, checked
from twilio_rt_cli.engine.session import Session, orders
from twilio_rt_cli.engine.session.prompt import Decision, Say
from twilio_rt_cli.engine.session.server_events import encode
from twilio_rt_cli.engine.session.turns import SpeechStarted, SpeechStopped

MODEL = "gpt-realtime-2.1"
PCMU = {"type": "audio/pcmu"}
Order = TypeVar("Order")


class Client:
    """Sends client events, reports results, and returns the events that come of it."""

    def __init__(self, **audio_input: object) -> None:
        self.session = Session("test", MODEL, now=0.0, unix_s=1_000_000)
        self.now = 0.0
        self._written_ms = self._tuned_ms = 0
        self.orders: list[orders.Order] = []
        self.begun = self._taken(self.session.begin())
        given = {"format": PCMU, **audio_input}
        audio = {"input": given, "output": {"format": PCMU}}
        self.send("session.update", session={"type": "realtime", "audio": audio})

    def send(self, kind: str, **fields: object) -> list[Event]:
        """The events that answer a client event."""
        return self.send_text(json.dumps({"type": kind, **fields}))

    def send_text(self, text: str) -> list[Event]:
        """The events that answer a text frame."""
        return self._taken(self.session.receive(text, self.now))

    def report(self, result: orders.Result) -> list[Event]:
        """The events that a job's result leads to."""
        return self._taken(self.session.report(result, self.now))

    def wake(self) -> list[Event]:
        """The events that are due now."""
        return self._taken(self.session.wake(self.now))

    def update(self, **session: object) -> list[Event]:
        """The answer to a session.update."""
        return self.send("session.update", session={"type": "realtime", **session})

    def append(self, ms: int, byte: bytes = b"\xff") -> list[Event]:
        """The answer to so much µ-law audio."""
        self._written_ms += ms
        return self.send("input_audio_buffer.append", audio=base64.b64encode(byte * 8 * ms).decode())

    def hear(self, *turns: SpeechStarted | SpeechStopped, epoch: int | None = None) -> list[Event]:
        """The events of what turn detection noticed, by the newest detector unless another is named."""
        return self.report(orders.Heard(self.last(orders.Tune).epoch if epoch is None else epoch, turns))

    def say(self, text: str, ms: int = 1000) -> str:
        """The caller says something; the item it became."""
        start = self._written_ms - self._tuned_ms
        self.append(ms)
        self.hear(started(start))
        self.hear(stopped(start + ms))
        item_id = self.last(orders.Transcribe).item_id
        self.recognise(text)
        return item_id

    def recognise(self, text: str) -> list[Event]:
        """The events of the newest transcription's words."""
        order = self.last(orders.Transcribe)
        return self.report(orders.Transcribed(order.item_id, text, order.attempt))

    def think(self, decision: Decision) -> list[Event]:
        """The events of a decision for the newest response that waits for one."""
        return self.report(orders.Thought(self.last(orders.Think).response_id, decision))

    def answer(self, text: str = "All right.", ms: int = 300) -> list[Event]:
        """The agent says something to its end."""
        events = self.think(Say(text))
        response_id = self.last(orders.Speak).response_id
        events += self.report(orders.Spoken(response_id, b"\x7f" * 8 * ms))
        return events + self.report(orders.SpeakingDone(response_id))

    def last(self, kind: type[Order]) -> Order:
        """The newest order of a kind."""
        return next(order for order in reversed(self.orders) if isinstance(order, kind))

    def has(self, kind: type[object]) -> bool:
        """Whether such an order was given."""
        return any(isinstance(order, kind) for order in self.orders)

    def _taken(self, given: Iterable[orders.Order]) -> list[Event]:
        events = []
        for order in given:
            if isinstance(order, orders.Send):
                events.append(checked(encode(order.event)))
            else:
                self.orders.append(order)
            if isinstance(order, orders.Tune):
                self._tuned_ms = self._written_ms
        return events


def kinds(events: list[Event]) -> list[object]:
    """The types of events, in order."""
    return [event["type"] for event in events]


def only(events: list[Event], kind: str) -> Event:
    """The one event of a type."""
    (event,) = [event for event in events if event["type"] == kind]
    return event


def at(event: object, *path: str | int) -> object:
    """What lies at a path of keys and indexes."""
    for step in path:
        if isinstance(event, dict):
            event = event[step]
        else:
            assert isinstance(event, list)
            assert isinstance(step, int)
            event = event[step]
    return event


def refused(events: list[Event]) -> tuple[object, object]:
    """Code and param of the one error that is all the answer."""
    (event,) = events
    assert event["type"] == "error", event
    assert at(event, "error", "type") == "invalid_request_error"
    return at(event, "error", "code"), at(event, "error", "param")


def started(ms: int) -> SpeechStarted:
    """Turn detection: speech from here on."""
    return SpeechStarted(audio_start_ms=ms)


def stopped(ms: int) -> SpeechStopped:
    """Turn detection: silence since a while, ending here."""
    return SpeechStopped(audio_end_ms=ms, speech_ms=ms)

"""Transcripts of the core: events go in with `<<`, what the call orders comes out, notices are kept aside.

Time stands still unless told: `call.at(ms)` moves it, waking the call at each of its deadlines on the way.
"""

from dataclasses import replace
from typing import Any, get_args

from twilio_rt_cli.call.call import Call, CallState
from twilio_rt_cli.call.commands import Command
from twilio_rt_cli.call.events import Began, Event, ModelOpened, Woken
from twilio_rt_cli.call.notices import Notice
from twilio_rt_cli.call.plan import CallPlan
from twilio_rt_cli.protocol.realtime import (
    AudioDelta,
    AudioDone,
    AudioFormat,
    AudioSide,
    Item,
    ItemId,
    OutputItemDone,
    Response,
    ResponseCreated,
    ResponseDone,
    ResponseId,
    Session,
    SessionAudio,
    SessionUpdated,
    ToolCallId,
)
from twilio_rt_cli.protocol.twilio import Mark, MarkDetails, Media, MediaDetails, StreamSid

STREAM = StreamSid("MZ00000000000000000000000000000001")
NOTICES = get_args(Notice)
PCMU = AudioSide(format=AudioFormat("audio/pcmu"))
PLAN = CallPlan(session={"type": "realtime", "audio": {"input": {}}}, greeting="")


class Playbook:
    """A call and its clock."""

    def __init__(self, plan: CallPlan = PLAN, **changes: Any) -> None:
        self.now = 100.0
        self.core = Call(replace(plan, **changes), STREAM, self.now)
        self.notices: list[Any] = []
        self.began = self << Began()

    def __lshift__(self, event: Event) -> list[Command]:
        """Tell the call one thing; what it orders."""
        return self._keep(self.core.receive(event, self.now))

    def at(self, ms: float) -> list[Command]:
        """Let time pass to so many ms after the beginning; what the call orders on the way."""
        commands: list[Command] = []
        while (deadline := self.core.deadline()) is not None and deadline <= 100.0 + ms / 1000:
            self.now = max(self.now, deadline)
            commands += self << Woken()
        self.now = 100.0 + ms / 1000
        return commands

    @property
    def state(self) -> CallState:
        return self.core.state

    def told(self, kind: type[Any]) -> list[Any]:
        """The notices of one kind."""
        return [one for one in self.notices if isinstance(one, kind)]

    def _keep(self, commands: Any) -> list[Command]:
        self.notices += [one for one in commands if isinstance(one, NOTICES)]
        return [one for one in commands if not isinstance(one, NOTICES)]


def talking(**changes: Any) -> Playbook:
    """A call whose session is agreed and whose round trip was measured as nothing."""
    call = Playbook(**changes)
    call << echo("probe")
    call << ModelOpened()
    call << session_updated()
    return call


def answering(ms: float = 1000, item: str = "item_1", response: str = "resp_1") -> Playbook:
    """A call in which an answer of so many ms has begun and its audio is complete."""
    call = talking()
    call << created(response)
    call << delta(ms, item, response)
    call << AudioDone(ResponseId(response), ItemId(item))
    return call


def session_updated(kind: str = "audio/pcmu") -> SessionUpdated:
    side = AudioSide(format=AudioFormat(kind))
    return SessionUpdated(Session(audio=SessionAudio(input=side, output=side)))


def media(ms: float = 20, sequence_number: int = 1) -> Media:
    """Caller audio. Its time of arrival is noted if the number is a multiple of eight; else all of it came just now."""
    return Media(MediaDetails(audio(ms)), STREAM, sequence_number)


def audio(ms: float) -> bytes:
    return bytes(int(ms * 8))


def echo(name: str) -> Mark:
    return Mark(MarkDetails(name), STREAM)


def created(response: str = "resp_1") -> ResponseCreated:
    return ResponseCreated(Response(ResponseId(response), status="in_progress"))


def done(response: str = "resp_1", status: str = "completed", **fields: Any) -> ResponseDone:
    return ResponseDone(Response(ResponseId(response), status=status, **fields))


def delta(ms: float, item: str = "item_1", response: str = "resp_1") -> AudioDelta:
    return AudioDelta(ResponseId(response), ItemId(item), audio(ms))


def function_call(
    call_id: str, name: str = "look_up", response: str = "resp_1", status: str | None = "completed"
) -> OutputItemDone:
    item = Item(
        id=ItemId(f"item_{call_id}"),
        type="function_call",
        status=status,
        name=name,
        call_id=ToolCallId(call_id),
        arguments='{"day":"2026-11-26"}',
    )
    return OutputItemDone(ResponseId(response), item)

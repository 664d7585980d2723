"""Calls that leave records: told to a listener as the hub tells them, written by a real Writer to a real file."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from twilio_rt_cli.call.figures.end_reason import EndReason
from twilio_rt_cli.call.figures.statistics import CallStatistics, figures
from twilio_rt_cli.call.figures.status import NO_STATUS, CallStatus
from twilio_rt_cli.call.notices import (
    AgentTurn,
    BargedIn,
    CallerTurn,
    CallOver,
    ItemCut,
    KeyPressed,
    ModelReady,
    Notice,
    SpokenItem,
    ToolAnswered,
    ToolStarted,
)
from twilio_rt_cli.machine.process import Process
from twilio_rt_cli.protocol.twilio import CallSid, StreamSid
from twilio_rt_cli.records.inbox import Job
from twilio_rt_cli.records.listener import Plain, RecordListener
from twilio_rt_cli.records.schema import NAME
from twilio_rt_cli.records.store import Begun, Ended, Noted, Store
from twilio_rt_cli.records.writer import Writer
from twilio_rt_cli.server.admission.notices import CallStarted, ServerNotice

BEGAN = 1_795_608_000.0
"""2026-11-25 12:00 UTC"""
CALLER, OURS = "+14155550142", "+14155550100"
CONFIGURATION: dict[str, Plain] = {"model": "gpt-realtime-2.1", "voice": "marin", "tools": ["check"]}
TEXT = "We are open from nine in the morning until six."
STORY: tuple[tuple[float, Notice], ...] = (
    (0.2, ModelReady(200)),
    (2.0, AgentTurn("Hello.", None, spoken_at_ms=300, items=(SpokenItem("a", "Hello."),))),
    (5.2, ToolStarted("t", "check", '{"day":"2026-11-26"}')),
    (5.3, ToolAnswered("t", "check", True, 100, "free")),
    (5.6, CallerTurn("When are you open?", "b", spoken_at_ms=3000)),
    (6.0, AgentTurn(TEXT, 700, interrupted=True, spoken_at_ms=5400, items=(SpokenItem("c", TEXT),))),
    (7.0, BargedIn(1000, 2000, "c", 140, (ItemCut("c", 1000, 2000),))),
    (8.0, KeyPressed("5#")),
)


class Running:
    """A call that goes on, with these counters."""

    def __init__(self, counted: CallStatistics) -> None:
        self.statistics = counted

    waiting_ms = 0.0

    def status(self) -> CallStatus:
        return NO_STATUS


def sid(number: int) -> CallSid:
    return CallSid(f"CA{number * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128:032x}")


def stream(number: int) -> StreamSid:
    return StreamSid(f"MZ{number:032x}")


def statistics() -> CallStatistics:
    return CallStatistics(
        frames_in=400, turns=1, barge_ins=1, tool_calls=1, v2v_ms=[700.04, 900.0], first_audio_ms=300.0, cost_usd=0.0123
    )


def over(reason: EndReason = EndReason.CALLER_HUNG_UP, detail: str = "stop") -> CallOver:
    return CallOver(reason, detail, 9000.0, statistics())


def begin(
    listener: RecordListener, number: int = 1, at: float = BEGAN, caller: str = CALLER, call: Running | None = None
) -> CallSid:
    listener.on_server(at, CallStarted(sid(number), stream(number), caller, OURS, call))
    return sid(number)


def tell(
    listener: RecordListener,
    number: int = 1,
    at: float = BEGAN,
    *,
    caller: str = CALLER,
    story: Sequence[tuple[float, Notice]] = STORY,
    end: CallOver | None = None,
) -> CallSid:
    """A whole call."""
    call_sid = begin(listener, number, at, caller)
    for after_s, notice in story:
        listener.on_call(at + after_s, call_sid, notice)
    listener.on_call(at + 9.0, call_sid, end or over())
    return call_sid


class Punctual(RecordListener):
    """A listener whose clocks go by the times it is told."""

    def __init__(self, writer: Writer) -> None:
        self._now = BEGAN
        super().__init__(writer, CONFIGURATION, clock=self._told, steady=self._told)

    def on_call(self, at: float, call_sid: CallSid, notice: Notice) -> None:
        self._now = at
        super().on_call(at, call_sid, notice)

    def on_server(self, at: float, notice: ServerNotice) -> None:
        self._now = at
        super().on_server(at, notice)

    def _told(self) -> float:
        return self._now


@contextmanager
def listening(folder: Path, *, days: int = 0, most: int = 10_000) -> Iterator[RecordListener]:
    """A listener; what it was told is written when the context ends."""
    writer = Writer(folder / NAME, days=days, most=most, pause_s=0.01)
    listener = Punctual(writer)
    with writer.running(listener.notes):
        yield listener


def no_notes() -> list[Job]:
    """For a writer whose calls count nothing."""
    return []


def fill(folder: Path, count: int, now: float) -> None:
    """So many records that ended well, a minute apart, the last of them a minute ago; without what was said."""
    store = Store(folder / NAME)
    with store.transaction():
        for number in range(1, count + 1):
            at = now - (count + 1 - number) * 60
            begun = Begun(sid(number), stream(number), f"+1415555{number % 1000:04}", OURS, at, Process(1, "1"), "{}")
            store.end(begun, ended(at + 9))
    store.close()


def ended(at: float) -> Ended:
    counted = msgspec.json.encode(figures(statistics())).decode()
    return Ended(
        ended_at=at,
        duration_ms=9000.0,
        reason="caller_hung_up",
        detail="stop",
        health="healthy",
        why="",
        turns=1,
        barge_ins=1,
        v2v_p50_ms=900.0,
        cost_usd=0.01,
        event_count=0,
        statistics=counted,
    )


def noted(at: float, duration_ms: float, turns: int = 1) -> Noted:
    counted = msgspec.json.encode(figures(statistics())).decode()
    return Noted(
        noted_at=at,
        duration_ms=duration_ms,
        turns=turns,
        barge_ins=0,
        v2v_p50_ms=700.0,
        cost_usd=0.01,
        statistics=counted,
    )


def until(condition: Callable[[], bool]) -> None:
    """Wait for something that another thread does."""
    give_up_at = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < give_up_at
        threading.Event().wait(0.002)


def settled(writer: Writer) -> None:
    """Wait until all that was put before is committed: when a second batch runs, the first one is."""
    for _ in range(2):
        reached = threading.Event()
        writer.put(Job("", lambda _, reached=reached: reached.set()))  # type: ignore[misc]
        assert reached.wait(30)

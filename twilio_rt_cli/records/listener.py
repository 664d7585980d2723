"""Listens to what happens, and has it written down: each call's record, and who was turned away.

On the event loop this costs an object and a queue's append; rows are made in the writer's thread. It also asks, once a
second or so, which calls are to have their counters noted, so that a call whose process is killed leaves those too.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec

from twilio_rt_cli.call.figures.health import health
from twilio_rt_cli.call.figures.statistics import CallStatistics, figures, percentile
from twilio_rt_cli.call.figures.status import RunningCall
from twilio_rt_cli.call.notices import CallOver, CallTrouble, Notice
from twilio_rt_cli.machine.process import Process
from twilio_rt_cli.protocol.twilio import PROBE_CALL_SID, CallSid
from twilio_rt_cli.records.inbox import Job
from twilio_rt_cli.records.notice_rows import row_of
from twilio_rt_cli.records.store import Begun, Ended, Event, Noted, Refused, Store
from twilio_rt_cli.records.writer import Writer
from twilio_rt_cli.server.admission.notices import CallRefused, CallStarted, Refusal, ServerNotice, StreamFailed

NOTE_S = 8.5
"""from one note of a call's counters to the next; the thread looks every 1.5 s at least, so none is older than 10 s"""
_TURNS = 5  # the first notes of a crowd that came together are spread out: they fall due in so many turns,
_TURN = 1 / 8  # each by this part of NOTE_S sooner than the one before it

Plain = str | int | float | bool | None | list[str]

STRANGERS = frozenset(
    {
        Refusal.BAD_SIGNATURE,
        Refusal.BAD_TOKEN,
        Refusal.BAD_HANDSHAKE,
        Refusal.TOO_OFTEN,
        Refusal.ORIGIN,
        Refusal.HOST,
    }
)
"""Nothing says that these came from Twilio: they leave no record, or anybody could fill the disk."""


@dataclass(slots=True)
class _Open:
    begun: Begun
    began_at: float
    """by the steady clock"""
    note_at: float
    """likewise: when the next note is due"""
    call: RunningCall | None
    event_count: int = 0


class RecordListener:
    """A Listener of the hub. `configuration` is what every call ran with; it must hold no secret.

    It puts what it hears into the writer, whose thread is started with `notes`.
    """

    def __init__(
        self,
        writer: Writer,
        configuration: Mapping[str, Plain],
        *,
        note_s: float = NOTE_S,
        clock: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        """`clock` tells the time of day, `steady` how long something took."""
        self._writer = writer
        self._note_s = note_s
        self._clock = clock
        self._steady = steady
        self._configuration = msgspec.json.encode(configuration, order="sorted").decode()
        self._process = Process.current()
        self._open: dict[str, _Open] = {}
        self._recordings: dict[str, Path] = {}
        self._turn = 0

    def on_call(self, at: float, call_sid: CallSid, notice: Notice) -> None:
        """A call tells something."""
        if (one := self._open.get(call_sid)) is None:
            return
        if isinstance(notice, CallOver):
            del self._open[call_sid]
            self._writer.put(Job(call_sid, partial(_end, one, at, notice)))
            return
        elapsed_s = self._steady() - one.began_at
        self._writer.put(Job(call_sid, partial(_add, one.begun, one.event_count, (at, elapsed_s), notice)))
        one.event_count += 1

    def on_server(self, at: float, notice: ServerNotice) -> None:
        """The server tells something."""
        match notice:
            case CallStarted() if notice.call_sid != PROBE_CALL_SID:
                self._begin(at, notice)
            case CallRefused() if notice.reason not in STRANGERS:
                refused = Refused(at, notice.call_sid or "", notice.from_number, notice.reason.value, notice.detail)
                self._writer.put(Job(refused.call_sid, partial(_refuse, refused)))
            case StreamFailed():
                self.on_call(at, notice.call_sid, CallTrouble("twilio", "stream_failed", notice.error))
            case _:
                pass

    def recorded(self, call_sid: CallSid, recording: Path) -> None:
        """A call's audio is in this file; called at any time before the call is over, also before it begins."""
        if (one := self._open.get(call_sid)) is None:
            self._recordings[call_sid] = recording
            return
        self._writer.put(Job(call_sid, partial(_recorded, one.begun, recording)))

    def _begin(self, at: float, started: CallStarted) -> None:
        numbers = started.from_number, started.to_number
        begun = Begun(started.call_sid, started.stream_sid, *numbers, at, self._process, self._configuration)
        now = self._steady()
        sooner, self._turn = self._turn * _TURN, (self._turn + 1) % _TURNS
        self._open[started.call_sid] = _Open(begun, now, now + self._note_s * (1 - sooner), started.call)
        self._writer.put(Job(begun.call_sid, partial(_begin, begun)))
        if (recording := self._recordings.pop(begun.call_sid, None)) is not None:
            self.recorded(started.call_sid, recording)

    # In the writer's thread:

    def notes(self) -> list[Job]:
        """What is to be noted now: the counters of calls whose last note is old."""
        now, at = self._steady(), self._clock()
        # The interpreter copies the calls in one step, so that the loop may begin and end others meanwhile.
        calls = list(self._open.values())
        due = [one for one in calls if one.call is not None and now >= one.note_at]
        for one in due:
            one.note_at = now + self._note_s
        return [Job(one.begun.call_sid, partial(_note, one, at, now), passing=True) for one in due]


# In the writer's thread:


def _begin(begun: Begun, store: Store) -> None:
    store.begin(begun)


def _add(begun: Begun, sequence: int, when: tuple[float, float], notice: Notice, store: Store) -> None:
    at, elapsed_s = when
    store.add(begun, Event(sequence, at, *row_of(notice), round(elapsed_s * 1000, 1)))


def _recorded(begun: Begun, recording: Path, store: Store) -> None:
    store.recorded(begun, recording)


def _refuse(refused: Refused, store: Store) -> None:
    store.refuse(refused)


def _note(one: _Open, at: float, now: float, store: Store) -> None:
    assert one.call is not None
    counted = one.call.statistics
    noted = Noted(
        noted_at=at,
        duration_ms=round((now - one.began_at) * 1000, 1),
        turns=counted.turns,
        barge_ins=counted.barge_ins,
        v2v_p50_ms=percentile(counted.v2v_ms, 0.5),
        cost_usd=counted.cost_usd,
        cost_at_least_usd=counted.cost_at_least_usd,
        statistics=_json(counted),
    )
    store.note(one.begun, noted)


def _end(one: _Open, at: float, over: CallOver, store: Store) -> None:
    counted = over.statistics
    verdict = health(counted, over.reason)
    ended = Ended(
        ended_at=at,
        duration_ms=round(over.duration_ms, 1),
        reason=over.reason.value,
        detail=over.detail,
        health=verdict.level.value,
        why=verdict.why,
        turns=counted.turns,
        barge_ins=counted.barge_ins,
        v2v_p50_ms=percentile(counted.v2v_ms, 0.5),
        cost_usd=counted.cost_usd,
        cost_at_least_usd=counted.cost_at_least_usd,
        event_count=one.event_count,
        statistics=_json(counted),
    )
    store.end(one.begun, ended)


def _json(counted: CallStatistics) -> str:
    return msgspec.json.encode(figures(counted)).decode()

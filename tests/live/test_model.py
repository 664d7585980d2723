"""Notices become what there is to see."""

from dataclasses import dataclass, field

import msgspec
import pytest

from twilio_rt_cli.call.figures.end_reason import EndReason
from twilio_rt_cli.call.figures.statistics import CallStatistics
from twilio_rt_cli.call.figures.status import CallStatus
from twilio_rt_cli.call.notices import (
    AgentTurn,
    BargedIn,
    CallerTurn,
    CallOver,
    ItemCut,
    Notice,
    SpokenItem,
    ToolStarted,
)
from twilio_rt_cli.live.model import RECENT_EVENTS, TRANSCRIPT_NOTICES, About, EventWords, LiveModel, ProcessLoad
from twilio_rt_cli.live.snapshot import LagFigures, Snapshot, TranscriptLine
from twilio_rt_cli.protocol.twilio import CallSid, StreamSid
from twilio_rt_cli.server.admission.notices import CallRefused, CallStarted, Draining, Refusal, ServerNotice

PROCESS = ProcessLoad(LagFigures(0.1, 2.0, 5.0), 120.0, 7.5)


@dataclass
class FakeCall:
    """A running call whose counters a test sets."""

    statistics: CallStatistics = field(default_factory=CallStatistics)
    shown: CallStatus = field(default_factory=lambda: CallStatus("speaking", 900, 400, 0))
    waiting_ms: float = 0.0

    def status(self) -> CallStatus:
        return self.shown


def in_words(notice: Notice | ServerNotice) -> EventWords | None:
    match notice:
        case CallerTurn() | AgentTurn():
            return EventWords("caller" if isinstance(notice, CallerTurn) else "agent", notice.text)
        case CallOver():
            return EventWords("error" if notice.reason.failed else "ended", notice.reason.value)
        case CallRefused():
            return EventWords("refused", notice.reason.value)
        case _:
            return None


def sid(number: int) -> CallSid:
    return CallSid(f"CA{number:032d}")


class World:
    def __init__(self) -> None:
        about = About(version="1", url="http://127.0.0.1:5001", model="m", capacity=50)
        self.passed = 1000.0
        self.model = LiveModel(about, in_words, lambda number: f"…{number[-4:]}", lambda: self.passed)
        self.calls: dict[CallSid, FakeCall] = {}

    def start(self, number: int, at: float = 1000.0) -> FakeCall:
        self.passed = at
        call = self.calls[sid(number)] = FakeCall()
        self.model.on_server(
            at, CallStarted(sid(number), StreamSid(f"MZ{number}"), "+14155550142", "+14155550100", call)
        )
        return call

    def tell(self, number: int, at: float, notice: Notice) -> None:
        self.passed = at
        self.model.on_call(at, sid(number), notice)

    def end(self, number: int, reason: EndReason = EndReason.CALLER_HUNG_UP, at: float = 1000.0) -> None:
        over = CallOver(reason, "", 1000.0, self.calls[sid(number)].statistics)
        self.model.on_call(at, sid(number), over)

    def at(self, at: float, first: int = 0, rows: int | None = None) -> Snapshot:
        self.passed = at
        return self.model.snapshot(at, PROCESS, first, rows)


def test_an_idle_server() -> None:
    shot = World().at(1090.0)
    assert (shot.state, shot.uptime_s, shot.calls, shot.events, shot.capacity) == ("serving", 90.0, (), (), 50)
    assert (shot.lag.p99_ms, shot.rss_mb, shot.cpu_percent) == (2.0, 120.0, 7.5)
    assert (shot.totals.v2v_p50_ms, shot.totals.statistics.cost_usd) == (None, None)


def test_a_running_call_is_looked_at_when_the_snapshot_is_made() -> None:
    world = World()
    call = world.start(1)
    call.statistics.v2v_ms += [700.04, 900.0]
    call.statistics.frames_in = 7
    [row] = world.at(1032.0).calls
    assert (row.call, row.stream, row.from_number, row.to_number) == (sid(1), "MZ1", "…0142", "…0100")
    assert (row.age_s, row.state, row.buffered_ms, row.at_twilio_ms) == (32.0, "speaking", 900, 400)
    assert (row.v2v_ms, row.v2v_p95_ms, row.health) == (900.0, 900.0, "healthy")
    call.shown = CallStatus("listening", 0, 0, 0)
    call.statistics.frames_in = 8
    [row] = world.at(1033.0).calls
    assert (row.state, row.statistics.frames_in) == ("listening", 8)


def test_a_mark_that_is_overdue_counts_as_playout_lag() -> None:
    world = World()
    call = world.start(1)
    call.statistics.playout_lag_ms = 3.04
    assert world.at(1001.0).calls[0].playout_lag_ms == 3.0
    call.shown = CallStatus("speaking", 0, 0, 2500)
    assert world.at(1001.0).calls[0].playout_lag_ms == 2500


def test_a_caller_who_waits_for_an_answer_now_degrades_the_call_until_it_comes() -> None:
    world = World()
    call = world.start(1)
    call.waiting_ms = 3900.0
    assert world.at(1001.0).calls[0].health == "healthy"
    call.waiting_ms = 5200.0
    snapshot = world.at(1002.3)
    assert (snapshot.calls[0].health, snapshot.calls[0].why) == ("degraded", "no answer for 5200 ms")
    assert snapshot.totals.degraded == 1
    call.waiting_ms = 0.0
    assert world.at(1003.0).calls[0].health == "healthy"


def test_rates_are_those_of_the_last_second_or_more() -> None:
    world = World()
    call = world.start(1)
    call.statistics.bytes_in, call.statistics.bytes_out = 8000, 4000
    [row] = world.at(1001.0).calls
    assert (row.kbps_in, row.kbps_out) == (64.0, 32.0)
    call.statistics.bytes_in = 10_000
    assert world.at(1001.25).calls[0].kbps_in == 64.0
    assert world.at(1002.0).calls[0].kbps_in == 16.0


def test_only_the_rows_asked_for_are_made_and_the_rest_still_counts() -> None:
    world = World()
    for number in range(100):
        world.start(number).statistics.frames_in = 1
    shot = world.at(1001.0, first=10, rows=5)
    assert [row.call for row in shot.calls] == [sid(number) for number in range(10, 15)]
    assert (shot.first, shot.totals.active, shot.totals.statistics.frames_in) == (10, 100, 100)
    assert world.at(1001.0, first=500, rows=5).first == 99
    assert world.at(1001.0, first=-3, rows=0).calls == ()
    assert len(world.at(1001.0).calls) == 100


def test_sums_are_a_second_old_at_most_for_who_watches_and_exact_for_who_asks_for_all() -> None:
    world = World()
    call = world.start(1)
    call.statistics.frames_in = 5
    assert world.at(1001.0, rows=5).totals.statistics.frames_in == 5
    call.statistics.frames_in = 6
    world.start(2)
    watched = world.at(1001.5, rows=5)
    assert (watched.totals.statistics.frames_in, watched.totals.active, len(watched.calls)) == (5, 2, 2)
    assert (watched.totals.started, watched.totals.ended, watched.totals.failed) == (2, 0, 0)
    assert world.at(1001.5).totals.statistics.frames_in == 6
    assert world.at(1002.0, rows=5).totals.statistics.frames_in == 6


def test_an_ended_call_leaves_its_counters_in_the_totals() -> None:
    world = World()
    world.start(1).statistics.frames_in = 5
    world.start(2).statistics.frames_in = 7
    world.calls[sid(2)].statistics.cost_usd = 0.25
    world.end(1)
    world.end(2, EndReason.MODEL_GONE)
    world.start(3).statistics.frames_in = 100
    totals = world.at(1001.0).totals
    assert (totals.started, totals.active, totals.ended, totals.failed) == (3, 1, 2, 1)
    assert (totals.statistics.frames_in, totals.statistics.cost_usd) == (112, 0.25)
    assert world.model.statistics() == totals.statistics


def test_a_cost_that_becomes_unknown_is_so_for_the_call_and_leaves_the_sum_as_it_was() -> None:
    world = World()
    call = world.start(1)
    call.statistics.cost_usd = 0.25
    assert world.at(1001.0).totals.statistics.cost_usd == 0.25
    call.statistics.cost_usd, call.statistics.cost_at_least_usd = None, 0.25
    shot = world.at(1002.0)
    assert (shot.calls[0].statistics.cost_usd, shot.totals.statistics.cost_usd) == (None, 0.25)
    world.end(1)
    assert world.at(1003.0).totals.statistics.cost_usd == 0.25


def test_the_last_answers_of_all_calls_make_the_figures() -> None:
    world = World()
    world.start(1)
    for v2v_ms in (500.0, 600.0, 2000.0):
        world.model.on_call(1001.0, sid(1), AgentTurn("Yes.", v2v_ms))
    world.model.on_call(1001.0, sid(1), AgentTurn("Hello.", None))
    totals = world.at(1002.0).totals
    assert (totals.v2v_p50_ms, totals.v2v_p95_ms, totals.recent_v2v_ms) == (600.0, 2000.0, (500.0, 600.0, 2000.0))


def test_degraded_calls_are_counted_and_say_why() -> None:
    world = World()
    world.start(1)
    world.start(2).statistics.jitter_ms = 90.0
    shot = world.at(1001.0)
    assert shot.totals.degraded == 1
    assert [(row.health, row.why) for row in shot.calls] == [("healthy", ""), ("degraded", "90 ms of jitter")]


def test_refusals_and_a_drain_are_seen() -> None:
    world = World()
    world.model.on_server(1001.0, CallRefused(Refusal.BUSY, sid(9)))
    world.model.on_server(1002.0, Draining(0, 600.0))
    shot = world.at(1003.0)
    assert (shot.state, shot.totals.refused) == ("draining", 1)
    [event] = shot.events
    assert (event.at, event.call, event.who, event.text, event.wrong) == (1001.0, sid(9), "refused", "busy", True)


def test_the_transcript_of_a_running_call_is_in_spoken_order_and_says_what_was_heard() -> None:
    world = World()
    world.start(1)
    answer = AgentTurn("We are open from nine.", 700.0, True, 2000.0, (SpokenItem("item_1", "We are open from nine."),))
    world.tell(1, 1003.0, answer)
    world.tell(1, 1003.5, BargedIn(500, 1000, "item_1", 80.0, (ItemCut("item_1", 500, 1000),)))
    world.tell(1, 1004.0, CallerTurn("When are you open?", "item_0", 500.0))
    detail = world.model.detail(sid(1))
    assert detail is not None
    assert detail.transcript == (
        TranscriptLine(500.0, "caller", "When are you open?"),
        TranscriptLine(2000.0, "agent", "We are open from nine.", "700 ms  heard ≈ “We are open”"),
    )
    world.end(1)
    assert world.model.detail(sid(1)) is None


def test_what_is_kept_is_bounded() -> None:
    world = World()
    world.start(1)
    for number in range(TRANSCRIPT_NOTICES + 3):
        world.tell(1, 1002.5, CallerTurn(f"word {number}"))
    detail = world.model.detail(sid(1))
    assert detail is not None
    assert [len(detail.transcript), detail.transcript[-1].text] == [
        TRANSCRIPT_NOTICES,
        f"word {TRANSCRIPT_NOTICES + 2}",
    ]
    assert len(world.at(1003.0).events) == RECENT_EVENTS


def test_a_snapshot_survives_the_wire() -> None:
    world = World()
    world.start(1).statistics.v2v_ms.append(700.0)
    world.model.on_call(1001.0, sid(1), CallerTurn("Hi."))
    shot = world.at(1001.0)
    assert msgspec.json.decode(msgspec.json.encode(shot), type=Snapshot) == shot


@pytest.mark.parametrize("reason", [EndReason.DRAINED, EndReason.OPERATOR])
def test_a_call_that_we_ended_on_purpose_is_no_failure(reason: EndReason) -> None:
    world = World()
    world.start(1)
    world.end(1, reason)
    assert (world.at(1001.0).totals.ended, world.at(1001.0).totals.failed) == (1, 0)


@pytest.mark.parametrize("put_s", [86_400.0, -600.0])
def test_a_clock_that_is_put_forward_or_back_changes_how_late_it_is_and_nothing_else(put_s: float) -> None:
    world = World()
    call = world.start(1, at=1010.0)
    world.passed = 1012.0
    world.model.on_call(1012.0 + put_s, sid(1), ToolStarted("c", "look_up", "{}"))
    call.statistics.bytes_in = 8000
    shot = world.model.snapshot(1012.0 + put_s, PROCESS)
    [row] = shot.calls
    assert (shot.at, shot.uptime_s, row.started_at, row.age_s, row.kbps_in) == (1012.0 + put_s, 12.0, 1010.0, 2.0, 32.0)
    detail = world.model.detail(sid(1))
    assert detail is not None
    assert [line.at_ms for line in detail.transcript] == [2000.0]
    world.model.snapshot(1012.0, PROCESS, rows=1)
    call.statistics.frames_in, world.passed = 5, 1013.0
    assert world.model.snapshot(900.0, PROCESS, rows=1).totals.statistics.frames_in == 5


def test_a_call_that_a_drain_ended_is_no_failure_anywhere() -> None:
    about = About(version="1", url="", model="m", capacity=50)
    model = LiveModel(about, lambda _: EventWords("ended", "in words"), str, lambda: 1000.0)
    model.on_server(1000.0, CallStarted(sid(1), StreamSid("MZ1"), "", "", FakeCall()))
    model.on_call(1000.0, sid(1), CallOver(EndReason.DRAINED, "", 1.0, CallStatistics()))
    shot = model.snapshot(1001.0, PROCESS)
    assert (shot.totals.failed, shot.events[-1].wrong) == (0, False)


def test_the_end_of_a_call_that_never_began_is_not_counted() -> None:
    world = World()
    over = CallOver(EndReason.INTERNAL_ERROR, "", 1.0, CallStatistics(turns=3))
    world.model.on_call(1000.0, sid(9), over)
    totals = world.at(1001.0).totals
    assert (totals.started, totals.ended, totals.failed, totals.statistics.turns) == (0, 0, 0, 0)

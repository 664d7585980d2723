import time as clock
from datetime import date, datetime, time, timedelta
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.server.world import STREAM, call_sid
from twilio_rt_cli.call.figures.end_reason import EndReason
from twilio_rt_cli.call.figures.statistics import CallStatistics
from twilio_rt_cli.call.figures.status import NO_STATUS, CallStatus
from twilio_rt_cli.call.notices import CallOver, KeyPressed
from twilio_rt_cli.output.redaction import Redactor
from twilio_rt_cli.protocol.caller_id import caller_list
from twilio_rt_cli.reporting.hub import Hub
from twilio_rt_cli.server.admission.notices import CallStarted, Draining, Refusal
from twilio_rt_cli.server.admission.quota import DayLimits, DayUsage, Quota, day_began, local_day

ANNA, BORIS = "+14155550100", "+4930123456"
DAY_S = 86_400.0
NOON = DAY_S / 2


def utc_day(at: float) -> date:
    return date(1970, 1, 1) + timedelta(days=at // DAY_S)


class Call:
    """A call that runs, and what it has cost so far."""

    def __init__(self) -> None:
        self.statistics = CallStatistics()

    waiting_ms = 0.0

    def status(self) -> CallStatus:
        return NO_STATUS


class Line:
    """A quota, and the calls that come in: `ring` is the webhook."""

    def __init__(self, *, seed: tuple[DayUsage, ...] = (), now: float = NOON, **limits: object) -> None:
        lists = {name: caller_list(str(text)) for name, text in limits.items() if isinstance(text, str)}
        self.now = now
        self.put_s = 0.0
        allowed = DayLimits(**{**limits, **lists})  # type: ignore[arg-type]
        self.quota = Quota(allowed, now, seed, utc_day, lambda: self.now - self.put_s)
        self.sids = map(call_sid, count(1))

    def put(self, seconds: float) -> None:
        """Somebody sets the clock of the day."""
        self.now += seconds
        self.put_s += seconds

    def ring(self, caller: str = ANNA) -> str | Refusal:
        """The call that was put through, or why it was not."""
        refusal = self.quota.refusal(caller, self.now)
        if refusal is not None:
            return refusal
        sid = next(self.sids)
        self.quota.answered(sid, caller, self.now)
        return sid

    def talk(self, caller: str = ANNA, *, seconds: float = 0, cost: float | None = None) -> str:
        """A whole call."""
        sid = self.ring(caller)
        assert not isinstance(sid, Refusal), sid
        self.begin(sid)
        self.now += seconds
        self.end(sid, seconds, cost)
        return sid

    def begin(self, sid: str, caller: str = ANNA, call: Call | None = None) -> None:
        self.quota.on_server(self.now, CallStarted(call_sid(int(sid[2:], 16)), STREAM, caller, "+1", call))

    def end(self, sid: str, seconds: float, cost: float | None = None) -> None:
        counted = CallStatistics(cost_usd=cost)
        over = CallOver(EndReason.CALLER_HUNG_UP, "", seconds * 1000, counted)
        self.quota.on_call(self.now, call_sid(int(sid[2:], 16)), over)
        self.leave(sid)

    def leave(self, sid: str) -> None:
        self.quota.left(call_sid(int(sid[2:], 16)))

    def today(self) -> tuple[int, float, float | None]:
        had = self.quota.today(self.now)
        return had.calls, had.seconds, had.cost_usd


def test_without_limits_everybody_may_call_as_often_as_they_like() -> None:
    line = Line()
    for _ in range(500):
        line.talk(seconds=60, cost=1.0)
    assert line.today() == (500, 30_000, 500)


# Who


def test_only_those_on_an_allow_list_may_call() -> None:
    line = Line(allow="+1415*,anonymous")
    assert line.ring(BORIS) is Refusal.CALLER_NOT_ALLOWED
    line.talk(ANNA)
    line.talk("")


def test_a_block_list_beats_an_allow_list() -> None:
    line = Line(allow="+1415*", block="+1 415 555 0100")
    assert line.ring(ANNA) is Refusal.CALLER_BLOCKED
    assert line.ring("14155550100") is Refusal.CALLER_BLOCKED
    assert line.ring(BORIS) is Refusal.CALLER_NOT_ALLOWED
    line.talk("+14155550101")


def test_who_withholds_the_number_can_be_blocked_alone() -> None:
    line = Line(block="anonymous")
    assert {line.ring(one) for one in ("", "Anonymous", "+266696687")} == {Refusal.CALLER_BLOCKED}
    line.talk(ANNA)


# How often


def test_a_caller_has_so_many_calls_in_a_day_and_another_caller_too() -> None:
    line = Line(caller_calls=2)
    line.talk()
    line.talk("1 (415) 555-0100")
    assert line.ring() is Refusal.CALLER_CALLS
    line.talk(BORIS)


def test_those_who_withhold_the_number_share_one_allowance() -> None:
    line = Line(caller_calls=2)
    line.talk("anonymous")
    line.talk("")
    assert line.ring("Restricted") is Refusal.CALLER_CALLS


def test_all_callers_together_have_so_many_calls() -> None:
    line = Line(calls=2)
    line.talk(ANNA)
    line.talk(BORIS)
    assert line.ring("+33123456789") is Refusal.DAY_CALLS


def test_calls_that_come_all_at_once_do_not_slip_through_together() -> None:
    line = Line(caller_calls=3)
    answers = [line.ring() for _ in range(50)]
    assert answers.count(Refusal.CALLER_CALLS) == 47


def test_a_call_whose_stream_never_came_is_given_back_once() -> None:
    line = Line(caller_calls=1, calls=1)
    sid = line.ring()
    assert line.ring() is Refusal.CALLER_CALLS
    line.leave(str(sid))
    line.leave(str(sid))
    assert line.today() == (0, 0, 0)
    line.talk()
    assert line.ring(BORIS) is Refusal.DAY_CALLS


def test_a_call_that_was_refused_is_not_counted() -> None:
    line = Line(calls=1, block=BORIS)
    assert line.ring(BORIS) is Refusal.CALLER_BLOCKED
    line.talk(ANNA)
    assert line.today()[0] == 1


# How long, how dear


def test_a_caller_has_so_many_minutes() -> None:
    line = Line(caller_minutes=2)
    line.talk(seconds=119.9)
    line.talk(seconds=0.2)
    assert line.ring() is Refusal.CALLER_MINUTES
    line.talk(BORIS)


def test_a_call_in_progress_counts_with_the_time_it_has_had() -> None:
    line = Line(caller_minutes=2, minutes=3)
    sid = str(line.ring())
    line.now += 1000  # the stream has not begun: nothing was talked yet
    line.begin(sid)
    line.now += 119
    line.talk(ANNA)
    line.now += 1
    assert line.ring(ANNA) is Refusal.CALLER_MINUTES
    line.talk(BORIS)
    line.now += 60
    assert line.ring(BORIS) is Refusal.DAY_MINUTES
    assert line.today() == (3, 180, 0)
    line.end(sid, 180)
    assert line.today() == (3, 180, 0)
    assert line.ring(ANNA) is Refusal.CALLER_MINUTES


def test_cost_counts_while_it_grows() -> None:
    line, call = Line(cost_usd=1.0), Call()
    sid = str(line.ring())
    line.begin(sid, call=call)
    line.talk(BORIS, cost=None)  # a model whose prices are not known
    call.statistics.cost_usd = 0.6
    line.talk(BORIS, cost=0.39)
    assert line.today()[2] == pytest.approx(0.99)
    call.statistics.cost_usd = 0.61
    assert line.ring(BORIS) is Refusal.DAY_COST
    line.end(sid, 5, cost=0.61)
    assert line.today()[2] == pytest.approx(1.0)
    assert line.ring(BORIS) is Refusal.DAY_COST


def test_a_cost_that_becomes_unknown_still_counts_with_what_was_priced() -> None:
    line, call = Line(cost_usd=1.0), Call()
    sid = str(line.ring())
    line.begin(sid, call=call)
    call.statistics.cost_usd, call.statistics.cost_at_least_usd = None, 1.25
    assert (line.today()[2], line.ring(BORIS)) == (1.25, Refusal.DAY_COST)
    line.quota.on_call(line.now, call_sid(1), CallOver(EndReason.CALLER_HUNG_UP, "", 5000, call.statistics))
    assert (line.today()[2], line.ring(BORIS)) == (1.25, Refusal.DAY_COST)


@pytest.mark.parametrize("put_s", [3600, -3600])
def test_a_clock_that_is_put_makes_no_call_longer_or_shorter(put_s: float) -> None:
    line = Line(caller_minutes=1, minutes=1)
    sid = str(line.ring())
    line.begin(sid)
    line.now += 10
    line.put(put_s)
    assert line.today() == (1, 10, 0)
    line.leave(str(line.ring()))
    line.now += 50
    assert line.ring() is Refusal.CALLER_MINUTES
    assert line.ring(BORIS) is Refusal.DAY_MINUTES
    line.leave(sid)  # without a word
    assert line.today() == (1, 60, 0)


def test_a_clock_that_is_put_back_gives_nothing_back() -> None:
    line = Line(minutes=1)
    sid = str(line.ring())
    line.begin(sid)
    line.put(-3600)
    assert line.today() == (1, 0, 0)
    line.end(sid, 60)
    assert line.ring() is Refusal.DAY_MINUTES


def test_a_call_that_went_without_a_word_counts_as_it_was_last_seen() -> None:
    line, call = Line(), Call()
    sid = str(line.ring())
    line.begin(sid, call=call)
    call.statistics.cost_usd = 0.5
    line.now += 30
    line.leave(sid)
    line.end(sid, 31, cost=0.6)  # too late
    assert line.today() == (1, 30, 0.5)


def test_other_notices_change_nothing() -> None:
    line = Line()
    line.quota.on_server(line.now, Draining(0, 1))
    line.quota.on_call(line.now, call_sid(1), KeyPressed("1"))
    line.end(call_sid(1), 5, 5)
    assert line.today() == (0, 0, 0)


def test_a_stream_that_had_no_webhook_counts_for_the_day() -> None:
    line = Line(calls=1)
    line.begin(call_sid(9), "")
    assert line.ring() is Refusal.DAY_CALLS
    line.end(call_sid(9), 5, 0.1)
    assert line.today() == (1, 5, 0.1)


def test_the_hub_tells_the_quota_what_it_tells_everybody() -> None:
    quota = Quota(DayLimits(), NOON, day_of=utc_day)
    hub = Hub(Redactor(), [quota], lambda: NOON)
    quota.answered(call_sid(1), ANNA, NOON)
    hub.publish_server(CallStarted(call_sid(1), STREAM, ANNA, "+1", Call()))
    hub.publish_call(call_sid(1), CallOver(EndReason.CALLER_HUNG_UP, "", 90_000, CallStatistics(cost_usd=0.2)))
    assert quota.today(NOON) == DayUsage("", 1, 90.0, 0.2)


# The day


def test_on_another_day_nobody_has_called_yet() -> None:
    line = Line(caller_calls=1, calls=2, minutes=60, cost_usd=1, now=DAY_S - 100)
    line.talk(seconds=50, cost=5.0)
    assert line.ring() is Refusal.CALLER_CALLS
    line.now = DAY_S - 1
    assert line.ring(BORIS) is Refusal.DAY_COST
    line.now = DAY_S
    assert line.today() == (0, 0, 0)
    line.talk()


def test_a_call_over_midnight_belongs_to_the_day_it_began_on() -> None:
    line = Line(caller_calls=1, minutes=5, now=DAY_S - 60)
    sid, never = str(line.ring()), str(line.ring(BORIS))
    line.begin(sid)
    line.now += 3600
    assert line.today() == (0, 0, 0)
    other = line.ring()
    assert not isinstance(other, Refusal)
    line.end(sid, 3600)
    line.leave(never)
    assert line.today() == (1, 0, 0)


def test_a_clock_that_is_put_back_over_midnight_does_not_bring_yesterday_again() -> None:
    line = Line(caller_calls=1, now=DAY_S + 1)
    line.talk()
    line.now = DAY_S - 1
    assert line.ring() is Refusal.CALLER_CALLS


def test_what_was_had_before_the_start_counts_on_this_day_alone() -> None:
    seed = (DayUsage("14155550100", 2, 110.0, 0.5), DayUsage(BORIS, 1, 70.0, None), DayUsage("", 1, 0.0))
    line = Line(caller_calls=2, seed=seed)
    assert line.today() == (4, 180, 0.5)
    assert line.ring(ANNA) is Refusal.CALLER_CALLS
    line.talk(BORIS)
    assert line.ring(BORIS) is Refusal.CALLER_CALLS
    line.now += DAY_S
    line.talk(ANNA)


def test_the_day_is_the_calendars_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    clock.tzset()
    try:
        evening = datetime.fromisoformat("2026-11-24T16:30:00+00:00").timestamp()
        assert local_day(evening) == date(2026, 11, 25)
        assert day_began(evening) == datetime.fromisoformat("2026-11-25T00:00:00+09:00").timestamp()
        quota = Quota(DayLimits(calls=1), evening - 3600)
        quota.answered(call_sid(1), ANNA, evening - 3600)
        assert quota.today(evening - 3600).calls == 1
        assert quota.today(evening + 3600 * 24).calls == 0
    finally:
        monkeypatch.undo()
        clock.tzset()


def test_a_day_began_at_its_midnight() -> None:
    now = clock.time()
    began = day_began(now)
    assert datetime.fromtimestamp(began).time() == time.min
    assert local_day(began) == local_day(now)
    assert local_day(began - 1) < local_day(now)


# Memory


def test_callers_are_forgotten_longest_silent_first_above_a_hundred_thousand() -> None:
    seed = (DayUsage(f"+1{number:010d}", 1, 0.0) for number in range(100_000))
    line = Line(caller_calls=1, seed=tuple(seed))
    assert line.ring("+10000000000") is Refusal.CALLER_CALLS
    line.talk(ANNA)
    assert line.ring("+10000000001") is Refusal.CALLER_CALLS
    line.talk("+10000000000")
    assert line.today()[0] == 100_002


def test_a_caller_with_a_very_long_id_is_one_caller_and_cut() -> None:
    line = Line(caller_calls=1)
    line.talk("client:" + "a" * 5000)
    assert line.ring("client:" + "a" * 6000) is Refusal.CALLER_CALLS


# Whatever happens


steps = st.lists(
    st.tuples(st.sampled_from(["ring", "begin", "end", "leave", "wait"]), st.integers(0, 5), st.integers(0, 50_000)),
    max_size=60,
)


@given(steps)
def test_whatever_happens_no_limit_of_calls_is_broken_and_the_count_is_that_of_the_calls(
    steps: list[tuple[str, int, int]],
) -> None:
    line = Line(caller_calls=2, calls=5, now=0)
    counted: list[tuple[str, str, date]] = []
    ringing: dict[str, tuple[str, str, date]] = {}
    talking: dict[str, float] = {}
    for step, which, amount in steps:
        caller = [ANNA, BORIS, "", "client:x"][which % 4]
        match step:
            case "ring":
                sid = line.ring(caller)
                mine = [one for one in counted if one[1:] == (caller, utc_day(line.now))]
                all_today = [one for one in counted if one[2] == utc_day(line.now)]
                if sid in (Refusal.CALLER_CALLS, Refusal.DAY_CALLS):
                    assert len(mine) == 2 or len(all_today) == 5
                else:
                    assert len(mine) < 2
                    assert len(all_today) < 5
                    entry = (str(sid), caller, utc_day(line.now))
                    counted.append(entry)
                    ringing[str(sid)] = entry
            case "begin" if ringing:
                sid, _ = ringing.popitem()
                line.begin(sid, caller)
                talking[sid] = line.now
            case "end" if talking:
                sid, began = talking.popitem()
                line.end(sid, line.now - began, 0.1)
            case "leave" if ringing:
                sid, entry = ringing.popitem()
                line.leave(sid)
                counted.remove(entry)
            case "wait":
                line.now += amount
            case _:
                pass
        had = line.quota.today(line.now)
        assert had.calls == len([one for one in counted if one[2] == utc_day(line.now)])
        assert had.seconds >= 0

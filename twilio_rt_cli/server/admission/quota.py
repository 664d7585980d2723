"""How much each caller and all of them together had today, and whom we turn away for it.

The time of day is an argument, and decides what today is. How long a call lasts comes from a clock that nobody sets.

A call counts from the moment its webhook is answered, so that callers who come at once cannot slip through together;
if its stream never comes it is given back. Minutes run from the beginning of the stream, cost as the model reports it.
Calls in progress count with what they have had so far, and are never cut. A call belongs to the day on which it was
answered, however long it goes on: when another day begins, nobody has called yet.

Callers are remembered for the day, at most 100,000 of them: then the one goes that has not called for longest.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time
from time import monotonic

from twilio_rt_cli.call.figures.status import RunningCall
from twilio_rt_cli.call.notices import CallOver, Notice
from twilio_rt_cli.protocol.caller_id import CallerList, caller_id
from twilio_rt_cli.protocol.twilio import CallSid
from twilio_rt_cli.server.admission.notices import CallStarted, Refusal, ServerNotice

_REMEMBERED = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class DayLimits:
    """What is allowed in a day; 0: as much as they like. Minutes and cost are looked at when a call comes in."""

    caller_calls: int = 0
    caller_minutes: float = 0.0
    calls: int = 0
    minutes: float = 0.0
    cost_usd: float = 0.0
    allow: CallerList = field(default_factory=CallerList)
    """only these may call; nobody in it: all may"""
    block: CallerList = field(default_factory=CallerList)
    """these may not, even if they are allowed"""


@dataclass(frozen=True, slots=True)
class DayUsage:
    """What one caller, or all of them, had."""

    caller: str
    """empty: all of them, or nobody knows"""
    calls: int
    seconds: float
    cost_usd: float | None = None
    """of what could be priced; None: nothing could"""


def local_day(at: float) -> date:
    """The calendar day of this machine's time zone; `at` in seconds since the epoch."""
    return datetime.fromtimestamp(at).date()


def day_began(at: float) -> float:
    """When that day began, in seconds since the epoch."""
    return datetime.combine(local_day(at), time.min).timestamp()


@dataclass(slots=True)
class _Had:
    calls: int = 0
    seconds: float = 0.0
    """of calls that are over"""
    cost_usd: float = 0.0
    """likewise"""


@dataclass(slots=True)
class _Running:
    caller: str
    began_at: float | None = None
    """when its stream began, by the steady clock; None: it may still come"""
    call: RunningCall | None = None

    def seconds(self, now: float) -> float:
        return 0.0 if self.began_at is None else max(0.0, now - self.began_at)

    def cost_usd(self) -> float:
        return (self.call.statistics.priced_usd or 0.0) if self.call is not None else 0.0


class _Day:
    """What was had on one day, and the calls answered on it that still go on."""

    def __init__(self, day: date, *, by_caller: bool) -> None:
        self.day = day
        self.total = _Had()
        self.callers: dict[str, _Had] = {}
        self.running: dict[CallSid, _Running] = {}
        self._by_caller = by_caller

    def add(self, caller: str, calls: int, seconds: float = 0.0, cost_usd: float = 0.0) -> None:
        """Count these for the caller and for all; a call that is given back is one less."""
        for had in (self.total, self._of(caller)):
            had.calls = max(0, had.calls + calls)
            had.seconds += seconds
            had.cost_usd += cost_usd

    def _of(self, caller: str) -> _Had:
        if not self._by_caller:
            return _Had()  # nobody asks, so no number is kept
        had = self.callers.pop(caller, None) or _Had()
        self.callers[caller] = had
        if len(self.callers) > _REMEMBERED:
            del self.callers[next(iter(self.callers))]
        return had

    def seconds(self, now: float) -> float:
        """Talked by all so far."""
        return self.total.seconds + sum(one.seconds(now) for one in self.running.values())

    def seconds_of(self, caller: str, now: float) -> float:
        """Talked by this caller so far."""
        had = self.callers.get(caller) or _Had()
        return had.seconds + sum(one.seconds(now) for one in self.running.values() if one.caller == caller)

    def cost_usd(self) -> float:
        """Of all so far."""
        return self.total.cost_usd + sum(one.cost_usd() for one in self.running.values())


class Quota:
    """One per server. Asked by the webhook; hears of beginnings and ends as one of the hub's listeners."""

    def __init__(
        self,
        limits: DayLimits,
        now: float,
        seed: Iterable[DayUsage] = (),
        day_of: Callable[[float], date] = local_day,
        steady: Callable[[], float] = monotonic,
    ) -> None:
        """`seed` is what was had since this day began (`day_began`), by caller; times are seconds since the epoch, but
        those of `steady`, which measures how long something took."""
        self._limits = limits
        self._steady = steady
        self._day_of = day_of
        self._by_caller = bool(limits.caller_calls or limits.caller_minutes)
        self._today = _Day(day_of(now), by_caller=self._by_caller)
        self._days: dict[CallSid, _Day] = {}
        """of each call that goes on, the day that it belongs to"""
        for one in seed:
            self._today.add(caller_id(one.caller), one.calls, one.seconds, one.cost_usd or 0.0)

    def today(self, now: float) -> DayUsage:
        """What all callers together have had so far, calls in progress with it."""
        day = self._turned_to(now)
        return DayUsage("", day.total.calls, day.seconds(self._steady()), day.cost_usd())

    # Asked by the webhook

    def refusal(self, caller: str, now: float) -> Refusal | None:
        """Why this caller cannot be put through now; None: the caller can."""
        day, caller, limits = self._turned_to(now), caller_id(caller), self._limits
        if limits.block.names(caller):
            return Refusal.CALLER_BLOCKED
        if limits.allow and not limits.allow.names(caller):
            return Refusal.CALLER_NOT_ALLOWED
        if limits.caller_calls and (had := day.callers.get(caller)) is not None and had.calls >= limits.caller_calls:
            return Refusal.CALLER_CALLS
        if limits.caller_minutes and day.seconds_of(caller, self._steady()) >= limits.caller_minutes * 60:
            return Refusal.CALLER_MINUTES
        if limits.calls and day.total.calls >= limits.calls:
            return Refusal.DAY_CALLS
        if limits.minutes and day.seconds(self._steady()) >= limits.minutes * 60:
            return Refusal.DAY_MINUTES
        if limits.cost_usd and day.cost_usd() >= limits.cost_usd:
            return Refusal.DAY_COST
        return None

    def answered(self, call_sid: CallSid, caller: str, now: float) -> None:
        """The call's webhook was answered: it counts."""
        day, running = self._turned_to(now), _Running(caller_id(caller))
        self._days[call_sid] = day
        day.running[call_sid] = running
        day.add(running.caller, 1)

    def left(self, call_sid: CallSid) -> None:
        """The call's place is free, or soon will be: if its stream never began, it does not count after all."""
        if (day := self._days.get(call_sid)) is None:
            return
        running = day.running[call_sid]
        if running.began_at is None:
            self._over(call_sid, -1)
        else:  # it went without a word
            self._over(call_sid, 0, running.seconds(self._steady()), running.cost_usd())

    # Told by the hub

    def on_server(self, at: float, notice: ServerNotice) -> None:
        """A call's stream began. Unchecked, that is the first we hear of a call at a bare `/media-stream`."""
        if not isinstance(notice, CallStarted):
            return
        if notice.call_sid not in self._days:
            self.answered(notice.call_sid, notice.from_number, at)
        running = self._days[notice.call_sid].running[notice.call_sid]
        running.began_at, running.call = self._steady(), notice.call

    def on_call(self, at: float, call_sid: CallSid, notice: Notice) -> None:
        """A call is over; how it went meanwhile is read from the call itself."""
        if isinstance(notice, CallOver) and call_sid in self._days:
            self._over(call_sid, 0, notice.duration_ms / 1000, notice.statistics.priced_usd or 0.0)

    def _over(self, call_sid: CallSid, calls: int, seconds: float = 0.0, cost_usd: float = 0.0) -> None:
        day = self._days.pop(call_sid)
        day.add(day.running.pop(call_sid).caller, calls, seconds, cost_usd)

    def _turned_to(self, now: float) -> _Day:
        """Today. On another day nobody has called yet; a clock that is put back does not bring the day before again."""
        day = self._day_of(now)
        if day > self._today.day:
            self._today = _Day(day, by_caller=self._by_caller)
        return self._today

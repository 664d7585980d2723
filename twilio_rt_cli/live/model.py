"""Notices become a model of the server, and the model a snapshot. Pure: its clock is an argument.

Counters are not copied as they change: a running call's own are looked at when a snapshot is made, and are added to the
totals when it is over. So a snapshot costs what it shows, and whoever asks at the same moment gets the same figures.

Moments are those of the day, as people read them; how long something takes is measured by a clock that nobody sets.
"""

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from msgspec import structs

from twilio_rt_cli.call.figures.health import HEALTHY, Health, Level, health
from twilio_rt_cli.call.figures.statistics import CallStatistics, percentile
from twilio_rt_cli.call.figures.status import NO_STATUS, RunningCall
from twilio_rt_cli.call.notices import BargedIn, CallOver, FirstAudio, Notice
from twilio_rt_cli.call.transcript import SpokenLine, transcript
from twilio_rt_cli.live.snapshot import CallDetail, CallRow, LagFigures, RecentEvent, Snapshot, Totals, TranscriptLine
from twilio_rt_cli.protocol.twilio import CallSid
from twilio_rt_cli.server.admission.notices import CallRefused, CallStarted, Draining, ServerNotice

RECENT_EVENTS = 50
RECENT_ANSWERS = 1000
SPARKS = 60
"""how many of the last answers a snapshot shows one by one"""
TRANSCRIPT_NOTICES = 1000
SUMS_S = 1.0
"""how old sums over all calls may be for somebody who watches"""
RATE_S = 1.0
"""shortest time over which a rate is measured"""


@dataclass(frozen=True, slots=True)
class EventWords:
    """A notice in words, for the list of recent events and for a transcript."""

    who: str
    text: str
    aside: str = ""


InWords = Callable[[Notice | ServerNotice], EventWords | None]


@dataclass(slots=True, kw_only=True)
class About:
    """What a snapshot says of the server itself; `number` and `public_url` may change."""

    version: str
    url: str
    model: str
    capacity: int
    public_url: str | None = None
    number: str | None = None


@dataclass(frozen=True, slots=True)
class ProcessLoad:
    """What the server takes of its machine, and how late its loop is."""

    lag: LagFigures = field(default_factory=LagFigures)
    rss_mb: float = 0.0
    cpu_percent: float = 0.0


@dataclass(slots=True)
class _Running:
    started: CallStarted
    started_at: float
    """seconds since the epoch"""
    began_at: float
    """the same by the steady clock, as is `measured_at`"""
    notices: deque[tuple[float, Notice]] = field(default_factory=lambda: deque(maxlen=TRANSCRIPT_NOTICES))
    """what its transcript is made of, each with when it came, in ms since the call began"""
    measured_at: float = 0.0
    bytes_in: int = 0
    bytes_out: int = 0
    kbps_in: float = 0.0
    kbps_out: float = 0.0

    @property
    def call(self) -> RunningCall | None:
        return self.started.call


class LiveModel:
    """Takes notices (it is a listener of the hub) and answers what there is to see."""

    def __init__(
        self, about: About, in_words: InWords, number: Callable[[str], str], steady: Callable[[], float]
    ) -> None:
        """`number` makes a phone number fit to be seen; `steady` measures how long something took."""
        self.about = about
        self._steady = steady
        self._in_words = in_words
        self._number = number
        self._began_at = steady()
        self._running: dict[CallSid, _Running] = {}
        self._over = CallStatistics()
        self._started = self._ended = 0
        self._draining = False
        self._v2v_ms: deque[float] = deque(maxlen=RECENT_ANSWERS)
        self._first_audio_ms: deque[float] = deque(maxlen=RECENT_ANSWERS)
        self._stop_ms: deque[float] = deque(maxlen=RECENT_ANSWERS)
        self._ends: Counter[str] = Counter()
        self._refusals: Counter[str] = Counter()
        self._totals: Totals | None = None
        self._totals_at = 0.0
        self._events: deque[RecentEvent] = deque(maxlen=RECENT_EVENTS)

    # What happens

    def on_call(self, at: float, call_sid: CallSid, notice: Notice) -> None:
        """A call has published a notice; `at` in seconds since the epoch."""
        running = self._running.get(call_sid)
        wrong = isinstance(notice, CallOver) and health(notice.statistics, notice.reason).level is Level.FAILED
        words = self._in_words(notice)
        if words is not None:
            self._note(at, call_sid, words, wrong=wrong)
        if running is not None:
            running.notices.append(((self._steady() - running.began_at) * 1000, notice))
        if (v2v_ms := getattr(notice, "v2v_ms", None)) is not None:
            self._v2v_ms.append(v2v_ms)
        match notice:
            case FirstAudio():
                self._first_audio_ms.append(notice.elapsed_ms)
            case BargedIn() if notice.stop_ms is not None:
                self._stop_ms.append(notice.stop_ms)
            case CallOver() if running is not None:
                del self._running[call_sid]
                self._over.add(notice.statistics)
                self._ended += 1
                if wrong:
                    self._ends[notice.reason.value] += 1
            case _:
                pass

    def on_server(self, at: float, notice: ServerNotice) -> None:
        """The server has published a notice."""
        call_sid = getattr(notice, "call_sid", None) or CallSid("")
        if (words := self._in_words(notice)) is not None:
            self._note(at, call_sid, words, wrong=not isinstance(notice, CallStarted | Draining))
        match notice:
            case CallStarted():
                self._started += 1
                now = self._steady()
                self._running[notice.call_sid] = _Running(notice, at, now, measured_at=now)
            case CallRefused():
                self._refusals[notice.reason.value] += 1
            case Draining():
                self._draining = True
            case _:
                pass

    def _note(self, at: float, call_sid: CallSid, words: EventWords, *, wrong: bool) -> None:
        wrong = wrong or words.who == "error"
        self._events.append(RecentEvent(at, call_sid, words.who, words.text, words.aside, wrong))

    # What there is to see

    @property
    def active(self) -> int:
        """Calls that run."""
        return len(self._running)

    def statistics(self) -> CallStatistics:
        """The counters of all calls since the server began, running ones included, summed."""
        total = CallStatistics()
        total.add(self._over, *(one.call.statistics for one in self._running.values() if one.call is not None))
        return total

    def totals(self) -> Totals:
        """How many calls, and their sums."""
        calls = [one.call for one in self._running.values() if one.call is not None]
        recent = tuple(round(v2v_ms, 1) for v2v_ms in list(self._v2v_ms)[-SPARKS:])
        return Totals(
            started=self._started,
            active=self.active,
            ended=self._ended,
            failed=self._ends.total(),
            refused=self._refusals.total(),
            degraded=sum(_health(call).level is not Level.HEALTHY for call in calls),
            v2v_p50_ms=_ms(percentile(self._v2v_ms, 0.5)),
            v2v_p95_ms=_ms(percentile(self._v2v_ms, 0.95)),
            recent_v2v_ms=recent,
            statistics=self.statistics(),
            first_audio_p50_ms=_ms(percentile(self._first_audio_ms, 0.5)),
            barge_in_p50_ms=_ms(percentile(self._stop_ms, 0.5)),
            ends=dict(self._ends),
            refusals=dict(self._refusals),
        )

    def snapshot(self, at: float, process: ProcessLoad, first: int = 0, rows: int | None = None) -> Snapshot:
        """Everything at this moment, of the calls only these rows, in the order they began.

        For a few rows, as somebody watching asks for them, sums over all calls are made once a second.
        """
        sids = list(self._running)
        first = max(0, min(first, len(sids) - 1)) if sids else 0
        shown = sids[first:] if rows is None else sids[first : first + max(0, rows)]
        about, now = self.about, self._steady()
        return Snapshot(
            at=at,
            version=about.version,
            state="draining" if self._draining else "serving",
            url=about.url,
            public_url=about.public_url,
            number=about.number,
            model=about.model,
            uptime_s=now - self._began_at,
            capacity=about.capacity,
            lag=process.lag,
            rss_mb=process.rss_mb,
            cpu_percent=process.cpu_percent,
            totals=self.totals() if rows is None else self._recent_totals(now),
            first=first,
            calls=tuple(self._row(self._running[sid], now) for sid in shown),
            events=tuple(self._events),
        )

    def _recent_totals(self, now: float) -> Totals:
        if self._totals is None or now - self._totals_at >= SUMS_S:
            self._totals, self._totals_at = self.totals(), now
        return structs.replace(self._totals, started=self._started, active=self.active, ended=self._ended)

    def detail(self, call_sid: str) -> CallDetail | None:
        """One running call and what was said so far, in spoken order; None when it does not run."""
        running = self._running.get(CallSid(call_sid))
        if running is None:
            return None
        return CallDetail(self._row(running, self._steady()), tuple(map(_line, transcript(running.notices))))

    def _row(self, running: _Running, now: float) -> CallRow:
        started, call = running.started, running.call
        status = NO_STATUS if call is None else call.status()
        counted = CallStatistics() if call is None else call.statistics
        verdict = HEALTHY if call is None else _health(call)
        _measure(running, counted, now)
        return CallRow(
            call=started.call_sid,
            stream=started.stream_sid,
            from_number=self._number(started.from_number),
            to_number=self._number(started.to_number),
            started_at=running.started_at,
            age_s=now - running.began_at,
            state=status.state,
            health=verdict.level.value,
            why=verdict.why,
            buffered_ms=status.buffered_ms,
            at_twilio_ms=status.at_twilio_ms,
            playout_lag_ms=round(max(counted.playout_lag_ms, float(status.overdue_ms)), 1),
            v2v_ms=_ms(counted.v2v_ms[-1] if counted.v2v_ms else None),
            v2v_p95_ms=_ms(percentile(counted.v2v_ms, 0.95)),
            kbps_in=running.kbps_in,
            kbps_out=running.kbps_out,
            statistics=counted,
        )


def _health(call: RunningCall) -> Health:
    return health(call.statistics, waiting_ms=call.waiting_ms)


def _line(spoken: SpokenLine) -> TranscriptLine:
    aside = "" if spoken.v2v_ms is None else f"{spoken.v2v_ms:.0f} ms"
    if spoken.heard_estimate is not None:
        heard = f"heard ≈ “{spoken.heard_estimate}”" if spoken.heard_estimate else "heard nothing of it"
        aside = f"{aside}  {heard}".strip()
    return TranscriptLine(spoken.at_ms, spoken.who, spoken.text, aside)


def _measure(running: _Running, counted: CallStatistics, now: float) -> None:
    """Audio rates since the last look that is long enough ago."""
    passed_s = now - running.measured_at
    if passed_s < RATE_S:
        return
    running.kbps_in = round((counted.bytes_in - running.bytes_in) / passed_s / 125, 1)
    running.kbps_out = round((counted.bytes_out - running.bytes_out) / passed_s / 125, 1)
    running.measured_at, running.bytes_in, running.bytes_out = now, counted.bytes_in, counted.bytes_out


def _ms(value: float | None) -> float | None:
    return None if value is None else round(value, 1)

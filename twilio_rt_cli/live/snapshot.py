"""What the live view draws and `GET /calls` answers: the server and its calls at one moment, as plain data."""

from msgspec import Struct

from twilio_rt_cli.call.figures.statistics import CallStatistics


class CallRow(Struct, frozen=True):
    """One call that runs."""

    call: str
    """Call SID"""
    stream: str
    """Stream SID"""
    from_number: str
    """masked, unless numbers are shown"""
    to_number: str
    started_at: float
    """seconds since the epoch"""
    age_s: float
    state: str
    """connecting, listening, caller, thinking, speaking, tool:NAME, ending or over"""
    health: str
    """healthy, degraded or failed"""
    why: str
    """why it is not healthy"""
    buffered_ms: int
    """agent audio received that the caller has not heard yet"""
    at_twilio_ms: int
    """the part of it that was sent to Twilio: sent − heard"""
    playout_lag_ms: float
    """how late the last mark came back, or the next one is overdue"""
    v2v_ms: float | None
    """of the last answer"""
    v2v_p95_ms: float | None
    kbps_in: float
    """audio from the caller, lately"""
    kbps_out: float
    """audio to the caller, lately"""
    statistics: CallStatistics


class LagFigures(Struct, frozen=True):
    """How late the event loop was in the last minute, in ms."""

    p50_ms: float = 0.0
    p99_ms: float = 0.0
    max_ms: float = 0.0


class Totals(Struct, frozen=True):
    """Since the server began, running calls included."""

    started: int
    active: int
    ended: int
    failed: int
    refused: int
    degraded: int
    """running calls that are not healthy"""
    v2v_p50_ms: float | None
    v2v_p95_ms: float | None
    """of the last thousand answers"""
    recent_v2v_ms: tuple[float, ...]
    """the last few answers, oldest first"""
    statistics: CallStatistics
    """summed over all calls"""
    first_audio_p50_ms: float | None = None
    barge_in_p50_ms: float | None = None
    """medians of the last thousand"""
    ends: dict[str, int] = {}
    """reason → how many calls failed by it"""
    refusals: dict[str, int] = {}
    """reason → how many calls were refused for it"""


class RecentEvent(Struct, frozen=True):
    """One line about what happened lately."""

    at: float
    """seconds since the epoch"""
    call: str
    """Call SID, or empty"""
    who: str
    """caller, agent, tool, cut, error, or what happened"""
    text: str
    aside: str = ""
    wrong: bool = False


class Snapshot(Struct, frozen=True, kw_only=True):
    """The server at one moment."""

    v: int = 1
    at: float
    """seconds since the epoch"""
    version: str
    state: str
    """serving or draining"""
    url: str
    public_url: str | None
    number: str | None
    """the number that points here, if we pointed it (masked, unless numbers are shown)"""
    model: str
    uptime_s: float
    capacity: int
    """calls at once"""
    lag: LagFigures
    rss_mb: float
    cpu_percent: float
    """of one core, lately"""
    totals: Totals
    first: int
    """index of the first call in `calls`, in the order they began"""
    calls: tuple[CallRow, ...]
    """the calls asked for; `totals.active` says how many there are"""
    events: tuple[RecentEvent, ...]
    """newest last"""


class TranscriptLine(Struct, frozen=True):
    """One line of a call's transcript."""

    at_ms: float
    """since the call began"""
    who: str
    text: str
    aside: str = ""


class CallDetail(Struct, frozen=True):
    """`GET /calls/{call_sid}`: one call and what was said."""

    row: CallRow
    transcript: tuple[TranscriptLine, ...]

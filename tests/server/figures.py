"""A server's figures at one moment, made up: a snapshot with one call on the line."""

from twilio_rt_cli.call.figures.statistics import CallStatistics
from twilio_rt_cli.live.snapshot import CallDetail, CallRow, LagFigures, RecentEvent, Snapshot, Totals, TranscriptLine

CALL = "CA" + "1" * 32
STATISTICS = CallStatistics(frames_in=900, frames_out=300, input_tokens=2000, output_tokens=500, v2v_ms=[760.0])
ROW = CallRow(
    call=CALL,
    stream="MZ" + "2" * 32,
    from_number="••••0142",
    to_number="••••0100",
    started_at=1_700_000_000.0,
    age_s=92.0,
    state="speaking",
    health="healthy",
    why="",
    buffered_ms=900,
    at_twilio_ms=240,
    playout_lag_ms=3.0,
    v2v_ms=760.0,
    v2v_p95_ms=980.0,
    kbps_in=64.0,
    kbps_out=64.0,
    statistics=STATISTICS,
)
SNAPSHOT = Snapshot(
    at=1_700_000_092.0,
    version="0.1.0",
    state="serving",
    url="http://127.0.0.1:5001",
    public_url=None,
    number=None,
    model="gpt-realtime-2.1",
    uptime_s=8049.0,
    capacity=50,
    lag=LagFigures(0.4, 3.04, 9.0),
    rss_mb=142.26,
    cpu_percent=7.0,
    totals=Totals(
        started=45,
        active=1,
        ended=44,
        failed=1,
        refused=2,
        degraded=0,
        v2v_p50_ms=780.0,
        v2v_p95_ms=1140.0,
        recent_v2v_ms=(760.0,),
        statistics=STATISTICS,
    ),
    first=0,
    calls=(ROW,),
    events=(RecentEvent(1_700_000_090.0, CALL, "caller", "Hi."),),
)
DETAIL = CallDetail(ROW, (TranscriptLine(1500.0, "caller", "Hi."),))

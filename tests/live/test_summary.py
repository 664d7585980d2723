"""What is left to read."""

from msgspec.structs import replace

from tests.live.scene import idle, snapshot, statistics
from twilio_rt_cli.live.summary import server_summary


def test_how_the_calls_went() -> None:
    shown = snapshot(0)
    totals = replace(
        shown.totals,
        failed=3,
        ends={"model_gone": 1, "stream_lost": 2},
        refusals={"busy": 2},
        first_audio_p50_ms=640.4,
        barge_in_p50_ms=112.0,
        statistics=statistics(40, barge_ins=12),
    )
    assert server_summary(replace(shown, totals=totals), 23.4) == [
        "twilio-rt served for 2:14:09",
        "  calls        45 answered, 3 failed (2 stream_lost, 1 model_gone), 2 refused (2 busy)",
        "  answers      40 turns, voice-to-voice 780 ms median, 1140 ms p95",
        "  first audio  640 ms median",
        "  barge-ins    12, silenced in 112 ms median",
        "  est. cost    $0.440 for 20800 tokens",
        "  loop lag     23 ms at worst",
    ]


def test_what_was_not_observed_is_not_told_as_a_zero() -> None:
    shown = idle()
    totals = replace(shown.totals, started=1, ended=1)
    assert server_summary(replace(shown, totals=totals)) == [
        "twilio-rt served for 2:14:09",
        "  calls        1 answered",
        "  answers      0 turns, voice-to-voice not observed",
        "  est. cost    n/a for 0 tokens",
        "  loop lag     12 ms at worst",
    ]


def test_of_a_server_that_nobody_called() -> None:
    assert server_summary(idle(uptime_s=92.0)) == ["twilio-rt served for 1:32; nobody called."]

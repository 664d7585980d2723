"""When a call counts as healthy, degraded or failed, and why."""

import pytest

from twilio_rt_cli.call.figures.end_reason import EndReason
from twilio_rt_cli.call.figures.health import HEALTHY, Health, Level, health
from twilio_rt_cli.call.figures.statistics import CallStatistics


@pytest.mark.parametrize(
    ("counted", "why"),
    [
        (CallStatistics(frames_in=100, media_gaps=3), "3 gaps in the caller's audio"),
        (CallStatistics(caller_audio_dropped=7), "7 messages of caller audio dropped"),
        (CallStatistics(playout_lag_max_ms=1500.4), "agent audio up to 1500 ms late at the phone"),
        (CallStatistics(jitter_ms=80.0), "80 ms of jitter"),
        (CallStatistics(v2v_ms=[500.0, 2400.0, 2500.0]), "answers take 2400 ms"),
        (CallStatistics(unanswered_max_ms=24_600.4), "no answer for 24600 ms"),
        (CallStatistics(first_audio_ms=5000.0), "the first audio took 5000 ms"),
        (CallStatistics(model_failures=2), "2 errors of the model"),
        (CallStatistics(tool_failures=1), "1 tool calls failed"),
        (CallStatistics(bad_messages_model=1, bad_messages_twilio=2), "3 bad messages"),
    ],
)
def test_what_degrades_a_call(counted: CallStatistics, why: str) -> None:
    assert health(counted) == Health(Level.DEGRADED, why)
    assert health(counted, EndReason.CALLER_HUNG_UP) == Health(Level.DEGRADED, why)


@pytest.mark.parametrize(
    "counted",
    [
        CallStatistics(),
        CallStatistics(frames_in=300, media_gaps=3),
        CallStatistics(frames_in=10, media_gaps=2),
        CallStatistics(
            v2v_ms=[900.0, 800.0, 2500.0],
            unanswered_max_ms=1900.0,
            first_audio_ms=700.0,
            jitter_ms=12.0,
            playout_lag_max_ms=120.0,
        ),
        CallStatistics(unanswered_max_ms=1900.0),
        CallStatistics(model_errors={"response_cancel_not_active": 2}),
    ],
)
def test_what_does_not(counted: CallStatistics) -> None:
    assert health(counted) == HEALTHY


def test_a_wait_that_goes_on_counts_as_one_that_is_over() -> None:
    counted = CallStatistics(unanswered_max_ms=4100.0)
    assert health(CallStatistics(), waiting_ms=4000.0) == HEALTHY
    assert health(CallStatistics(), waiting_ms=4001.0) == Health(Level.DEGRADED, "no answer for 4001 ms")
    assert health(counted, waiting_ms=9000.0) == Health(Level.DEGRADED, "no answer for 9000 ms")
    assert health(counted, waiting_ms=20.0) == Health(Level.DEGRADED, "no answer for 4100 ms")


def test_a_call_that_ended_badly_failed_whatever_was_counted() -> None:
    assert health(CallStatistics(jitter_ms=80.0), EndReason.MODEL_GONE) == Health(Level.FAILED, "model_gone")


@pytest.mark.parametrize("reason", [EndReason.DRAINED, EndReason.OPERATOR, EndReason.TIME_LIMIT])
def test_ends_of_our_own_will_are_no_failures(reason: EndReason) -> None:
    assert health(CallStatistics(), reason) == HEALTHY

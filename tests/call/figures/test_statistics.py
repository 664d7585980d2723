"""Counters, and what becomes of them in a sum."""

import pytest

from twilio_rt_cli.call.figures.statistics import MARK_LAG_BOUNDS_S, Buckets, CallStatistics, Tokens, percentile


def test_calls_add_up() -> None:
    total = CallStatistics()
    one = CallStatistics(frames_in=5, turns=2, tokens=Tokens(1, 2, 3, 4, 5, 6), cost_usd=0.5, jitter_ms=3.0)
    one.model_errors["x"] = 2
    one.mark_lag.take(0.003)
    for _ in range(2):
        total.add(one)
    total.add(CallStatistics(frames_in=1, first_audio_ms=300))
    assert (total.frames_in, total.turns, total.cost_usd, total.model_errors) == (11, 4, 1.0, {"x": 4})
    assert total.tokens == Tokens(2, 4, 6, 8, 10, 12)
    assert total.mark_lag.counts[0] == 2
    assert total.mark_lag.total_s == pytest.approx(0.006)
    assert (total.jitter_ms, total.first_audio_ms) == (None, None)


def test_the_words_of_many_calls_are_told_apart_up_to_a_number() -> None:
    total = CallStatistics()
    for number in range(300):
        total.add(CallStatistics(model_errors={f"e{number}": 2, "same": 1}, unknown_messages={f"m{number}": 3}))
    assert (len(total.model_errors) <= 101, sum(total.model_errors.values())) == (True, 900)
    assert (len(total.unknown_messages) <= 101, sum(total.unknown_messages.values())) == (True, 900)
    assert (total.model_errors["same"], total.model_errors["e0"]) == (300, 2)


def test_a_sum_of_unknown_costs_is_unknown() -> None:
    total = CallStatistics()
    total.add(CallStatistics())
    assert total.cost_usd is None
    total.add(CallStatistics(cost_usd=0.0))
    assert total.cost_usd == 0.0


def test_a_sum_keeps_what_was_priced_of_a_call_whose_cost_became_unknown() -> None:
    call, total = CallStatistics(cost_usd=0.5), CallStatistics()
    call.cost_usd, call.cost_at_least_usd = None, call.cost_usd
    total.add(call, CallStatistics(cost_usd=0.25))
    assert (total.cost_usd, call.cost_usd) == (0.75, None)


def test_a_value_at_a_bound_counts_under_it() -> None:
    buckets = Buckets()
    for value in (0.0, 0.005, 0.0051, 30.0, 31.0):
        buckets.take(value)
    assert len(buckets.counts) == len(MARK_LAG_BOUNDS_S) + 1
    assert (buckets.counts[0], buckets.counts[1], buckets.counts[-2], buckets.counts[-1]) == (2, 1, 1, 1)


@pytest.mark.parametrize(
    ("values", "part", "expected"),
    [((), 0.5, None), ((7,), 0.95, 7), ((3, 1, 2), 0.5, 2), (range(100), 0.95, 95), ((1, 2), 1.0, 2)],
)
def test_percentiles(values: tuple[float, ...], part: float, expected: float | None) -> None:
    assert percentile(list(values), part) == expected

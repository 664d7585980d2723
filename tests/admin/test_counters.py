"""Counters of all calls as metrics: every figure, its labels, and how many labels there may be."""

from prometheus_client import CollectorRegistry, generate_latest

from tests.admin.test_metrics import read
from twilio_rt_cli.admin.counters import MOST_CODES, Codes, Counters
from twilio_rt_cli.call.figures.statistics import CallStatistics, Tokens
from twilio_rt_cli.server.admission.notices import Refusal


def samples(counted: CallStatistics) -> dict[str, float]:
    registry = CollectorRegistry()
    registry.register(Counters(lambda: counted, {Refusal.BUSY: 3}))
    return read(generate_latest(registry))


def test_a_sum_made_in_another_order_is_not_told_as_one_that_fell() -> None:
    told: list[float] = []
    lags: list[float] = []
    first, second, third = 0.265443, 0.076601, 0.032371
    assert (first + second) + third > (third + first) + second
    for order in ((first, second, third), (third, first, second)):
        total = CallStatistics()
        for price in order:
            one = CallStatistics(cost_usd=price)
            one.mark_lag.take(price)
            total.add(one)
        sampled = samples(total)
        told.append(sampled["twilio_rt_cost_usd_total"])
        lags.append(sampled["twilio_rt_mark_lag_seconds_sum"])
    assert told == lags == [0.374415, 0.374415]


def test_every_counter_is_told_with_its_side() -> None:
    counted = CallStatistics(
        frames_in=5000,
        frames_out=700,
        caller_audio_dropped=3,
        agent_audio_dropped_bytes=800,
        media_gaps=2,
        marks_sent=90,
        marks_echoed=88,
        bad_messages_twilio=1,
        bad_messages_model=4,
        model_errors={"rate_limit_exceeded": 2},
        reconnects=6,
        input_tokens=1000,
        output_tokens=300,
        tokens=Tokens(200, 700, 150, 400, 50, 250),
        cost_usd=0.125,
    )
    told = {
        name.removeprefix("twilio_rt_"): value for name, value in samples(counted).items() if "mark_lag" not in name
    }
    refused = {name: told.pop(name) for name in list(told) if "refused" in name}
    assert refused == {f"calls_refused_total{{reason={one.value}}}": 3 * (one is Refusal.BUSY) for one in Refusal}
    assert told == {
        "frames_total{direction=in}{side=twilio}": 5000,
        "frames_total{direction=out}{side=twilio}": 700,
        "audio_dropped_total{side=caller}": 3,
        "audio_dropped_total{side=agent}": 5,
        "media_gaps_total": 2,
        "marks_total{kind=sent}": 90,
        "marks_total{kind=echoed}": 88,
        "bad_messages_total{side=twilio}": 1,
        "bad_messages_total{side=model}": 4,
        "model_errors_total{code=rate_limit_exceeded}": 2,
        "reconnects_total": 6,
        "tokens_total{kind=input_text}": 200,
        "tokens_total{kind=input_audio}": 700,
        "tokens_total{kind=cached_text}": 150,
        "tokens_total{kind=cached_audio}": 400,
        "tokens_total{kind=output_text}": 50,
        "tokens_total{kind=output_audio}": 250,
        "tokens_total{kind=input_other}": 100,
        "tokens_total{kind=output_other}": 0,
        "cost_usd_total": 0.125,
    }


def test_an_unknown_cost_is_absent_and_not_zero() -> None:
    assert not any("cost_usd" in name for name in samples(CallStatistics(cost_usd=None)))
    assert samples(CallStatistics(cost_usd=0.0))["twilio_rt_cost_usd_total"] == 0


def test_mark_lag_is_a_histogram() -> None:
    counted = CallStatistics()
    for late_s in (0.001, 0.005, 0.04, 99.0):
        counted.mark_lag.take(late_s)
    told = samples(counted)
    assert told["twilio_rt_mark_lag_seconds_bucket{le=0.005}"] == 2
    assert told["twilio_rt_mark_lag_seconds_bucket{le=0.05}"] == 3
    assert told["twilio_rt_mark_lag_seconds_bucket{le=30.0}"] == 3
    assert told["twilio_rt_mark_lag_seconds_bucket{le=+Inf}"] == 4
    assert told["twilio_rt_mark_lag_seconds_count"] == 4
    assert told["twilio_rt_mark_lag_seconds_sum"] == counted.mark_lag.total_s


def test_codes_are_bounded_and_those_that_have_a_label_keep_it() -> None:
    codes = Codes()
    assert [codes.label(f"code_{number}") for number in range(MOST_CODES)][-1] == f"code_{MOST_CODES - 1}"
    assert codes.label("one_more") == "other"
    assert codes.label("code_0") == "code_0"


def test_odd_codes_have_no_label_of_their_own() -> None:
    codes = Codes()
    for odd in ("", "two words", "1st", "é", "x" * 65, "a\nb", "call_4155550142", "CA" + "ab" * 16, "+14155550142"):
        assert codes.label(odd) == "other", odd
    assert codes.label("model_not_found.v2") == "model_not_found.v2"


def test_odd_codes_add_up() -> None:
    assert samples(CallStatistics(model_errors={"a b": 2, "c d": 3}))["twilio_rt_model_errors_total{code=other}"] == 5

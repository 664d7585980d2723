"""Tokens by kind, and what they cost."""

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.playbook import created, done, talking
from twilio_rt_cli.call.figures.cost import Prices, cost_usd, count_usage
from twilio_rt_cli.call.figures.statistics import CallStatistics, Tokens
from twilio_rt_cli.protocol.realtime import CachedTokens, InputTokens, OutputTokens, Usage

ODD = Prices(text_in=3.0, text_cached=5.0, text_out=7.0, audio_in=11.0, audio_cached=13.0, audio_out=17.0)

counts = st.integers(0, 10_000_000)
rates = st.floats(0, 1000, allow_nan=False)
prices = st.builds(
    Prices, text_in=rates, text_cached=rates, text_out=rates, audio_in=rates, audio_cached=rates, audio_out=rates
)
whatever_was_counted = st.builds(Tokens, *[counts for _ in fields(Tokens)])


@st.composite
def tokens(draw: st.DrawFn) -> Tokens:
    """Cached ones are some of those that went in."""
    text, audio = draw(counts), draw(counts)
    cached = draw(st.integers(0, text)), draw(st.integers(0, audio))
    return Tokens(text, audio, *cached, draw(counts), draw(counts))


def plus(one: Tokens, other: Tokens) -> Tokens:
    return Tokens(*(getattr(one, field.name) + getattr(other, field.name) for field in fields(Tokens)))


@pytest.mark.parametrize(
    ("counted", "cost"),
    [
        (Tokens(input_text=1_000_000), 3),
        (Tokens(input_text=1_000_000, cached_text=1_000_000), 5),
        (Tokens(output_text=1_000_000), 7),
        (Tokens(input_audio=1_000_000), 11),
        (Tokens(input_audio=1_000_000, cached_audio=1_000_000), 13),
        (Tokens(output_audio=1_000_000), 17),
        (Tokens(), 0),
    ],
)
def test_each_kind_of_token_has_its_price_for_a_million(counted: Tokens, cost: float) -> None:
    assert cost_usd(counted, ODD) == pytest.approx(cost)


def test_a_call_is_the_sum_and_cached_tokens_are_not_paid_twice() -> None:
    usual = Prices(text_in=4.0, text_cached=0.4, text_out=24.0, audio_in=32.0, audio_cached=0.4, audio_out=64.0)
    counted = Tokens(
        input_text=1200, cached_text=1000, input_audio=3000, cached_audio=2000, output_text=100, output_audio=500
    )
    told = (200 * 4 + 1000 * 0.4 + 1000 * 32 + 2000 * 0.4 + 100 * 24 + 500 * 64) / 1_000_000
    assert cost_usd(counted, usual) == pytest.approx(told)


def test_more_cached_than_went_in_gives_no_money_back() -> None:
    assert cost_usd(Tokens(input_audio=10, cached_audio=1_000_000), ODD) == pytest.approx(10 * 13 / 1_000_000)


@given(whatever_was_counted, prices)
def test_nothing_ever_costs_less_than_nothing(counted: Tokens, rates: Prices) -> None:
    assert cost_usd(counted, rates) >= 0


@given(tokens(), tokens(), prices)
def test_two_calls_cost_what_each_of_them_costs(one: Tokens, other: Tokens, rates: Prices) -> None:
    assert cost_usd(plus(one, other), rates) == pytest.approx(cost_usd(one, rates) + cost_usd(other, rates))


@given(tokens())
def test_the_cache_saves_what_it_is_cheaper(counted: Tokens) -> None:
    rates = Prices(text_in=4.0, text_cached=0.4, text_out=24.0, audio_in=32.0, audio_cached=0.4, audio_out=64.0)
    uncached = Tokens(counted.input_text, counted.input_audio, 0, 0, counted.output_text, counted.output_audio)
    saved = (counted.cached_text * 3.6 + counted.cached_audio * 31.6) / 1_000_000
    assert cost_usd(uncached, rates) - cost_usd(counted, rates) == pytest.approx(saved)


# What a response took

PRICES = Prices(text_in=4.0, text_cached=0.4, text_out=24.0, audio_in=32.0, audio_cached=0.4, audio_out=64.0)
USAGE = Usage(
    132,
    121,
    InputTokens(119, 13, 64, CachedTokens(64, 0)),
    OutputTokens(30, 91),
)
COST = ((119 - 64) * 4.0 + 64 * 0.4 + 13 * 32.0 + 30 * 24.0 + 91 * 64.0) / 1e6


def test_tokens_are_counted_by_kind_and_priced_with_the_cached_ones_as_a_part() -> None:
    call = talking(prices=PRICES)
    for number in (1, 2):
        call << created(f"resp_{number}")
        call << done(f"resp_{number}", usage=USAGE)
    counted = call.core.statistics
    assert (counted.input_tokens, counted.output_tokens) == (264, 242)
    assert counted.tokens == Tokens(238, 26, 128, 0, 60, 182)
    assert counted.cost_usd == pytest.approx(2 * COST)


def test_a_cancelled_response_costs_too() -> None:
    call = talking(prices=PRICES)
    call << created()
    call << done(status="cancelled", usage=USAGE)
    assert call.core.statistics.cost_usd == pytest.approx(COST)


def test_without_prices_the_cost_is_not_known_rather_than_nothing() -> None:
    call = talking()
    assert call.core.statistics.cost_usd is None
    call << created()
    call << done(usage=USAGE)
    assert call.core.statistics.cost_usd is None
    assert call.core.statistics.tokens.output_audio == 91


def test_a_call_that_used_nothing_costs_nothing() -> None:
    assert talking(prices=PRICES).core.statistics.cost_usd == 0.0


def test_a_server_that_tells_no_kinds_leaves_the_cost_unknown() -> None:
    counted = CallStatistics(cost_usd=0.0)
    count_usage(counted, Usage(132, 121), PRICES)
    assert (counted.input_tokens, counted.cost_usd) == (132, None)
    count_usage(counted, USAGE, PRICES)
    assert counted.cost_usd is None


def test_of_a_cost_that_becomes_unknown_the_part_that_was_priced_is_kept_and_grows() -> None:
    counted = CallStatistics(cost_usd=0.0)
    kept: list[float | None] = []
    spoken = Usage(132, 121, None, OutputTokens(30, 91))  # half of it can be priced
    for usage in (USAGE, Usage(132, 121), USAGE, spoken):
        count_usage(counted, usage, PRICES)
        kept.append(counted.priced_usd)
        assert (counted.cost_usd is None) is (counted.cost_at_least_usd is not None)
    assert counted.cost_usd is None
    assert kept == pytest.approx([COST, COST, 2 * COST, 2 * COST + (30 * 24.0 + 91 * 64.0) / 1e6])


def test_a_whole_is_never_less_than_its_parts() -> None:
    """Else the rest, which metrics tell as tokens of no kind, would fall again."""
    counted = CallStatistics(cost_usd=0.0)
    count_usage(counted, Usage(100, 100), PRICES)
    count_usage(counted, Usage(0, 0, InputTokens(30, 20), OutputTokens(5, 5)), PRICES)
    assert (counted.input_tokens, counted.output_tokens) == (150, 110)


def test_nonsense_is_not_counted() -> None:
    counted = CallStatistics(cost_usd=0.0)
    count_usage(counted, Usage(-5, None, InputTokens(-5, None), OutputTokens()), PRICES)
    assert counted.tokens == Tokens()
    assert (counted.input_tokens, counted.cost_usd) == (0, 0.0)
    count_usage(counted, Usage(1e300, 1e300, InputTokens(1e300), OutputTokens(1e300)), PRICES)
    assert max(counted.input_tokens, counted.output_tokens, counted.tokens.counted) < 2**63


@pytest.mark.parametrize(
    "usage",
    [
        Usage(132, 121, None, OutputTokens(30, 91)),
        Usage(132, 121, InputTokens(119, 13), None),
        Usage(132, 121, InputTokens(), OutputTokens(30, 91)),
    ],
)
def test_a_side_without_kinds_leaves_the_cost_unknown_rather_than_too_low(usage: Usage) -> None:
    counted = CallStatistics(cost_usd=0.0)
    count_usage(counted, usage, PRICES)
    assert counted.cost_usd is None

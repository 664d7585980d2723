"""Tokens by kind, and what they cost."""

import pytest

from tests.playbook import created, done, talking
from twilio_rt_cli.call.price import Prices
from twilio_rt_cli.call.statistics import CallStatistics, Tokens
from twilio_rt_cli.call.usage import count_usage
from twilio_rt_cli.protocol.realtime import CachedTokens, InputTokens, OutputTokens, Usage

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

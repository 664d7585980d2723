from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twilio_rt_cli.call.price import Prices, cost_usd
from twilio_rt_cli.call.statistics import Tokens

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

from dataclasses import fields
from datetime import date

import pytest

from twilio_rt_cli.call.figures.cost import Prices
from twilio_rt_cli.call.figures.statistics import Tokens
from twilio_rt_cli.models.prices import price_table, prices_of
from twilio_rt_cli.settings.groups import FIELDS

MODELS = (
    "gpt-realtime-2.1",
    "gpt-realtime-2",
    "gpt-realtime-2.1-mini",
    "gpt-realtime-1.5",
    "gpt-realtime-mini",
    "gpt-realtime",
)


def test_the_table_says_when_and_where_its_prices_were_read() -> None:
    table = price_table()
    assert date(2026, 7, 1) <= table.as_of <= date.today()
    assert set(table.sources) == {f"https://developers.openai.com/api/docs/models/{model}" for model in MODELS}


@pytest.mark.parametrize("model", MODELS)
def test_a_model_costs_more_for_speech_than_for_text_and_less_when_it_is_cached(model: str) -> None:
    prices = prices_of(model)
    assert prices is not None
    assert all(isinstance(getattr(prices, field.name), float) for field in fields(Prices))
    assert 0 < prices.text_cached < prices.text_in < prices.text_out
    assert 0 < prices.audio_cached < prices.audio_in < prices.audio_out


def test_prices_are_by_the_million() -> None:
    assert prices_of("gpt-realtime-2.1") == Prices(
        text_in=4.0, text_cached=0.4, text_out=24.0, audio_in=32.0, audio_cached=0.4, audio_out=64.0
    )


def test_the_model_that_answers_by_default_has_a_price() -> None:
    assert prices_of(str(FIELDS["openai_model"].default)) is not None


@pytest.mark.parametrize("model", MODELS)
def test_a_dated_snapshot_costs_what_its_model_costs(model: str) -> None:
    assert prices_of(model) is not None
    assert prices_of(f"{model}-2026-05-01") == prices_of(model)


@pytest.mark.parametrize("model", ["", "gpt-realtime-3", "my deployment", "-2026-05-01", "gpt-realtime-2.1-preview"])
def test_an_unknown_model_is_not_free(model: str) -> None:
    assert prices_of(model) is None


def test_every_kind_of_token_has_a_price() -> None:
    assert len(fields(Prices)) == len(fields(Tokens))

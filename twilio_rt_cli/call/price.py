"""What the model's tokens cost, by kind. Pure; the figures come from a file (`prices.py`)."""

from dataclasses import dataclass

from twilio_rt_cli.call.statistics import Tokens

_MILLION = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """USD for a million tokens of one model."""

    text_in: float
    text_cached: float
    """what went in before, and is remembered"""
    text_out: float
    audio_in: float
    audio_cached: float
    audio_out: float


def cost_usd(tokens: Tokens, prices: Prices) -> float:
    """What these tokens cost. Cached ones are part of those that went in: they have their own price instead."""
    text = _side(tokens.input_text, tokens.cached_text, prices.text_in, prices.text_cached)
    audio = _side(tokens.input_audio, tokens.cached_audio, prices.audio_in, prices.audio_cached)
    spoken = tokens.output_text * prices.text_out + tokens.output_audio * prices.audio_out
    return (text + audio + spoken) / _MILLION


def _side(tokens: int, cached: int, price: float, price_cached: float) -> float:
    cached = min(cached, tokens)  # a server that claims more than went in gives no money back
    return (tokens - cached) * price + cached * price_cached

"""What the model's tokens cost, by kind, and what it says its responses took of them.

The prices come from a file (`models/prices.py`).
"""

from dataclasses import dataclass

from twilio_rt_cli.call.figures.statistics import CallStatistics, Tokens
from twilio_rt_cli.protocol.realtime import CachedTokens, InputTokens, OutputTokens, Usage

_MILLION = 1_000_000
MOST_TOKENS = 1_000_000_000
"""of one kind in one response; more is nonsense"""


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


def count_usage(counted: CallStatistics, usage: Usage, prices: Prices | None) -> None:
    """Add the tokens of one response, and their price.

    A server that does not tell kinds leaves the call's cost unknown: half of a price would look like the whole of it.
    """
    used = _tokens(usage)
    took = max(_count(usage.input_tokens), used.input_text + used.input_audio)  # a whole is no less than its parts
    gave = max(_count(usage.output_tokens), used.output_text + used.output_audio)
    counted.input_tokens += took
    counted.output_tokens += gave
    counted.tokens.add(used)
    if prices is None or counted.priced_usd is None:
        return
    priced_usd = counted.priced_usd + cost_usd(used, prices)
    untold = (took and not used.input_text + used.input_audio) or (gave and not used.output_text + used.output_audio)
    if untold or counted.cost_usd is None:
        counted.cost_usd, counted.cost_at_least_usd = None, priced_usd
    else:
        counted.cost_usd = priced_usd


def _side(tokens: int, cached: int, price: float, price_cached: float) -> float:
    cached = min(cached, tokens)  # a server that claims more than went in gives no money back
    return (tokens - cached) * price + cached * price_cached


def _tokens(usage: Usage) -> Tokens:
    took = usage.input_token_details or InputTokens()
    gave = usage.output_token_details or OutputTokens()
    cached = took.cached_tokens_details or CachedTokens()
    return Tokens(
        input_text=_count(took.text_tokens),
        input_audio=_count(took.audio_tokens),
        cached_text=_count(cached.text_tokens),
        cached_audio=_count(cached.audio_tokens),
        output_text=_count(gave.text_tokens),
        output_audio=_count(gave.audio_tokens),
    )


def _count(claimed: float | None) -> int:
    return max(0, int(min(claimed or 0, MOST_TOKENS)))

"""What the model says a response has cost in tokens, added to a call's counters."""

from twilio_rt_cli.call.price import Prices, cost_usd
from twilio_rt_cli.call.record import CallStatistics, Tokens
from twilio_rt_cli.protocol.realtime import CachedTokens, InputTokens, OutputTokens, Usage


def count_usage(counted: CallStatistics, usage: Usage, prices: Prices | None) -> None:
    """Add the tokens of one response, and their price. A server that does not tell kinds leaves the cost unknown."""
    counted.input_tokens += int(usage.input_tokens or 0)
    counted.output_tokens += int(usage.output_tokens or 0)
    used = _tokens(usage)
    counted.tokens.add(used)
    if prices is None or counted.cost_usd is None:
        return
    untold = not used.counted and (usage.input_tokens or usage.output_tokens)
    counted.cost_usd = None if untold else counted.cost_usd + cost_usd(used, prices)


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


def _count(told: float | None) -> int:
    return max(0, int(told or 0))

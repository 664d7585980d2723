"""What the model says a response has cost in tokens, added to a call's counters."""

from twilio_rt_cli.call.price import Prices, cost_usd
from twilio_rt_cli.call.record import CallStatistics, Tokens
from twilio_rt_cli.protocol.realtime import CachedTokens, InputTokens, OutputTokens, Usage

MOST_TOKENS = 1_000_000_000
"""of one kind in one response; more is nonsense"""


def count_usage(counted: CallStatistics, usage: Usage, prices: Prices | None) -> None:
    """Add the tokens of one response, and their price. A server that does not tell kinds leaves the cost unknown."""
    took, gave, used = _count(usage.input_tokens), _count(usage.output_tokens), _tokens(usage)
    counted.input_tokens += took
    counted.output_tokens += gave
    counted.tokens.add(used)
    if prices is None or counted.cost_usd is None:
        return
    # Half of a price would look like the whole of it.
    untold = (took and not used.input_text + used.input_audio) or (gave and not used.output_text + used.output_audio)
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
    return max(0, int(min(told or 0, MOST_TOKENS)))

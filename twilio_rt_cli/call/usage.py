"""What the model says a response has cost in tokens, added to a call's counters."""

from twilio_rt_cli.call.price import Prices, cost_usd
from twilio_rt_cli.call.statistics import CallStatistics, Tokens
from twilio_rt_cli.protocol.realtime import CachedTokens, InputTokens, OutputTokens, Usage

MOST_TOKENS = 1_000_000_000
"""of one kind in one response; more is nonsense"""


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

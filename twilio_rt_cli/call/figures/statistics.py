"""What is counted of a call."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from operator import attrgetter

import msgspec

MOST_KINDS = 100
LONGEST_KIND = 64


def count_kind(counts: dict[str, int], kind: str, count: int = 1) -> None:
    """Count what has a name that the other side chose: so many names are told apart, what is more is `other`."""
    kind = kind[:LONGEST_KIND]
    if kind not in counts and len(counts) >= MOST_KINDS:
        kind = "other"
    counts[kind] = counts.get(kind, 0) + count


MARK_LAG_BOUNDS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


@dataclass(slots=True)
class Buckets:
    """How many values fell under each bound; what a histogram metric needs, cheap enough for every mark."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(MARK_LAG_BOUNDS_S) + 1))
    """one per bound (value ≤ bound), and one above all; not cumulative"""
    total_s: float = 0.0
    """sum of the values"""

    def take(self, value_s: float) -> None:
        """Count one value."""
        self.counts[bisect_left(MARK_LAG_BOUNDS_S, value_s)] += 1
        self.total_s += value_s

    def add(self, *others: "Buckets") -> None:
        """Take others into the sum."""
        self.counts = [sum(column) for column in zip(self.counts, *(one.counts for one in others), strict=True)]
        self.total_s += sum(one.total_s for one in others)


@dataclass(slots=True)
class Tokens:
    """The model's tokens by kind; the cached ones are part of the text and audio that went in.

    (OpenAI Realtime, `usage` of `response.done`)
    """

    input_text: int = 0
    input_audio: int = 0
    cached_text: int = 0
    cached_audio: int = 0
    output_text: int = 0
    output_audio: int = 0

    @property
    def counted(self) -> int:
        """All of them."""
        return self.input_text + self.input_audio + self.output_text + self.output_audio

    def add(self, *others: "Tokens") -> None:
        """Take others into the sum."""
        for name, values in zip(_TOKENS, zip(*map(_tokens_of, others), strict=True), strict=True):
            setattr(self, name, getattr(self, name) + sum(values))


@dataclass(slots=True)
class CallStatistics:
    """Counters of one call; plain numbers that the media path adds to."""

    frames_in: int = 0
    """media messages from Twilio"""
    bytes_in: int = 0
    """µ-law bytes from Twilio"""
    frames_out: int = 0
    """media messages to Twilio"""
    bytes_out: int = 0
    """µ-law bytes to Twilio"""
    caller_audio_dropped: int = 0
    """messages of caller audio dropped while the model could not take them"""
    agent_audio_dropped_bytes: int = 0
    """µ-law bytes of agent audio that were never sent: cut off by a barge-in, or too much waiting"""
    media_gaps: int = 0
    """holes in the caller's audio: in Twilio's sequence numbers, or in the stream's time"""
    marks_sent: int = 0
    """marks sent to Twilio"""
    marks_echoed: int = 0
    """marks that came back"""
    mark_lag: Buckets = field(default_factory=Buckets)
    """how much later than by our clock each mark came back"""
    playout_lag_ms: float = 0.0
    """how late the last echoed mark was"""
    playout_lag_max_ms: float = 0.0
    """the largest of these"""
    jitter_ms: float | None = None
    """interarrival jitter of caller audio (RFC 3550, 6.4.1), over every eighth message"""
    round_trip_ms: float | None = None
    """least round trip of a mark"""
    bad_messages_twilio: int = 0
    """messages from Twilio that break the protocol"""
    bad_messages_model: int = 0
    """messages of the model that break the protocol"""
    unknown_messages: dict[str, int] = field(default_factory=dict)
    """kind → how often"""
    model_errors: dict[str, int] = field(default_factory=dict)
    """error code → how often, harmless ones too"""
    model_failures: int = 0
    """errors that were not harmless, failed responses among them"""
    turns: int = 0
    """caller turns the model heard"""
    v2v_ms: list[float] = field(default_factory=list)
    """of each answer: from the end of the caller's speech to the first agent audio sent"""
    unanswered_max_ms: float = 0.0
    """the caller's longest wait for an answer that did not come before they spoke again, or the call was over"""
    barge_ins: int = 0
    """times the caller spoke over the agent, and the agent was cut"""
    barge_in_stop_ms: list[float] = field(default_factory=list)
    """of each barge-in: from the caller's first sound to our clear"""
    tool_calls: int = 0
    """function calls that the model asked for"""
    tool_failures: int = 0
    """those whose answer was an error"""
    tool_ms: list[float] = field(default_factory=list)
    """of each tool call that came back"""
    reconnects: int = 0
    """times the model's socket was opened again"""
    input_tokens: int = 0
    """tokens that went into the model"""
    output_tokens: int = 0
    """tokens that came out of it"""
    tokens: Tokens = field(default_factory=Tokens)
    """the same by kind"""
    cost_usd: float | None = None
    """estimated price of the tokens; None: not known, since the model's prices or the kinds of some tokens are not"""
    cost_at_least_usd: float | None = None
    """where only the kinds of some tokens are not known: the price of the rest, for sums, which must not fall"""
    first_audio_ms: float | None = None
    """`start` → first agent audio sent"""
    model_connect_ms: float | None = None
    """`start` → session configured"""

    @property
    def marks_pending(self) -> int:
        """Marks that Twilio has not echoed yet."""
        return self.marks_sent - self.marks_echoed

    @property
    def priced_usd(self) -> float | None:
        """The estimated price of what could be priced, and so what a sum counts; None: nothing could."""
        return self.cost_at_least_usd if self.cost_usd is None else self.cost_usd

    def add(self, *others: "CallStatistics") -> None:
        """Take other calls' counters into a total. Figures of one call alone (connect, jitter, lags) stay out.

        A total's cost is that of all that could be priced.
        """
        if not others:
            return
        for name, values in zip(_COUNTERS, zip(*map(_counters_of, others), strict=True), strict=True):
            setattr(self, name, getattr(self, name) + sum(values))
        self.tokens.add(*(one.tokens for one in others))
        self.mark_lag.add(*(one.mark_lag for one in others))
        for one in others:
            for mine, its in ((self.unknown_messages, one.unknown_messages), (self.model_errors, one.model_errors)):
                for kind, count in its.items():
                    count_kind(mine, kind, count)
        if costs := [one.priced_usd for one in others if one.priced_usd is not None]:
            self.cost_usd = (self.cost_usd or 0.0) + sum(costs)


_COUNTERS = tuple(one.name for one in fields(CallStatistics) if one.type in (int, "int"))
_TOKENS = tuple(one.name for one in fields(Tokens))
_counters_of = attrgetter(*_COUNTERS)
_tokens_of = attrgetter(*_TOKENS)

Figure = str | int | float | bool | None | dict[str, "Figure"] | list["Figure"]


def figures(counted: CallStatistics) -> dict[str, Figure]:
    """A call's counters as events and records tell them: times to a tenth of a millisecond."""
    plain: dict[str, Figure] = msgspec.to_builtins(counted)
    rounded = {name: _rounded(name, value) for name, value in plain.items()}
    return rounded | {"marks_pending": counted.marks_pending}


def _rounded(name: str, value: Figure) -> Figure:
    if isinstance(value, list):
        return [_rounded(name, one) for one in value]
    return round(value, 1) if isinstance(value, float) and name.endswith("_ms") else value


def percentile(values: Sequence[float], part: float) -> float | None:
    """The value below which this part (0 to 1) of them lies; None of none."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]

"""What is counted at every frame and at every refusal, as metrics, summed up when somebody asks for them."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from twilio_rt_cli.audio.rate import FRAME_BYTES
from twilio_rt_cli.call.figures.statistics import MARK_LAG_BOUNDS_S, Buckets, CallStatistics, Tokens
from twilio_rt_cli.server.admission.notices import Refusal

PREFIX = "twilio_rt"
MOST_CODES = 100
"""error codes of the model that are told apart; they are its words, and it may have many"""
OTHER = "other"
_CODE = re.compile(r"[A-Za-z][\w.:-]{0,63}", re.ASCII)
_DIGITS = 6
"""more of them in a code may be a number of somebody's, or an id"""
_HEX = re.compile(r"[0-9a-f]{24}", re.IGNORECASE)
_DECIMALS = 9

Labels = tuple[str, ...]
Sample = tuple[Labels, float]


class Codes:
    """Which label each code of the model's gets; what has a name of its own keeps it."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    def label(self, code: str) -> str:
        """The code, or `other`."""
        if code in self._known:
            return code
        if len(self._known) >= MOST_CODES or not _is_code(code):
            return OTHER
        self._known.add(code)
        return code


class Counters(Collector):
    """Counters out of the statistics of all calls, and of the book of calls."""

    def __init__(self, statistics: Callable[[], CallStatistics], refused: Mapping[Refusal, int]) -> None:
        self._statistics = statistics
        self._refused = refused
        self._codes = Codes()

    def describe(self) -> Iterable[Metric]:
        """The names, without asking anybody."""
        return [Metric(f"{PREFIX}_{one.name}", one.documentation, one.type) for one in self._families(CallStatistics())]

    def collect(self) -> Iterable[Metric]:
        """The figures now."""
        return self._families(self._statistics())

    def _families(self, statistics: CallStatistics) -> Iterator[Metric]:
        dropped = (
            (("caller",), statistics.caller_audio_dropped),
            (("agent",), statistics.agent_audio_dropped_bytes / FRAME_BYTES),
        )
        bad = (("twilio",), statistics.bad_messages_twilio), (("model",), statistics.bad_messages_model)
        frames = (("twilio", "in"), statistics.frames_in), (("twilio", "out"), statistics.frames_out)
        marks = (("sent",), statistics.marks_sent), (("echoed",), statistics.marks_echoed)
        # Calls are summed up in another order when one of them ends: the last digits must not fall, or Prometheus would
        # take that for a restart.
        cost = () if statistics.cost_usd is None else (((), round(statistics.cost_usd, _DECIMALS)),)
        refused = (((reason.value,), self._refused.get(reason, 0)) for reason in Refusal)
        yield _counter("calls_refused", "Calls, or what claimed to be one, turned away.", ("reason",), refused)
        yield _counter("media_gaps", "Holes in Twilio's sequence numbers.", (), [((), statistics.media_gaps)])
        yield _counter("audio_dropped", "Frames of 20 ms that were left out, by whose voice.", ("side",), dropped)
        yield _counter("model_errors", "Errors of the model, harmless ones too.", ("code",), self._errors(statistics))
        yield _counter("reconnects", "Times the model's socket was opened again.", (), [((), statistics.reconnects)])
        yield _counter(
            "tokens", "The model's tokens; cached ones are part of the input.", ("kind",), tokens(statistics)
        )
        yield _counter("cost_usd", "Estimated price of the tokens that could be priced.", (), cost)
        yield _counter("bad_messages", "Messages that break the protocol.", ("side",), bad)
        yield _counter("frames", "Media messages from and to Twilio.", ("side", "direction"), frames)
        yield _counter("marks", "Marks sent to Twilio and echoed by it.", ("kind",), marks)
        yield _mark_lag(statistics.mark_lag)

    def _errors(self, statistics: CallStatistics) -> list[Sample]:
        by_label: dict[str, float] = {}
        for code, count in statistics.model_errors.items():
            label = self._codes.label(code)
            by_label[label] = by_label.get(label, 0) + count
        return [((label,), count) for label, count in by_label.items()]


class WithoutCreated(Collector):
    """The same metrics without the moments at which each was created: they double the lines and nobody reads them."""

    def __init__(self, inner: Collector) -> None:
        self._inner = inner

    def collect(self) -> Iterator[Metric]:
        """The metrics of the inner one."""
        for metric in self._inner.collect():
            metric.samples = [one for one in metric.samples if not one.name.endswith("_created")]
            yield metric


def tokens(statistics: CallStatistics) -> list[Sample]:
    """Tokens by kind. What the model did not break down is `input_other` and `output_other`, so that all kinds but the
    cached ones add up to the whole."""
    kinds = statistics.tokens
    rest = {
        "input_other": statistics.input_tokens - kinds.input_text - kinds.input_audio,
        "output_other": statistics.output_tokens - kinds.output_text - kinds.output_audio,
    }
    by_kind = {one.name: getattr(kinds, one.name) for one in fields(Tokens)} | rest
    return [((kind,), max(0, count)) for kind, count in by_kind.items()]


def _counter(name: str, documentation: str, labels: Labels, samples: Iterable[Sample]) -> CounterMetricFamily:
    family = CounterMetricFamily(f"{PREFIX}_{name}", documentation, labels=labels)
    for values, value in samples:
        family.add_metric(values, value)
    return family


def _mark_lag(lag: Buckets) -> HistogramMetricFamily:
    below = 0
    buckets: list[tuple[str, float]] = []
    for bound, count in zip((*map(str, MARK_LAG_BOUNDS_S), "+Inf"), lag.counts, strict=True):
        below += count
        buckets.append((bound, below))
    documentation = "How much later than by our clock each mark came back."
    return HistogramMetricFamily(
        f"{PREFIX}_mark_lag_seconds", documentation, buckets=buckets, sum_value=round(lag.total_s, _DECIMALS)
    )


def _is_code(code: str) -> bool:
    few = sum(map(str.isdigit, code)) <= _DIGITS
    return few and _CODE.fullmatch(code) is not None and _HEX.search(code) is None

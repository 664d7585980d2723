"""Metrics for Prometheus, served on the admin port.

Two sources make one account. What happens seldom (a call begins or ends, an answer, an interruption, a tool) is counted
when its notice comes, so the figures are those of the event lines. What happens at every frame is counted by the
calls themselves, and summed up only when somebody asks: nothing is added to the way of the audio. Refusals are counted
where they are made, since not each of a flood is published.

No label ever holds a phone number, a SID or a text of the caller's. Codes and names that come from a model are checked
and bounded in number; what is too much or looks odd is `other`.
"""

import re
from collections.abc import Callable, Collection, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, PlatformCollector, ProcessCollector
from prometheus_client import generate_latest as plain
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST as OPENMETRICS
from prometheus_client.openmetrics.exposition import generate_latest as openmetrics

from twilio_rt_cli import __version__
from twilio_rt_cli.admin.counters import PREFIX, Counters, Labels, WithoutCreated
from twilio_rt_cli.call.figures.end_reason import EndReason
from twilio_rt_cli.call.figures.statistics import CallStatistics
from twilio_rt_cli.call.notices import AgentTurn, BargedIn, CallOver, FirstAudio, ModelReady, Notice, ToolAnswered
from twilio_rt_cli.protocol.twilio import CallSid
from twilio_rt_cli.server.admission.notices import CallStarted, Draining, Refusal, ServerNotice

_V2V_S = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 7.5, 10.0)
_FIRST_AUDIO_S = (0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 7.5, 10.0)
_CONNECT_S = (0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0)
_BARGE_IN_S = (0.02, 0.04, 0.06, 0.08, 0.1, 0.12, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1.0, 2.0)
_LAG_S = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
_TOOL_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_PLAIN = "text/plain; version=0.0.4; charset=utf-8"
_TOOL_NAME = re.compile(r"[A-Za-z_][\w.:/-]{0,63}", re.ASCII)


class Metrics:
    """One per server; a listener of its notices."""

    def __init__(
        self,
        *,
        capacity: int,
        counted: Callable[[], CallStatistics],
        refused: Mapping[Refusal, int],
        tools: Collection[str] = (),
    ) -> None:
        """`capacity`: calls at once; `counted`: all calls summed, those on the line too; `refused`: how often so far;
        `tools`: their names."""
        registry = CollectorRegistry()
        self._shown = WithoutCreated(registry)
        self._running: dict[CallSid, set[type[Notice]]] = {}
        """calls on the line, and which notices came once of each"""
        self._tools = frozenset(filter(_TOOL_NAME.fullmatch, tools))

        Info("build", "The version that runs.", namespace=PREFIX, registry=registry).info({"version": __version__})
        self._observed = _Instruments(registry)
        self._observed.capacity.set(capacity)
        for reason in EndReason:
            if reason is not EndReason.PROBE:
                self._observed.ended.labels(reason.value)
        for name in sorted(self._tools):
            self._observed.tool.labels(name)
        registry.register(Counters(counted, refused))
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)

    def exposed(self, accept: str = "") -> tuple[bytes, str]:
        """All metrics now and their content type: Prometheus' text, or OpenMetrics for who accepts that."""
        if "application/openmetrics-text" in accept:
            return openmetrics(self._shown), OPENMETRICS  # type: ignore[no-untyped-call]
        return plain(self._shown), _PLAIN

    def lag(self, late_ms: float) -> None:
        """One sample of the loop's lag."""
        self._observed.lag.observe(late_ms / 1000)

    # As a listener

    def on_call(self, at: float, call_sid: CallSid, notice: Notice) -> None:
        """A call has published a notice."""
        match notice:
            case AgentTurn(v2v_ms=float() | int() as v2v_ms):
                self._observed.v2v.observe(v2v_ms / 1000)
            case BargedIn(stop_ms=float() | int() as stop_ms):
                self._observed.barge_in.observe(stop_ms / 1000)
            case ToolAnswered():
                self._observed.tool.labels(notice.name if notice.name in self._tools else "other").observe(
                    notice.elapsed_ms / 1000
                )
            case ModelReady() if self._first(call_sid, ModelReady):
                self._observed.connect.observe(notice.connect_ms / 1000)
            case FirstAudio() if self._first(call_sid, FirstAudio):
                self._observed.first_audio.observe(notice.elapsed_ms / 1000)
            case CallOver() if self._running.pop(call_sid, None) is not None:
                self._observed.ended.labels(notice.reason.value).inc()
                self._observed.active.set(len(self._running))
            case _:
                pass

    def on_server(self, at: float, notice: ServerNotice) -> None:
        """The server has published a notice."""
        match notice:
            case CallStarted() if notice.call_sid not in self._running:
                self._running[notice.call_sid] = set()
                self._observed.started.inc()
                self._observed.active.set(len(self._running))
            case Draining():
                self._observed.draining.set(1)
            case _:
                pass

    def _first(self, call_sid: CallSid, kind: type[Notice]) -> bool:
        seen = self._running.get(call_sid)
        if seen is None or kind in seen:
            return False
        seen.add(kind)
        return True


class _Instruments:
    """What is observed when a notice comes, one line each."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self.active = self._gauge("calls_active", "Calls whose stream runs.")
        self.started = self._counter("calls_started", "Calls whose stream began.")
        self.ended = self._counter("calls_ended", "Calls that are over, by how they ended.", ("reason",))
        self.v2v = self._seconds("v2v", "From the end of the caller's speech to the first audio of the answer.", _V2V_S)
        self.first_audio = self._seconds(
            "first_audio", "From start to the agent's first audio, once a call.", _FIRST_AUDIO_S
        )
        self.barge_in = self._seconds(
            "barge_in", "From the caller's first sound over the agent to our clear.", _BARGE_IN_S
        )
        self.connect = self._seconds("model_connect", "From start until the model took the session.", _CONNECT_S)
        self.tool = self._seconds("tool", "How long tool calls took.", _TOOL_S, ("tool",))
        self.lag = self._seconds("loop_lag", "How late the event loop is, ten samples a second.", _LAG_S)
        self.capacity = self._gauge("capacity", "Calls at once, LIMIT_CONCURRENCY.")
        self.draining = self._gauge("draining", "1 while the server stops and takes no new calls.")

    def _counter(self, name: str, documentation: str, labels: Labels = ()) -> Counter:
        return Counter(name, documentation, labels, namespace=PREFIX, registry=self._registry)

    def _gauge(self, name: str, documentation: str) -> Gauge:
        return Gauge(name, documentation, namespace=PREFIX, registry=self._registry)

    def _seconds(self, name: str, documentation: str, buckets: tuple[float, ...], labels: Labels = ()) -> Histogram:
        return Histogram(
            name + "_seconds", documentation, labels, namespace=PREFIX, buckets=buckets, registry=self._registry
        )

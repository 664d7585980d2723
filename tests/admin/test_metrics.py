"""Metrics: what is told as a notice and what calls count, as Prometheus' own parser reads it."""

from collections import Counter
from collections.abc import Iterable

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as plain

from twilio_rt_cli import __version__
from twilio_rt_cli.admin.metrics import Metrics
from twilio_rt_cli.call.figures.end_reason import EndReason
from twilio_rt_cli.call.figures.statistics import CallStatistics, Tokens
from twilio_rt_cli.call.notices import AgentTurn, BargedIn, CallOver, FirstAudio, ModelReady, Notice, ToolAnswered
from twilio_rt_cli.protocol.twilio import CallSid, StreamSid
from twilio_rt_cli.server.admission.notices import CallRefused, CallStarted, Draining, Refusal

STREAM = StreamSid("MZ" + "2" * 32)
CALLER = "+14155550142"


def sid(number: int) -> CallSid:
    return CallSid(f"CA{number:032x}")


class Watcher:
    """Metrics over statistics that a test writes, and the notices it tells."""

    def __init__(self, tools: Iterable[str] = ()) -> None:
        self.statistics = CallStatistics()
        self.refused: Counter[Refusal] = Counter()
        self.metrics = Metrics(capacity=7, counted=lambda: self.statistics, refused=self.refused, tools=list(tools))

    def begin(self, number: int = 1) -> None:
        self.metrics.on_server(0.0, CallStarted(sid(number), STREAM, CALLER, "+14155550100"))

    def tell(self, *notices: Notice, number: int = 1) -> None:
        for notice in notices:
            self.metrics.on_call(0.0, sid(number), notice)

    def end(self, reason: EndReason, number: int = 1) -> None:
        self.tell(CallOver(reason, "", 1000.0, CallStatistics()), number=number)

    def samples(self) -> dict[str, float]:
        """`name{label="value"}` → value."""
        text, _ = self.metrics.exposed()
        return read(text)


def read(text: bytes) -> dict[str, float]:
    return {
        one.name + "".join(f"{{{name}={value}}}" for name, value in sorted(one.labels.items())): one.value
        for family in plain(text.decode())
        for one in family.samples
    }


def test_calls_are_counted_as_they_are_told() -> None:
    watcher = Watcher()
    for number in range(5):
        watcher.begin(number)
    watcher.end(EndReason.CALLER_HUNG_UP, 0)
    watcher.end(EndReason.CALLER_HUNG_UP, 1)
    watcher.end(EndReason.MODEL_GONE, 2)
    watcher.refused[Refusal.BUSY] += 1
    watcher.metrics.on_server(0.0, CallRefused(Refusal.BUSY, sid(9)))
    samples = watcher.samples()
    assert samples["twilio_rt_calls_started_total"] == 5
    assert samples["twilio_rt_calls_active"] == 2
    assert samples["twilio_rt_calls_ended_total{reason=caller_hung_up}"] == 2
    assert samples["twilio_rt_calls_ended_total{reason=model_gone}"] == 1
    assert samples["twilio_rt_calls_refused_total{reason=busy}"] == 1
    assert samples["twilio_rt_capacity"] == 7


def test_reasons_that_did_not_happen_are_zero_and_not_absent() -> None:
    samples = Watcher().samples()
    for reason in EndReason:
        assert samples.get(f"twilio_rt_calls_ended_total{{reason={reason.value}}}", 0) == 0
        told = f"twilio_rt_calls_ended_total{{reason={reason.value}}}" in samples
        assert told is (reason is not EndReason.PROBE)
    for refusal in Refusal:
        assert samples[f"twilio_rt_calls_refused_total{{reason={refusal.value}}}"] == 0


def test_what_happens_once_a_call_is_counted_once() -> None:
    watcher = Watcher()
    watcher.begin()
    watcher.begin()
    watcher.tell(ModelReady(200.0), FirstAudio(900.0), ModelReady(50.0), FirstAudio(2000.0))
    watcher.end(EndReason.CALLER_HUNG_UP)
    watcher.end(EndReason.CALLER_HUNG_UP)
    watcher.tell(FirstAudio(1.0))
    samples = watcher.samples()
    assert samples["twilio_rt_calls_started_total"] == 1
    assert samples["twilio_rt_calls_ended_total{reason=caller_hung_up}"] == 1
    assert samples["twilio_rt_calls_active"] == 0
    assert samples["twilio_rt_first_audio_seconds_count"] == 1
    assert samples["twilio_rt_first_audio_seconds_sum"] == 0.9
    assert samples["twilio_rt_model_connect_seconds_sum"] == 0.2


def test_times_are_told_in_seconds_and_unknown_ones_are_left_out() -> None:
    watcher = Watcher()
    watcher.begin()
    watcher.tell(AgentTurn("Hi.", None), AgentTurn("Yes.", 750.0), AgentTurn("No.", 2250.0))
    watcher.tell(BargedIn(10, 20, "item_1"), BargedIn(10, 20, "item_1", stop_ms=110.0))
    watcher.metrics.lag(0.4)
    watcher.metrics.lag(60.0)
    samples = watcher.samples()
    assert samples["twilio_rt_v2v_seconds_count"] == 2
    assert samples["twilio_rt_v2v_seconds_sum"] == 3.0
    assert samples["twilio_rt_v2v_seconds_bucket{le=0.7}"] == 0
    assert samples["twilio_rt_v2v_seconds_bucket{le=0.8}"] == 1
    assert samples["twilio_rt_barge_in_seconds_count"] == 1
    assert samples["twilio_rt_barge_in_seconds_bucket{le=0.12}"] == 1
    assert samples["twilio_rt_loop_lag_seconds_bucket{le=0.0005}"] == 1
    assert samples["twilio_rt_loop_lag_seconds_bucket{le=0.1}"] == 2


def test_only_tools_we_have_are_named() -> None:
    watcher = Watcher(["check_appointment", "what\nis this{}"])
    watcher.begin()
    watcher.tell(
        ToolAnswered("call_1", "check_appointment", True, 20.0, ""),
        ToolAnswered("call_2", "invented by the model", False, 1.0, ""),
        ToolAnswered("call_3", "4155550142", False, 1.0, ""),
    )
    samples = watcher.samples()
    assert samples["twilio_rt_tool_seconds_count{tool=check_appointment}"] == 1
    assert samples["twilio_rt_tool_seconds_count{tool=other}"] == 2
    assert sum(name.startswith("twilio_rt_tool_seconds_count") for name in samples) == 2


def test_a_drain_shows() -> None:
    watcher = Watcher()
    assert watcher.samples()["twilio_rt_draining"] == 0
    watcher.metrics.on_server(0.0, Draining(3, 600.0))
    assert watcher.samples()["twilio_rt_draining"] == 1


def test_version_and_process_are_told() -> None:
    samples = Watcher().samples()
    assert samples[f"twilio_rt_build_info{{version={__version__}}}"] == 1
    assert samples["process_resident_memory_bytes"] > 0
    assert any(name.startswith("python_info") for name in samples)


def test_nobody_is_named() -> None:
    watcher = Watcher()
    watcher.begin()
    watcher.statistics.model_errors = {f"no such call {sid(1)}": 1, CALLER: 1, sid(1): 1}
    watcher.tell(ToolAnswered("call_1", sid(1), True, 1.0, CALLER), AgentTurn(CALLER, 1.0))
    watcher.end(EndReason.CALLER_HUNG_UP)
    watcher.metrics.on_server(0.0, CallRefused(Refusal.BUSY, sid(2), CALLER))
    text = watcher.metrics.exposed()[0].decode()
    for secret in (sid(1), sid(2), STREAM, CALLER, "5550142"):
        assert secret not in text


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("", "text/plain; version=0.0.4; charset=utf-8"),
        ("*/*", "text/plain; version=0.0.4; charset=utf-8"),
        ("text/plain; version=nonsense", "text/plain; version=0.0.4; charset=utf-8"),
        (
            "application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.5",
            "application/openmetrics-text; version=1.0.0; charset=utf-8",
        ),
    ],
)
def test_the_form_follows_what_is_accepted(accept: str, kind: str) -> None:
    watcher = Watcher()
    watcher.statistics = CallStatistics(input_tokens=3, tokens=Tokens(input_text=3), cost_usd=0.25)
    text, content_type = watcher.metrics.exposed(accept)
    assert content_type == kind
    parse = openmetrics if "openmetrics" in kind else plain
    names = {one.name for family in parse(text.decode()) for one in family.samples}
    assert {"twilio_rt_v2v_seconds_bucket", "twilio_rt_cost_usd_total", "twilio_rt_calls_active"} <= names
    assert not any(name.endswith("_created") for name in names)

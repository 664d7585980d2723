import json

import pytest

from tests.caller.sounds import tone
from twilio_rt_cli.call_test.options import Expectations
from twilio_rt_cli.call_test.summary import summarise
from twilio_rt_cli.caller.phone import PhoneCounters, Violation
from twilio_rt_cli.caller.report import BargeInReport, CallReport, TurnReport
from twilio_rt_cli.errors import CredentialsError, UnreachableError


def report(**changes: object) -> CallReport:
    call = CallReport(
        "CA1",
        webhook_ms=12.34,
        connect_ms=5.0,
        first_audio_ms=300.04,
        greeting=TurnReport("", None, tone(20), "Good morning."),
        turns=[TurnReport("hello", 812.26, tone(20), "Yes, Thursday at 2."), TurnReport("bye", None, b"")],
        barge_ins=[BargeInReport(150.0, 1240.0)],
        counters=PhoneCounters(100, 20, 7, 6),
        frames_lost=3,
    )
    for name, value in changes.items():
        setattr(call, name, value)
    return call


def judged(*reports: CallReport, **limits: object) -> dict[str, object]:
    summary = summarise("bridge", reports, Expectations(**limits), [])  # type: ignore[arg-type]  # the limits are the test's, by name
    decoded = json.loads(summary.json())
    assert isinstance(decoded, dict)
    return decoded


def test_one_call_is_the_object_of_the_contract() -> None:
    assert judged(report()) == {
        "v": 1,
        "ok": True,
        "mode": "bridge",
        "calls": 1,
        "exit_code": 0,
        "webhook_ms": 12.3,
        "connect_ms": 5.0,
        "first_audio_ms": 300.0,
        "greeting": "Good morning.",
        "turns": [
            {"caller": "hello", "agent": "Yes, Thursday at 2.", "v2v_ms": 812.3},
            {"caller": "bye", "agent": None, "v2v_ms": None},
        ],
        "barge_ins": [{"stop_ms": 150.0, "heard_ms": 1240.0}],
        "frames": {"sent": 100, "received": 20, "dropped": 3},
        "marks": {"received": 7, "echoed": 6},
        "violations": [],
        "failures": [],
        "recordings": [],
    }


def test_what_was_not_observed_is_null() -> None:
    summary = judged(CallReport("CA1"))

    assert [summary[name] for name in ("webhook_ms", "connect_ms", "first_audio_ms", "greeting")] == [None] * 4


def test_several_calls_have_spreads_and_say_which_call() -> None:
    calls = [report(first_audio_ms=float(n), violations=[Violation(31951, "odd", 5)] * (n == 20)) for n in range(1, 21)]
    calls[3].fail("it rained")

    summary = judged(*calls)

    assert summary["first_audio_ms"] == {"p50": 10.0, "p95": 19.0, "max": 20.0}
    assert summary["violations"] == [{"code": 31951, "text": "odd", "at_ms": 5, "count": 1, "call": 19}]
    assert summary["failures"] == ["call 3: it rained"]
    assert summary["frames"] == {"sent": 2000, "received": 400, "dropped": 60}
    turns = summary["turns"]
    assert isinstance(turns, list)
    assert [turn["call"] for turn in turns[:3]] == [0, 0, 1]


def test_a_spread_leaves_out_what_was_not_observed() -> None:
    summary = judged(report(), report(first_audio_ms=None))

    assert summary["first_audio_ms"] == {"p50": 300.0, "p95": 300.0, "max": 300.0}


@pytest.mark.parametrize(
    ("limits", "failures"),
    [
        ({"expect": ("thursday at two",)}, []),
        ({"expect": ("morning yes",)}, []),  # across answers too
        ({"expect": ("friday",)}, ["the agent never said “friday”"]),
        ({"max_first_audio_ms": 299}, ["first audio took 300 ms, more than 299 ms"]),
        ({"max_first_audio_ms": 301, "max_v2v_ms": 813}, []),
        ({"max_v2v_ms": 800}, ["an answer took 812 ms, more than 800 ms"]),
    ],
)
def test_limits_are_checked(limits: dict[str, object], failures: list[str]) -> None:
    summary = judged(report(), **limits)

    assert summary["failures"] == failures
    assert summary["exit_code"] == (3 if failures else 0)


def test_a_limit_on_what_was_not_observed_is_missed() -> None:
    summary = judged(report(turns=[]), max_v2v_ms=1000)

    assert summary["failures"] == ["an answer within 1000 ms: none was observed"]


def test_breaches_count_when_strict() -> None:
    breached = report(violations=[Violation(31950, "a binary frame", 1)])

    assert (judged(breached)["exit_code"], judged(breached, strict=True)["exit_code"]) == (0, 3)
    assert judged(breached)["failures"] == []
    assert "breach of the protocol: " in str(judged(breached, strict=True)["failures"])


def test_no_call_at_all_has_its_own_exit_codes_and_misses_no_limits() -> None:
    refused = report(trouble=CredentialsError("no"), failures=["no"])
    away = report(trouble=UnreachableError("away"), failures=["away"])

    assert judged(refused, expect=("x",))["failures"] == ["no"]
    assert [judged(refused)["exit_code"], judged(away)["exit_code"], judged(refused, away)["exit_code"]] == [4, 5, 5]

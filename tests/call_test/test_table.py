"""The table that a person reads after a test call."""

import pytest

from tests.call_test.test_summary import report
from twilio_rt_cli.call_test.options import Expectations
from twilio_rt_cli.call_test.summary import summarise
from twilio_rt_cli.call_test.table import printed
from twilio_rt_cli.caller.phone import Violation
from twilio_rt_cli.caller.report import CallReport, TurnReport


def table(*reports: CallReport) -> list[str]:
    return printed(summarise("bridge", reports, Expectations(), []))


def test_the_median_of_two_lies_between_them() -> None:
    turns = [TurnReport("a", 500.0, b"", "x"), TurnReport("b", 700.0, b"", "y")]
    assert any("600 ms median, 700 ms longest" in line for line in table(report(turns=turns)))


def test_a_stopped_test_did_not_pass() -> None:
    stopped = report()
    stopped.stop()
    lines = table(stopped)
    assert "failed: stopped before the script was over" in lines
    assert lines[-1] == "The call test was stopped."


def test_several_calls_count_their_own_turns_and_say_whose_interruption_it_was() -> None:
    silent = [report(turns=[TurnReport("hello", 800.0, b""), TurnReport("bye", None, b"")]) for _ in range(2)]
    lines = table(*silent)
    head = next(number for number, line in enumerate(lines) if line.startswith("call  turn"))
    assert lines[head].split() == ["call", "turn", "v2v", "caller"]
    assert [line.split()[:2] for line in lines[head + 1 : head + 5]] == [
        ["#0", "1"],
        ["#0", "2"],
        ["#1", "1"],
        ["#1", "2"],
    ]
    assert lines[head + 5].startswith("What the agents said was not transcribed")
    assert [line.split("  ")[0] for line in lines if "interruption" in line] == [
        "interruption (call #0)",
        "interruption (call #1)",
    ]


def test_what_is_left_out_is_said() -> None:
    assert "… and 2 more turns" in table(report(turns=[TurnReport("a", 1.0, b"", "x")] * 42))


def test_without_a_terminal_it_is_at_most_100_columns_wide() -> None:
    lines = table(report(turns=[TurnReport("word " * 30, 1.0, b"", "word " * 60)]))
    assert max(map(len, lines)) <= 100


@pytest.mark.parametrize(("count", "words"), [(1, "1 time"), (3, "3 times")])
def test_breaches_are_counted_in_words(count: int, words: str) -> None:
    lines = table(report(violations=[Violation(31921, "odd", 5, count)]))
    assert f"breach of the protocol: odd (Twilio 31921, {words})" in lines

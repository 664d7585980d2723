import xml.etree.ElementTree as ET

from twilio_rt_cli.call_test.junit import junit_xml
from twilio_rt_cli.call_test.options import Expectations
from twilio_rt_cli.call_test.summary import summarise
from twilio_rt_cli.caller.phone import Violation
from twilio_rt_cli.caller.report import CallReport


def suite(*reports: CallReport, strict: bool = False) -> ET.Element:
    limits = Expectations(strict=strict)
    return ET.fromstring(junit_xml(summarise("bridge", reports, limits, []), reports))


def test_every_call_is_a_case_and_its_failures_are_one() -> None:
    good, bad = (
        CallReport("CA1", agent_track=b"\xff" * 16_000),
        CallReport("CA2", failures=["no \x00 greeting", "late"]),
    )

    root = suite(good, bad)

    assert (root.get("tests"), root.get("failures")) == ("2", "1")
    first, second = root.findall("testcase")
    assert (first.get("name"), first.get("time"), first.find("failure")) == ("call 0", "2.000", None)
    failure = second.find("failure")
    assert failure is not None
    assert (failure.get("message"), failure.text) == ("no � greeting", "no � greeting\nlate")


def test_breaches_are_failures_only_when_strict() -> None:
    breached = CallReport("CA1", violations=[Violation(31950, "a binary frame", 1)])

    assert [suite(breached, strict=strict).get("failures") for strict in (False, True)] == ["0", "1"]


def test_a_failure_belongs_to_the_call_of_its_number_alone() -> None:
    calls = [CallReport("CA0") for _ in range(12)]
    calls[1].fail("mine")

    failed = [case.get("name") for case in suite(*calls).findall("testcase") if case.find("failure") is not None]

    assert failed == ["call 1"]

"""A test call as JUnit XML, for the report page of a CI system."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence

from twilio_rt_cli.audio.rate import PER_S
from twilio_rt_cli.call_test.summary import Summary
from twilio_rt_cli.caller.report import CallReport

_NOT_XML = re.compile(r"[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]")


def junit_xml(summary: Summary, reports: Sequence[CallReport]) -> bytes:
    """One test case a call, with every failure of it in one element."""
    cases = [(number, report, _wrong(summary, number)) for number, report in enumerate(reports)]
    failed = sum(bool(wrong) for _, _, wrong in cases)
    suite = ET.Element("testsuite", name="twilio-rt call-test", tests=str(len(cases)), failures=str(failed))
    suite.set("errors", "0")
    for number, report, wrong in cases:
        seconds = f"{len(report.agent_track) / PER_S:.3f}"
        case = ET.SubElement(
            suite, "testcase", classname=f"call-test.{summary.mode}", name=f"call {number}", time=seconds
        )
        if wrong:
            ET.SubElement(case, "failure", message=_clean(wrong[0])).text = _clean("\n".join(wrong))
    document: bytes = ET.tostring(suite, encoding="utf-8", xml_declaration=True)
    return document


def _wrong(summary: Summary, number: int) -> list[str]:
    prefix = f"call {number}: "
    mine = [text for text in summary.failures if summary.calls == 1 or text.startswith(prefix)]
    return [text.removeprefix(prefix) for text in mine]


def _clean(text: str) -> str:
    return _NOT_XML.sub("�", text)

"""Findings, and the exit code they make."""

import pytest

from twilio_rt_cli.doctor.finding import exit_code, failed, failures, ok, warning
from twilio_rt_cli.errors import CredentialsError, SettingsError, TwilioRtError, UnreachableError


@pytest.mark.parametrize(
    ("codes", "expected"), [([], 0), ([3], 3), ([5, 3], 5), ([3, 5, 4], 4), ([3, 4], 4), ([5, 4], 4)]
)
def test_the_gravest_counts(codes: list[int], expected: int) -> None:
    findings = [ok("a", ""), warning("b", ""), *(failed("c", "", code=code) for code in codes)]
    assert exit_code(findings) == expected


@pytest.mark.parametrize(("kind", "code"), [(CredentialsError, 4), (UnreachableError, 5), (SettingsError, 3)])
def test_an_error_is_a_finding_for_each_sentence(kind: type[TwilioRtError], code: int) -> None:
    found = list(failures("x", kind("One.\nTwo.", hint="Do.")))
    assert found == [failed("x", "One.", code=code), failed("x", "Two.", "Do.", code)]

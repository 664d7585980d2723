"""What a check of `doctor` found, and the exit code that all of them make."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

from twilio_rt_cli.errors import CredentialsError, TwilioRtError, UnreachableError
from twilio_rt_cli.output.exit_codes import CHECK_FAILED, CREDENTIALS, UNREACHABLE

_GRAVEST_FIRST = (CREDENTIALS, UNREACHABLE, CHECK_FAILED)


class State(Enum):
    """How a check went."""

    OK = "ok"
    WARNING = "warning"
    """calls work, but somebody should look"""
    FAILED = "failed"
    SKIPPED = "skipped"
    """there was nothing to check, or not yet"""


SIGNS = {State.OK: "✓", State.WARNING: "!", State.FAILED: "✗", State.SKIPPED: "–"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One check."""

    name: str
    state: State
    message: str
    """what is so, and what it means"""
    hint: str = ""
    """what to do about it"""
    code: int = 0
    """the exit code that it asks for"""


def ok(name: str, message: str, hint: str = "") -> Finding:
    """All is well."""
    return Finding(name, State.OK, message, hint)


def warning(name: str, message: str, hint: str = "") -> Finding:
    """Somebody should look."""
    return Finding(name, State.WARNING, message, hint)


def failed(name: str, message: str, hint: str = "", code: int = CHECK_FAILED) -> Finding:
    """It will not work like this."""
    return Finding(name, State.FAILED, message, hint, code)


def skipped(name: str, message: str, hint: str = "") -> Finding:
    """There was nothing to check."""
    return Finding(name, State.SKIPPED, message, hint)


def failures(name: str, error: TwilioRtError) -> Iterator[Finding]:
    """An error as findings: one for each of its sentences."""
    match error:
        case CredentialsError():
            code = CREDENTIALS
        case UnreachableError():
            code = UNREACHABLE
        case _:
            code = CHECK_FAILED
    *first, last = error.message.splitlines() or [""]
    for sentence in first:
        yield failed(name, sentence, code=code)
    yield failed(name, last, error.hint, code)


def exit_code(findings: Iterable[Finding]) -> int:
    """0, or the gravest: credentials before an unreachable service before any other failure."""
    codes = {finding.code for finding in findings}
    return next((code for code in _GRAVEST_FIRST if code in codes), 0)

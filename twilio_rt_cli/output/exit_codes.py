"""Exit codes: the numbers, which error ends the program with which, and how it is reported."""

from twilio_rt_cli import errors
from twilio_rt_cli.output import console

FAILED = 1
MISUSED = 2
"""a setting, an argument or a part of the installation is wrong"""
CHECK_FAILED = 3
"""a check ran, and what it found is not as it should be: an answer of `call-test` and `doctor`, and no error"""
CREDENTIALS = 4
UNREACHABLE = 5
NEEDS_CONSENT = 6
INTERRUPTED = 130

EXIT_CODES: dict[type[errors.TwilioRtError], int] = {
    errors.ServerError: FAILED,
    errors.ServiceError: FAILED,
    errors.SettingsError: MISUSED,
    errors.MissingExtraError: MISUSED,
    errors.CredentialsError: CREDENTIALS,
    errors.UnreachableError: UNREACHABLE,
    errors.NeedsConsentError: NEEDS_CONSENT,
}


def report(error: errors.TwilioRtError) -> int:
    """Print an error and what to do about it; gives the exit code that stands for it."""
    console.problem(error.message, error.hint)
    return next((code for kind, code in EXIT_CODES.items() if isinstance(error, kind)), FAILED)

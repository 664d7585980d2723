"""Exit codes: which error ends the program with which, and how it is told."""

from twilio_rt_cli import errors
from twilio_rt_cli.output import console

EXIT_CODES: dict[type[errors.TwilioRtError], int] = {
    errors.ServerError: 1,
    errors.ServiceError: 1,
    errors.SettingsError: 2,
    errors.MissingExtraError: 2,
    errors.CredentialsError: 4,
    errors.UnreachableError: 5,
    errors.NeedsConsentError: 6,
}
CHECK_FAILED = 3
"""a check ran, and what it found is not as it should be: an answer of `call-test` and `doctor`, and no error"""
INTERRUPTED = 130


def tell(error: errors.TwilioRtError) -> int:
    """Print an error and what to do about it; gives the exit code that stands for it."""
    console.problem(error.message, error.hint)
    return next((code for kind, code in EXIT_CODES.items() if isinstance(error, kind)), 1)

"""The errors a person can do something about.

TwilioRtError               one sentence and a hint; `output/exit_codes.py` prints both and knows the exit code
├── SettingsError           a setting or an argument is missing or wrong (exit 2)
├── MissingExtraError       an optional package is not installed (exit 2)
├── CredentialsError        a service refused our key (exit 4)
├── UnreachableError        a service did not answer (exit 5)
├── ServiceError            a service answered, and would not do it (exit 1)
├── NeedsConsentError       something would be changed that nobody agreed to (exit 6)
└── ServerError             our own server could not do its work, e.g. a busy port (exit 1)

LocalProtocolError          we broke a protocol ourselves: a bug of ours, never shown as advice
"""


class TwilioRtError(Exception):
    """A problem in one sentence, with a hint on what to do next."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class SettingsError(TwilioRtError):
    """A setting or an argument is missing or wrong."""


class MissingExtraError(TwilioRtError):
    """An optional part of the package is not installed."""


class CredentialsError(TwilioRtError):
    """A service refused our credentials."""


class UnreachableError(TwilioRtError):
    """A service could not be reached, or did not answer in time."""


class ServiceError(TwilioRtError):
    """A service understood us and would not do what we asked."""


class NeedsConsentError(TwilioRtError):
    """Something would be changed or overwritten, and nobody said yes to it."""


class ServerError(TwilioRtError):
    """Our own server could not start or could not go on."""


class LocalProtocolError(Exception):
    """We were about to break a protocol: a bug of ours."""

"""The command line of `twilio-rt configure-number`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ConfigureOptions:
    """The command line of `configure-number`."""

    number: str | None = None
    url: str | None = None
    show: bool = False
    restore: bool = False
    dry_run: bool = False
    yes: bool = False
    json: bool = False

"""What happens to a tunnel after it was opened."""

from dataclasses import dataclass

from twilio_rt_cli.errors import TwilioRtError


@dataclass(frozen=True, slots=True)
class TunnelDown:
    """The tunnel broke; it is being opened again."""

    why: str


@dataclass(frozen=True, slots=True)
class TunnelUp:
    """The tunnel is back."""

    url: str
    changed: bool
    """whether it has another address than before"""


@dataclass(frozen=True, slots=True)
class TunnelLost:
    """The tunnel did not come back in time, and nobody tries any longer."""

    error: TwilioRtError


TunnelChange = TunnelDown | TunnelUp | TunnelLost

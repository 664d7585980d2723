"""What `serve` was asked to do so that callers reach it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class IngressOptions:
    """What `serve` was asked to do so that callers reach it."""

    tunnel: bool = False
    number: str | None = None
    """E.164 or SID; None: none, but a tunnel offers TWILIO_PHONE_NUMBER on a terminal"""
    yes: bool = False

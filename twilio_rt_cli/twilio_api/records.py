"""What the API answers, as far as we use it. An absent text is an empty one: Twilio mixes null and "" freely."""

from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceConfig:
    """What a number does with calls. A trunk wins over all else, an application over the URLs; not both."""

    voice_url: str = ""
    voice_method: str = ""
    voice_fallback_url: str = ""
    """asked when `voice_url` fails"""
    voice_fallback_method: str = ""
    status_callback: str = ""
    status_callback_method: str = ""
    voice_application_sid: str = ""
    trunk_sid: str = ""

    def differences(self, other: "VoiceConfig") -> dict[str, str]:
        """The fields that this one has otherwise than `other`, with this one's values."""
        names = (field.name for field in fields(self))
        return {name: getattr(self, name) for name in names if getattr(self, name) != getattr(other, name)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A phone number of the account."""

    sid: str
    phone_number: str
    friendly_name: str
    voice_capable: bool
    voice: VoiceConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedCall:
    """A call, as the API knows it now."""

    sid: str
    status: str
    """queued, initiated, ringing, in-progress, completed, busy, failed, no-answer or canceled"""
    duration_s: int | None
    """once it is over"""
    answered_by: str
    price: str
    """what it cost, negative, with its currency; empty until Twilio has said so"""

    @property
    def over(self) -> bool:
        """Whether nothing can become of it any more."""
        return self.status in {"completed", "busy", "failed", "no-answer", "canceled"}


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountInfo:
    """The account itself."""

    sid: str
    friendly_name: str
    type: str
    """Trial or Full"""
    status: str
    """active, suspended or closed"""

    @property
    def trial(self) -> bool:
        """Whether it is a trial account: it plays a notice first, and calls verified numbers only."""
        return self.type.lower() == "trial"


def number_of(instance: Any) -> Number:
    """A number out of the SDK's."""
    can: object = instance.capabilities
    return Number(
        sid=_text(instance.sid),
        phone_number=_text(instance.phone_number),
        friendly_name=_text(instance.friendly_name),
        voice_capable=bool(can.get("voice")) if isinstance(can, dict) else True,
        voice=VoiceConfig(**{field.name: _text(getattr(instance, field.name)) for field in fields(VoiceConfig)}),
    )


def call_of(instance: Any) -> PlacedCall:
    """A call out of the SDK's."""
    duration = _text(instance.duration)
    price = _text(instance.price)
    return PlacedCall(
        sid=_text(instance.sid),
        status=_text(instance.status),
        duration_s=int(duration) if duration.isdigit() else None,
        answered_by=_text(instance.answered_by),
        price=f"{price} {_text(instance.price_unit)}".strip() if price else "",
    )


def info_of(instance: Any) -> AccountInfo:
    """An account out of the SDK's, which also holds its auth token: left there."""
    return AccountInfo(
        sid=_text(instance.sid),
        friendly_name=_text(instance.friendly_name),
        type=_text(instance.type),
        status=_text(instance.status),
    )


def _text(value: object) -> str:
    return "" if value is None else str(value)

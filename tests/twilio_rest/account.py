"""An account with its numbers and calls, and each as Twilio shows it in JSON (2010-04-01)."""

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

API = "/2010-04-01/Accounts"
_OVER = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})


def rfc2822(at: datetime | None = None) -> str:
    """A time as Twilio writes it."""
    return format_datetime(at or datetime.now(UTC))


@dataclass
class Number:
    """An incoming phone number; the fields that can be set are those of the REST API."""

    phone_number: str
    friendly_name: str = ""
    sid: str = field(default_factory=lambda: "PN" + secrets.token_hex(16))
    voice: bool = True
    voice_url: str | None = "https://demo.twilio.com/welcome/voice/"
    voice_method: str = "POST"
    voice_fallback_url: str | None = ""
    voice_fallback_method: str = "POST"
    status_callback: str | None = ""
    status_callback_method: str = "POST"
    voice_application_sid: str | None = ""
    trunk_sid: str | None = None

    def shown(self, account_sid: str) -> dict[str, Any]:
        """The resource."""
        return {
            "sid": self.sid,
            "account_sid": account_sid,
            "phone_number": self.phone_number,
            "friendly_name": self.friendly_name or self.phone_number,
            "api_version": "2010-04-01",
            "address_requirements": "none",
            "address_sid": None,
            "beta": False,
            "bundle_sid": None,
            "capabilities": {"fax": False, "mms": True, "sms": True, "voice": self.voice},
            "date_created": "Thu, 30 Jul 2026 23:19:04 +0000",
            "date_updated": "Thu, 30 Jul 2026 23:19:04 +0000",
            "emergency_address_sid": None,
            "emergency_address_status": "unregistered",
            "emergency_status": "Active",
            "identity_sid": None,
            "origin": "twilio",
            "sms_application_sid": "",
            "sms_fallback_method": "POST",
            "sms_fallback_url": "",
            "sms_method": "POST",
            "sms_url": "",
            "status": "in-use",
            "type": "local",
            "uri": f"{API}/{account_sid}/IncomingPhoneNumbers/{self.sid}.json",
            "voice_caller_id_lookup": False,
            "voice_receive_mode": "voice",
            "voice_url": self.voice_url,
            "voice_method": self.voice_method,
            "voice_fallback_url": self.voice_fallback_url,
            "voice_fallback_method": self.voice_fallback_method,
            "status_callback": self.status_callback,
            "status_callback_method": self.status_callback_method,
            "voice_application_sid": self.voice_application_sid,
            "trunk_sid": self.trunk_sid,
        }


@dataclass
class Call:
    """A call, in or out."""

    to: str
    from_number: str
    direction: str
    sid: str = field(default_factory=lambda: "CA" + secrets.token_hex(16))
    status: str = "queued"
    duration_s: int | None = None
    began_at: datetime | None = None
    ended_at: datetime | None = None
    asked: dict[str, list[str]] = field(default_factory=dict)
    """the form that created it"""

    @property
    def over(self) -> bool:
        """Whether nothing can become of it any more."""
        return self.status in _OVER

    def shown(self, account_sid: str) -> dict[str, Any]:
        """The resource."""
        return {
            "sid": self.sid,
            "account_sid": account_sid,
            "to": self.to,
            "to_formatted": self.to,
            "from": self.from_number,
            "from_formatted": self.from_number,
            "direction": self.direction,
            "status": self.status,
            "duration": None if self.duration_s is None else str(self.duration_s),
            "start_time": rfc2822(self.began_at) if self.began_at else None,
            "end_time": rfc2822(self.ended_at) if self.ended_at else None,
            "date_created": rfc2822(),
            "date_updated": rfc2822(),
            "price": None,
            "price_unit": "USD",
            "answered_by": None,
            "api_version": "2010-04-01",
            "caller_name": "",
            "forwarded_from": "",
            "group_sid": None,
            "parent_call_sid": None,
            "phone_number_sid": "",
            "queue_time": "0",
            "trunk_sid": "",
            "uri": f"{API}/{account_sid}/Calls/{self.sid}.json",
            "subresource_uris": {},
        }


@dataclass
class Account:
    """Whose numbers and calls these are, and which credentials open it."""

    sid: str = field(default_factory=lambda: "AC" + secrets.token_hex(16))
    auth_token: str = field(default_factory=lambda: secrets.token_hex(16))
    keys: dict[str, str] = field(default_factory=dict)
    """API keys and their secrets"""
    type: str = "Full"
    numbers: list[Number] = field(default_factory=list)
    calls: dict[str, Call] = field(default_factory=dict)
    verified: set[str] = field(default_factory=set)
    """numbers that a trial account may call"""

    def opens(self, name: str, password: str) -> bool:
        """Whether these are its credentials."""
        return password in {self.auth_token if name == self.sid else None, self.keys.get(name)} - {None}

    def number(self, phone_number: str) -> Number:
        """A number that it has."""
        return next(number for number in self.numbers if number.phone_number == phone_number)

    def shown(self) -> dict[str, Any]:
        """The resource; Twilio shows the token, too."""
        return {
            "sid": self.sid,
            "friendly_name": "A test account",
            "type": self.type,
            "status": "active",
            "auth_token": self.auth_token,
            "date_created": "Thu, 30 Jul 2026 23:19:04 +0000",
            "date_updated": "Thu, 30 Jul 2026 23:19:04 +0000",
            "owner_account_sid": self.sid,
            "subresource_uris": {},
            "uri": f"{API}/{self.sid}.json",
        }

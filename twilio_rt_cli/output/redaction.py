"""What people may see of secrets and of phone numbers, wherever we print."""

import re
from collections.abc import Collection
from typing import TypeVar

from msgspec import Struct, structs

Told = TypeVar("Told", bound=Struct)

_E164 = re.compile(r"(?:\+|%2B)[1-9]\d{6,14}(?!\d)", re.IGNORECASE)
_TOKEN_PATH = re.compile(r"(/media-stream/)[^\s\"'?]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_BEARER = re.compile(r"(?i)(\bbearer\s+)[^\s\"',]+")


def masked_secret(secret: str) -> str:
    """First 8 … last 4, and nothing at all of a short one."""
    return f"{secret[:8]}…{secret[-4:]}" if len(secret) >= 20 else "••••"


def masked_number(number: str) -> str:
    """The last four digits of a phone number: "••••0142". What holds fewer than seven digits is no number and stays."""
    digits = "".join(filter(str.isdigit, number))
    return f"••••{digits[-4:]}" if len(digits) >= 7 else number


def printable(text: str) -> str:
    """The text without power over a terminal: control characters escaped."""
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


class Curtain:
    """Makes a text fit to be printed: secrets and stream tokens hidden, phone numbers too unless shown on request."""

    def __init__(self, secrets: Collection[str] = (), show_numbers: bool = False) -> None:
        self._secrets = tuple((secret, masked_secret(secret)) for secret in secrets if secret)
        self._show_numbers = show_numbers

    def number(self, number: str) -> str:
        """A phone number, whole or its last four digits."""
        return number if self._show_numbers else masked_number(number)

    def veiled(self, notice: Told) -> Told:
        """The same notice with secrets hidden in each of its texts; what was said on the phone is told as it was."""
        told = {name: getattr(notice, name) for name in notice.__struct_fields__}
        veiled = {name: self._veiled(value) for name, value in told.items() if isinstance(value, str | tuple)}
        return structs.replace(notice, **veiled)

    def text(self, text: str) -> str:
        """Free text without what must not be seen."""
        text = self._without_secrets(text)
        return text if self._show_numbers else _E164.sub(lambda found: masked_number(found[0]), text)

    def _veiled(self, value: object) -> object:
        match value:
            case str():
                return self._without_secrets(value)
            case tuple():
                return tuple(map(self._veiled, value))
            case Struct():
                return self.veiled(value)
            case _:
                return value

    def _without_secrets(self, text: str) -> str:
        if not text:  # as many a detail is
            return text
        for secret, masked in self._secrets:
            text = text.replace(secret, masked)
        return _BEARER.sub(r"\1…", _TOKEN_PATH.sub(r"\1…", text))

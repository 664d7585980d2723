"""What people may see of secrets and of phone numbers, wherever we print."""

import re
from collections.abc import Collection
from typing import TypeVar

from msgspec import Struct, structs

AnyNotice = TypeVar("AnyNotice", bound=Struct)

_E164 = re.compile(r"(?:\+|%2B)[1-9]\d{6,14}(?!\d)", re.IGNORECASE)
_TOKEN_PATH = re.compile(r"(/media-stream/)[^\s\"'?]+")
# Joiners and variation selectors: terminals differ on how wide what they make is, and words can be read without them.
_DROPPED = dict.fromkeys((0x200C, 0x200D, 0xFE0E, 0xFE0F))
_BEARER = re.compile(r"(?i)(\bbearer\s+)[^\s\"',]+")


def masked_secret(secret: str) -> str:
    """First 8 … last 4, and nothing at all of a short one."""
    return f"{secret[:8]}…{secret[-4:]}" if len(secret) >= 20 else "••••"


def masked_number(number: str) -> str:
    """The last four digits of a phone number: "••••0142". What holds fewer than seven digits is no number and stays."""
    digits = "".join(filter(str.isdigit, number))
    return f"••••{digits[-4:]}" if len(digits) >= 7 else number


def printable(text: str) -> str:
    """The text on one line and without power over a terminal: what is no letter, mark or sign is escaped."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(character) for character in text.translate(_DROPPED))


def _shown(character: str) -> str:
    if character.isprintable():
        return character
    if character.isspace() and character not in "\x0b\x0c\x1c\x1d\x1e\x1f\x85":
        return " "
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


class Redactor:
    """Makes a text fit to be printed: secrets and stream tokens hidden, phone numbers too unless shown on request."""

    def __init__(self, secrets: Collection[str] = (), show_numbers: bool = False) -> None:
        self._secrets = tuple((secret, masked_secret(secret)) for secret in secrets if secret)
        self._show_numbers = show_numbers

    def number(self, number: str) -> str:
        """A phone number, whole or its last four digits."""
        return number if self._show_numbers else masked_number(number)

    def redacted(self, notice: AnyNotice) -> AnyNotice:
        """The same notice with secrets hidden in each of its texts; what was said on the phone stays as it was."""
        texts = {name: getattr(notice, name) for name in notice.__struct_fields__}
        redacted = {name: self._redacted(value) for name, value in texts.items() if isinstance(value, str | tuple)}
        return structs.replace(notice, **redacted)

    def text(self, text: str) -> str:
        """Free text without what must not be seen."""
        text = self._without_secrets(text)
        return text if self._show_numbers else _E164.sub(lambda found: masked_number(found[0]), text)

    def _redacted(self, value: object) -> object:
        match value:
            case str():
                return self._without_secrets(value)
            case tuple():
                return tuple(map(self._redacted, value))
            case Struct():
                return self.redacted(value)
            case _:
                return value

    def _without_secrets(self, text: str) -> str:
        if not text:  # as many a detail is
            return text
        for secret, masked in self._secrets:
            text = text.replace(secret, masked)
        return _BEARER.sub(r"\1…", _TOKEN_PATH.sub(r"\1…", text))

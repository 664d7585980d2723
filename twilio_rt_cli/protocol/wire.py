"""What every wire decoder answers when the other side said something we do not know or cannot read.

Their mistake is data: a decoder never raises on input, it answers `Unknown` or `Malformed`, and the call counts it.
"""

import string

from msgspec import Struct

_ALPHABET = (string.ascii_letters + string.digits + "+/").encode()
_STRANGE = 1
_KINDS = bytes(0 if code in _ALPHABET else _STRANGE for code in range(256))


class Unknown(Struct, frozen=True):
    """A well-formed message of a kind we do not use."""

    kind: str


class Malformed(Struct, frozen=True):
    """A message that breaks its protocol: not JSON, wrong types, missing fields, a broken payload."""

    why: str


def payload_bytes(payload: str) -> int:
    """Number of audio bytes in a base64 payload, from its length alone; the payload must be valid."""
    return len(payload) // 4 * 3 - payload.count("=", -2)


def is_base64(payload: str) -> bool:
    """Whether the payload is base64 and nothing else: right alphabet, right length, padding at its end only.

    A look-up of each character is three times quicker than decoding; audio passes here fifty times a second and call.
    """
    if len(payload) & 3 or not payload.isascii():
        return False
    body = payload.encode().rstrip(b"=")
    return len(payload) - len(body) <= 2 and _STRANGE not in body.translate(_KINDS)

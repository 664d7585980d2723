"""What every wire decoder answers when the other side said something we do not know or cannot read.

Their mistake is data: a decoder never raises on input, it answers `Unknown` or `Malformed`, and the call counts it.
"""

import binascii

from msgspec import Struct


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
    """Whether the payload is strict base64: right alphabet, right padding, nothing else."""
    try:
        binascii.a2b_base64(payload, strict_mode=True)
    except ValueError:
        return False
    return len(payload) % 4 == 0 and not payload.endswith("===")

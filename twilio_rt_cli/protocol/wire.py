"""What every wire decoder answers when the other side said something we do not know or cannot read.

Their mistake is data: a decoder never raises on input, it answers `Unknown` or `Malformed`, and the call counts it.
"""

from msgspec import Struct


class Unknown(Struct, frozen=True):
    """A well-formed message of a kind we do not use."""

    kind: str


class Malformed(Struct, frozen=True):
    """A message that breaks its protocol: not JSON, wrong types, missing fields, a broken payload."""

    why: str

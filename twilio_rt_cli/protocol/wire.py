"""What every wire decoder answers when the other side said something we do not know or cannot read.

Their mistake is data: a decoder never raises on input, it answers `Unknown` or `Malformed`, and the call counts it.
"""

from typing import Annotated, final

from msgspec import Meta, Struct

Integer = Annotated[int, Meta(ge=-(2**53), le=2**53)]
"""A number that every program reads alike (RFC 8259, 6); what is beyond may not even fit a float"""


@final
class Unknown(Struct, frozen=True):
    """A well-formed message of a kind we do not use."""

    kind: str


@final
class Malformed(Struct, frozen=True):
    """A message that breaks its protocol: not JSON, wrong types, missing fields, a broken payload."""

    why: str

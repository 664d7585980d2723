"""Stamped audio: every stretch says when it was sent, by which call, and which one it is; the rest is known noise.

The stamp is 18 bytes (24 base64 characters, so it can be written without encoding the rest again). The noise behind it
depends on the call and the number, so that a frame of another call, a lost stretch or one wrong bit is seen. All of it
is valid µ-law: any byte is.
"""

import random
import struct
import time
from base64 import b64encode
from binascii import a2b_base64, b2a_base64
from dataclasses import dataclass
from functools import cache

BYTES_PER_MS = 8
FRAME_BYTES = 160
"""20 ms of caller audio"""
STAMP_BYTES = 18
STAMP_CHARS = 24
APART = 1_000_000
"""calls from this number on are not counted: they are there to misbehave"""
_VARIANTS = 4
_LAYOUT = struct.Struct("<QIIH")

now_ns = time.monotonic_ns


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a stretch of audio says about itself."""

    sent_ns: int
    call: int
    number: int
    size: int
    """bytes of the stretch, stamp included"""


def stamp_text(call: int, number: int, size: int) -> bytes:
    """24 base64 characters that begin a stretch sent now."""
    return b2a_base64(_LAYOUT.pack(now_ns(), call, number, size), newline=False)


def read_stamp(text: bytes) -> Stamp:
    """The stamp in the first 24 base64 characters. Raises ValueError if that is no base64."""
    return Stamp(*_LAYOUT.unpack(a2b_base64(text)))


def read_stamp_bytes(audio: bytes | bytearray) -> Stamp:
    """The stamp in the first 18 bytes."""
    return Stamp(*_LAYOUT.unpack(audio[:STAMP_BYTES]))


@cache
def noise(call: int, variant: int, size: int) -> bytes:
    """What stands behind the stamp in a stretch of `size` bytes."""
    return random.Random(f"{call}.{variant}.{size}").randbytes(size - STAMP_BYTES)


@cache
def noise_text(call: int, variant: int, size: int) -> bytes:
    """The same as base64."""
    return b64encode(noise(call, variant, size))


def variant_of(number: int) -> int:
    """Which noise a stretch with this number has."""
    return number % _VARIANTS

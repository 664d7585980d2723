"""How a model is spoken to: the words of its wire.

Inside the house an event of a model is one of `protocol.realtime`, an order to it one of `protocol.realtime_client`. A
model that speaks otherwise has a dialect that translates.
"""

from collections.abc import Callable
from dataclasses import dataclass

from twilio_rt_cli.protocol.realtime import ServerEvent
from twilio_rt_cli.protocol.realtime_client import ClientEvent
from twilio_rt_cli.protocol.wire import Malformed, Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """The words of one wire. Both functions are called at every frame: functions, not methods of something."""

    decode: Callable[[bytes], ServerEvent | Unknown | Malformed]
    """what one text frame from the model says; never raises"""
    encode: Callable[[ClientEvent], bytes]
    """the text frame of an order"""
    audio_prefix: bytes
    """what stands before the base64 of caller audio"""
    audio_suffix: bytes
    """what stands behind it"""

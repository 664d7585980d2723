"""Loopback has sixteen million addresses: one for each call, to dial the model from."""

from ipaddress import IPv4Address

from twilio_rt_cli.protocol.twilio import StreamSid

_FIRST = int(IPv4Address("127.1.0.0"))


def address_of(stream_sid: StreamSid) -> str:
    """The address of the call with this stream, whose SID ends in the call's number."""
    return str(IPv4Address(_FIRST + int(stream_sid[2:], 16)))


def call_at(address: str) -> int:
    """The number of the call that dials from this address."""
    return int(IPv4Address(address)) - _FIRST

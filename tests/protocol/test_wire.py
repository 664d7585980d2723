"""Audio in what all decoders read: base64 is taken strictly, and anything else is malformed."""

from base64 import b64decode
from collections.abc import Callable

import pytest

from twilio_rt_cli.protocol import realtime, twilio
from twilio_rt_cli.protocol.realtime import AudioDelta
from twilio_rt_cli.protocol.twilio import Media, SendMedia
from twilio_rt_cli.protocol.wire import Malformed


def from_twilio(payload: str) -> bytes | Malformed:
    event = twilio.decode(f'{{"event":"media","media":{{"payload":"{payload}"}}}}'.encode())
    assert isinstance(event, Media | Malformed)
    return event if isinstance(event, Malformed) else event.media.payload


def to_twilio(payload: str) -> bytes | Malformed:
    event = twilio.decode_outgoing(f'{{"event":"media","streamSid":"MZ1","media":{{"payload":"{payload}"}}}}'.encode())
    assert isinstance(event, SendMedia | Malformed)
    return event if isinstance(event, Malformed) else event.media.payload


def from_the_model(payload: str, kind: str = "response.output_audio.delta") -> bytes | Malformed:
    event = realtime.decode(f'{{"type":"{kind}","response_id":"r","item_id":"i","delta":"{payload}"}}'.encode())
    assert isinstance(event, AudioDelta | Malformed)
    return event if isinstance(event, Malformed) else event.delta


def from_an_older_model(payload: str) -> bytes | Malformed:
    return from_the_model(payload, "response.audio.delta")


decoders = pytest.mark.parametrize("decoded", [from_twilio, to_twilio, from_the_model, from_an_older_model])


@decoders
@pytest.mark.parametrize("payload", ["", "AA==", "AAA=", "AAAA", "AAAAAA==", "f39/f/9/+38="])
def test_right_base64_is_accepted(payload: str, decoded: Callable[[str], bytes | Malformed]) -> None:
    assert decoded(payload) == b64decode(payload)


@decoders
@pytest.mark.parametrize(
    "payload",
    [
        "A",
        "AA",
        "AAA",
        "AA=A",
        "====",
        "A===",
        "AAAA=",
        "AAAA====",
        "AA A",
        "AAA-",
        "AAA_",
        "AAAA\\n",
        "ÄÄÄÄ",
        "=AAA",
        "A!AA",
    ],
)
def test_anything_else_is_not(payload: str, decoded: Callable[[str], bytes | Malformed]) -> None:
    assert isinstance(decoded(payload), Malformed)

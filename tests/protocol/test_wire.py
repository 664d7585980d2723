"""What all decoders share: base64 checked strictly, and measured without decoding it."""

import pytest

from twilio_rt_cli.protocol.wire import is_base64, payload_bytes


@pytest.mark.parametrize("payload", ["", "AAAA", "AAA=", "AA==", "f39/f/9/+38="])
def test_right_base64_is_accepted(payload: str) -> None:
    assert is_base64(payload)


@pytest.mark.parametrize(
    "payload", ["A", "AA", "AAA", "AA=A", "====", "AAAA====", "AA A", "AAA-", "AAAA\n", "ÄÄÄÄ", "=AAA"]
)
def test_anything_else_is_not(payload: str) -> None:
    assert not is_base64(payload)


@pytest.mark.parametrize(("payload", "size"), [("", 0), ("AA==", 1), ("AAA=", 2), ("AAAA", 3), ("AAAAAA==", 4)])
def test_the_length_of_the_audio_follows_from_the_text(payload: str, size: int) -> None:
    assert payload_bytes(payload) == size

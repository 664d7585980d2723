"""The input buffer: absolute positions, bounded memory."""

import pytest

from twilio_rt_cli.engine.session.input_buffer import InputBuffer
from twilio_rt_cli.engine.session.refusals import RefusedError


def test_cutting_drops_what_came_before() -> None:
    buffer = InputBuffer()
    for byte in range(5):
        buffer.append(bytes([byte]) * 80)
    assert buffer.cut(10, 30) == b"\x01" * 80 + b"\x02" * 80
    assert buffer.held_ms == 20
    assert buffer.cut(0, 40) == b"\x03" * 80
    assert buffer.written_ms == 50


def test_what_is_taken_is_gone() -> None:
    buffer = InputBuffer()
    buffer.append(b"\x01" * 800)
    assert buffer.take() == b"\x01" * 800
    with pytest.raises(RefusedError, match=r"only has 0\.00ms"):
        buffer.take()


def test_silence_does_not_pile_up() -> None:
    buffer = InputBuffer()
    for _ in range(120):
        buffer.append(bytes(8000))
        buffer.trim(speaking=False, detecting=True)
    assert buffer.held_ms <= 31_000
    assert buffer.written_ms == 120_000


def test_speech_and_audio_by_hand_are_kept_longer() -> None:
    buffer = InputBuffer()
    buffer.append(bytes(8 * 200_000))
    buffer.trim(speaking=True, detecting=True)
    assert buffer.held_ms == 200_000
    buffer.append(bytes(8 * 800_000))
    buffer.trim(speaking=False, detecting=False)
    assert buffer.held_ms == 900_000

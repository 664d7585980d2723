"""How unevenly caller audio comes."""

import pytest

from twilio_rt_cli.call.jitter import Jitter
from twilio_rt_cli.call.record import CallStatistics


def test_jitter_is_how_unevenly_caller_audio_comes() -> None:
    counted = CallStatistics()
    jitter = Jitter(counted)
    for number in range(1, 200):
        jitter.arrived(number * 160, 100 + number * 0.160)
    assert counted.jitter_ms == pytest.approx(0, abs=1e-6)
    for number in range(200, 400):
        late_s = 0.040 if number % 2 else 0.0
        jitter.arrived(number * 160, 100 + number * 0.160 + late_s)
    assert counted.jitter_ms == pytest.approx(40, abs=0.1)


def test_one_message_tells_nothing_yet() -> None:
    counted = CallStatistics()
    Jitter(counted).arrived(20, 100.0)
    assert counted.jitter_ms is None

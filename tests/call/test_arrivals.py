"""How unevenly caller audio comes, and when a position of it was spoken."""

import pytest

from twilio_rt_cli.call.arrivals import Arrivals
from twilio_rt_cli.call.figures.statistics import CallStatistics


def test_jitter_is_how_unevenly_caller_audio_comes() -> None:
    counted = CallStatistics()
    arrivals = Arrivals(counted)
    for number in range(1, 200):
        arrivals.arrived(number * 160, number * 1280, 100 + number * 0.160)
    assert counted.jitter_ms == pytest.approx(0, abs=1e-6)
    for number in range(200, 400):
        late_s = 0.040 if number % 2 else 0.0
        arrivals.arrived(number * 160, number * 1280, 100 + number * 0.160 + late_s)
    assert counted.jitter_ms == pytest.approx(40, abs=0.1)


def test_one_message_tells_nothing_yet() -> None:
    counted = CallStatistics()
    Arrivals(counted).arrived(20, 160, 100.0)
    assert counted.jitter_ms is None


def came(*pairs: tuple[int, float]) -> Arrivals:
    arrivals = Arrivals(CallStatistics())
    for position, at in pairs:
        arrivals.arrived(0, position, at)
    return arrivals


def test_audio_that_came_evenly_is_dated_to_the_sample() -> None:
    arrivals = came((1280, 100.160), (2560, 100.320), (3840, 100.480))
    for position, moment in ((1280, 100.160), (1920, 100.240), (2560, 100.320), (3000, 100.375), (640, 100.080)):
        assert arrivals.moment_of(position, 3840, 101.0) == pytest.approx(moment)


def test_lost_packets_shift_what_comes_after_them_and_nothing_before() -> None:
    arrivals = came((1280, 100.160), (1920, 100.320), (3200, 100.480))  # half of the second stretch was lost
    assert arrivals.moment_of(1280, 3200, 101.0) == pytest.approx(100.160)
    assert arrivals.moment_of(1920, 3200, 101.0) == pytest.approx(100.320)
    assert arrivals.moment_of(2560, 3200, 101.0) == pytest.approx(100.400)


def test_audio_that_waited_and_was_written_at_once_is_dated_when_it_came() -> None:
    arrivals = came((160, 100.0), (160, 100.160), (160, 100.320), (2720, 100.340))
    assert arrivals.moment_of(2720 - 1280, 2720, 101.0) == pytest.approx(100.180)
    assert arrivals.moment_of(161, 2720, 101.0) >= 100.0


def test_what_came_after_the_last_moment_is_counted_back_from_now() -> None:
    arrivals = came((1280, 100.160))
    assert arrivals.moment_of(1600, 1920, 100.240) == pytest.approx(100.200)
    assert arrivals.moment_of(16_000, 1920, 100.3) == 100.3
    assert arrivals.moment_of(1300, 16_000, 100.3) == 100.160
    assert came().moment_of(500, 1300, 100.0) == pytest.approx(99.9)


@pytest.mark.parametrize("timestamp_ms", [10**400, -(10**400), 2**63, -1])
def test_a_time_that_no_stream_has_tells_nothing(timestamp_ms: int) -> None:
    counted = CallStatistics()
    arrivals = Arrivals(counted)
    for number, told_ms in enumerate((20, timestamp_ms, 60)):
        arrivals.arrived(told_ms, 160 * (number + 1), 100.0 + number * 0.020)
    assert counted.jitter_ms == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(("position", "moment"), [(10**400, 101.0), (-(10**400), 100.0), (-20, 100.0)])
def test_a_position_that_no_audio_has_is_the_nearest_that_has(position: int, moment: float) -> None:
    arrivals = came((1280, 100.160), (2560, 100.320))
    assert arrivals.moment_of(position, 2560, 101.0) == pytest.approx(moment)

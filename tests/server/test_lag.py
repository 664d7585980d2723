import logging
import time

import pytest

from tests.server.world import LOOPS, run, serving
from twilio_rt_cli.server.lag import Lag, LoopLag


def test_before_the_first_sample_there_is_no_lag() -> None:
    assert LoopLag().snapshot() == Lag(0, 0, 0, 0)


def test_quantiles_are_of_the_last_minute_and_the_worst_is_kept() -> None:
    lag = LoopLag()
    lag.take(90, 0)
    for number in range(600):
        lag.take(number % 100, number / 10)
    assert lag.snapshot() == Lag(p50_ms=50, p99_ms=99, max_ms=99, worst_ms=99)
    for number in range(600):
        lag.take(1, 60 + number / 10)
    assert lag.snapshot() == Lag(p50_ms=1, p99_ms=1, max_ms=1, worst_ms=99)
    assert str(lag.snapshot()) == "loop lag p50 1.0 p99 1.0 max 1.0 ms in the last minute, 99.0 ms at worst"


def test_an_observer_hears_every_sample() -> None:
    heard: list[float] = []
    lag = LoopLag(heard.append)
    for late_ms in (0.0, 1.5, 90.0):
        lag.take(late_ms, 0)
    assert heard == [0.0, 1.5, 90.0]


def test_a_long_lag_is_told_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    lag = LoopLag()
    for late_ms, now in ((100, 1), (153, 2), (500, 3), (400, 61), (120, 62)):
        lag.take(late_ms, now)
    told = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert [line.partition(",")[0] for line in told] == [
        "the event loop stood still for 153 ms",
        "the event loop stood still for 120 ms",
    ]


@pytest.mark.parametrize("loop", LOOPS)
def test_a_server_shows_what_blocks_its_loop_as_long_as_it_runs(loop: str) -> None:
    async def story() -> None:
        async with serving() as world:
            lag = world.server.lag
            time.sleep(0.15)  # noqa: ASYNC251  # this is what must not be done
            await world.until(lambda: lag.snapshot().worst_ms > 0)
            assert 30 < lag.snapshot().worst_ms < 500
        assert lag._timer is None
        assert lag.snapshot().worst_ms > 30

    run(story(), loop)

"""Times as people write and read them."""

from datetime import UTC, datetime

import pytest

from twilio_rt_cli.errors import SettingsError
from twilio_rt_cli.history.times import length, local_time, moment

NOW = 1_795_608_000.0


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("45m", NOW - 2700),
        ("24h", NOW - 86_400),
        ("7d", NOW - 604_800),
        ("2W", NOW - 1_209_600),
        (" 0m ", NOW),
        ("2026-11-23", datetime(2026, 11, 23).timestamp()),
        ("2026-11-23T12:00", datetime(2026, 11, 23, 12).timestamp()),
        ("2026-11-23 12:00:01Z", datetime(2026, 11, 23, 12, 0, 1, tzinfo=UTC).timestamp()),
    ],
)
def test_a_moment(text: str, at: float) -> None:
    assert moment(text, NOW) == at


@pytest.mark.parametrize("text", ["", "yesterday", "5", "5y", "-5m", "12345678m", "2026-13-01", "²m"])
def test_what_is_no_time_is_told(text: str) -> None:
    with pytest.raises(SettingsError, match="--since is not a time: "):
        moment(text, NOW)


def test_lengths_and_times() -> None:
    assert [length(ms) for ms in (0, 999, 94_000, 3_723_000)] == ["0:00", "0:00", "1:34", "1:02:03"]
    assert local_time(datetime(2026, 11, 23, 12, 3, 58).timestamp()) == "2026-11-23 12:03:58"

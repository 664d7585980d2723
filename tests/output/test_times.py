import time

from twilio_rt_cli.output.times import time_of_day, utc


def test_times_are_utc_with_milliseconds() -> None:
    assert utc(0.1234) == "1970-01-01T00:00:00.123Z"


def test_the_time_of_day_is_local() -> None:
    at = time.mktime((2026, 11, 23, 9, 3, 58, 0, 0, -1))
    assert time_of_day(at + 0.9) == "09:03:58"

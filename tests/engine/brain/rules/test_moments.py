"""Days and times of day as callers say them."""

from datetime import date, time

import pytest

from twilio_rt_cli.engine.brain.rules.moments import find_date, find_time, spoken_date, spoken_time

MONDAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("said", "day"),
    [
        ("today please", date(2026, 11, 23)),
        ("tomorrow", date(2026, 11, 24)),
        ("the day after tomorrow", date(2026, 11, 25)),
        ("on Tuesday", date(2026, 11, 24)),
        ("Monday", date(2026, 11, 30)),
        ("next week on Friday", date(2026, 12, 4)),
        ("Friday next week", date(2026, 12, 4)),
        ("December third", date(2026, 12, 3)),
        ("the third of December", date(2026, 12, 3)),
        ("3 Dec", date(2026, 12, 3)),
        ("March 5th", date(2027, 3, 5)),
        ("on the fifth", date(2026, 12, 5)),
        ("in three days", date(2026, 11, 26)),
        ("in a week", date(2026, 11, 30)),
        ("2026-12-24", date(2026, 12, 24)),
        ("12/24", date(2026, 12, 24)),
    ],
)
def test_days_are_found(said: str, day: date) -> None:
    found = find_date(said, MONDAY)
    assert found is not None
    assert found.day == day


@pytest.mark.parametrize("said", ["", "I may come", "at three", "thirty people", "February 31st"])
def test_no_day_is_invented(said: str) -> None:
    assert find_date(said, MONDAY) is None


@pytest.mark.parametrize(
    ("said", "moment"),
    [
        ("at three", time(15)),
        ("Tuesday, at 3 PM.", time(15)),
        ("at 3 p.m.", time(15)),
        ("at nine", time(9)),
        ("nine a.m.", time(9)),
        ("three thirty", time(15, 30)),
        ("at 3:30", time(15, 30)),
        ("half past two", time(14, 30)),
        ("quarter to four", time(15, 45)),
        ("zero to three", time(15)),
        ("ten to noon", time(12)),
        ("ten past five", time(17, 10)),
        ("three o'clock", time(15)),
        ("at seven in the evening", time(19)),
        ("ten in the morning", time(9)),
        ("tomorrow at ten in the morning", time(10)),
        ("two in the afternoon", time(14)),
        ("at noon", time(12)),
        ("14:00", time(14)),
        ("Three.", time(15)),
        ("tomorrow morning", time(9)),
    ],
)
def test_times_are_found(said: str, moment: time) -> None:
    found = find_time(said)
    assert found is not None
    assert found.time == moment


@pytest.mark.parametrize("said", ["", "on the fifth", "at Mill Lane", "for four people"])
def test_no_time_is_invented(said: str) -> None:
    assert find_time(said) is None


def test_days_and_times_are_said_as_people_say_them() -> None:
    assert spoken_date(date(2026, 12, 3)) == "Thursday, December 3rd"
    assert spoken_date(date(2026, 12, 12)) == "Saturday, December 12th"
    assert [spoken_time(time(*at)) for at in ((9, 0), (12, 0), (15, 30), (0, 5))] == [
        "9 a.m.",
        "noon",
        "3:30 p.m.",
        "12:05 a.m.",
    ]

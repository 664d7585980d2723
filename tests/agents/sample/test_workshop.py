"""The sample calendar: what is free, on any day."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twilio_rt_cli.agents.sample.workshop import Availability, availability, spoken_day, spoken_time

MONDAY = date(2026, 3, 2)
NOW = datetime(2026, 3, 1, 12, 0)  # the Sunday before

days = st.dates(date(2000, 1, 1), date(2100, 1, 1))
moments = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1))


def ask(day: date, at: time | None = None, now: datetime = NOW) -> Availability:
    return availability(day, at, now)


def test_a_free_slot() -> None:
    found = ask(MONDAY, time(11))
    assert (found.free, found.at, found.weekday, found.open) == (True, "11:00", "Monday", True)
    assert found.answer == "Yes, eleven in the morning on Monday, the second of March is free."


def test_a_taken_slot_names_the_nearest_free_ones() -> None:
    found = ask(MONDAY, time(14))
    assert found.free is False
    assert found.free_times == ("13:00", "12:00", "16:00", "11:00", "17:00")
    assert found.answer == (
        "I'm sorry, two in the afternoon on Monday, the second of March is not free."
        " The nearest free times are one in the afternoon and noon."
    )


def test_without_a_time_the_free_times_of_the_day_in_order() -> None:
    found = ask(MONDAY)
    assert (found.free, found.at) == (True, None)
    assert found.free_times == ("11:00", "12:00", "13:00", "16:00", "17:00")
    assert found.answer == (
        "On Monday, the second of March we are free at eleven in the morning, noon, one in the afternoon,"
        " four in the afternoon and five in the afternoon."
    )


def test_half_past_is_no_slot() -> None:
    assert ask(MONDAY, time(11, 30)).free is False
    assert ask(MONDAY, time(11, 0, 30)).free is False
    assert ask(MONDAY, time(20)).free is False
    assert ask(MONDAY, time(11, 30)).answer.startswith("I'm sorry, half past eleven in the morning on Monday")


def test_a_time_zone_is_not_looked_at() -> None:
    assert ask(MONDAY, time(11, tzinfo=UTC)).free is True


def test_a_closed_day_names_the_next_open_one() -> None:
    found = ask(date(2026, 3, 8), time(11))
    assert (found.free, found.open, found.next_day) == (False, False, date(2026, 3, 9))
    assert found.next_day_free_times == ("11:00", "12:00", "13:00", "16:00", "17:00")
    assert found.answer == (
        "We are closed on Sundays. The next free day is Monday, the ninth of March, at eleven in the morning and noon."
    )


def test_a_full_day_names_the_next_free_one() -> None:
    found = ask(date(2026, 3, 7))
    assert (found.free, found.open, found.next_day) == (False, True, date(2026, 3, 9))
    assert found.answer.startswith("Saturday, the seventh of March is fully booked. The next free day is Monday")


def test_a_past_day_is_never_free_and_says_what_today_is() -> None:
    found = ask(date(2025, 3, 3), time(11))
    assert (found.free, found.free_times, found.today) == (False, (), date(2026, 3, 1))
    assert found.next_day == MONDAY
    assert found.answer == "Monday, the third of March has already passed. Today is Sunday, the first of March."


def test_the_hours_of_today_that_have_passed_are_not_free() -> None:
    at_noon = datetime(2026, 3, 2, 12, 0)
    assert ask(MONDAY, now=at_noon).free_times == ("13:00", "16:00", "17:00")
    found = ask(MONDAY, now=datetime(2026, 3, 2, 17, 30))
    assert (found.free, found.next_day) == (False, date(2026, 3, 3))
    assert found.answer.startswith("Nothing is free today any more. The next free day is Tuesday")


@pytest.mark.parametrize("day", [date(2027, 3, 8), date.max, date.min])
def test_far_away_days_are_not_free(day: date) -> None:
    assert ask(day).free is False


@given(days, st.none() | st.times(), moments)
@settings(deadline=None)
def test_an_answer_never_contradicts_itself(day: date, at: time | None, now: datetime) -> None:
    found = ask(day, at, now)
    slots = [datetime.combine(day, time.fromisoformat(text)) for text in found.free_times]
    assert all(slot > now and slot - now < timedelta(days=367) for slot in slots)
    assert found.free == (bool(slots) if at is None else datetime.combine(day, at) in slots)
    assert (found.next_day is not None) <= (not slots)
    assert found.next_day is None or (found.next_day >= now.date() and found.next_day_free_times)
    assert found.open or not slots
    assert found.answer.endswith(".")


@given(st.dates(date(2026, 3, 2), date(2027, 1, 1)))
@settings(deadline=None)
def test_every_open_day_but_saturday_has_free_and_taken_slots(day: date) -> None:
    free = len(ask(day).free_times)
    assert (0 < free < 9) if day.weekday() < 5 else free == 0


def test_days_and_times_are_words() -> None:
    assert spoken_day(date(2026, 12, 31)) == "Thursday, the thirty-first of December"
    said = [spoken_time(time(*at)) for at in [(0, 0), (9, 0), (12, 0), (12, 30), (14, 15), (18, 0), (10, 20)]]
    assert said == [
        "twelve in the morning",
        "nine in the morning",
        "noon",
        "half past twelve in the afternoon",
        "a quarter past two in the afternoon",
        "six in the evening",
        "10:20 in the morning",
    ]

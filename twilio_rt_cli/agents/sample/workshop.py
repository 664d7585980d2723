"""The calendar of the sample business, a bicycle workshop: opening hours, slots that are taken, and what is still free.

Slots last an hour. Which are taken depends on the day of the week alone, so the calendar answers for any date, always
the same. `availability` is pure: the time is an argument.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

BOOKABLE_DAYS = 365

_MONDAY_TO_FRIDAY = tuple(range(9, 18))
_SATURDAY = tuple(range(10, 14))
_SLOTS = (*[_MONDAY_TO_FRIDAY] * 5, _SATURDAY, ())
_TAKEN = (
    {9, 10, 14, 15},  # Monday
    {9, 11, 13, 16},
    {10, 12, 14, 17},
    {9, 10, 11, 15},
    {9, 10, 11, 12, 16},
    set(_SATURDAY),  # always full, so that somebody learns of the next open day
    set[int](),  # Sunday, closed
)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_HOURS = ("twelve", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven")
_ORDINALS = (
    *("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"),
    *("eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth"),
    *("nineteenth", "twentieth", "twenty-first", "twenty-second", "twenty-third", "twenty-fourth", "twenty-fifth"),
    *("twenty-sixth", "twenty-seventh", "twenty-eighth", "twenty-ninth", "thirtieth", "thirty-first"),
)


@dataclass(frozen=True, slots=True)
class Availability:
    """What the calendar says about a day, and a time of it if one was asked for."""

    answer: str
    """The finding as a sentence that can be read out on the phone."""
    day: date
    weekday: str
    open: bool
    at: str | None
    """The slot that was asked for, as HH:MM."""
    free: bool | None
    """Whether that slot is free; without one, whether the day has any."""
    free_times: tuple[str, ...]
    """Free slots of that day, as HH:MM; when a taken slot was asked for, the nearest first."""
    next_day: date | None
    """When that day has nothing free: the next one that has."""
    next_day_free_times: tuple[str, ...]
    today: date


def availability(day: date, at: time | None, now: datetime) -> Availability:
    """What is free on `day`, and whether `at` is; `now` is the workshop's local time."""
    hours = _free_hours(day, now)
    exact = at is not None and (at.minute, at.second) == (0, 0) and at.hour in hours
    later = None if hours else _next_day(day, now)
    later_hours = _free_hours(later, now) if later else ()
    near = list(hours) if at is None else _nearest_first(hours, at)
    return Availability(
        answer=_found(day, at, near) if near else _nothing(day, now, later),
        day=day,
        weekday=_DAYS[day.weekday()],
        open=bool(_SLOTS[day.weekday()]),
        at=None if at is None else at.strftime("%H:%M"),
        free=exact if at is not None else bool(hours),
        free_times=tuple(f"{hour:02}:00" for hour in near),
        next_day=later,
        next_day_free_times=tuple(f"{hour:02}:00" for hour in later_hours),
        today=now.date(),
    )


def _free_hours(day: date, now: datetime) -> tuple[int, ...]:
    if not 0 <= (day - now.date()).days <= BOOKABLE_DAYS:
        return ()
    hours = (hour for hour in _SLOTS[day.weekday()] if hour not in _TAKEN[day.weekday()])
    return tuple(hour for hour in hours if datetime.combine(day, time(hour)) > now)


def _nearest_first(hours: tuple[int, ...], asked: time) -> list[int]:
    minute = asked.hour * 60 + asked.minute
    return sorted(hours, key=lambda hour: (abs(hour * 60 - minute), hour))


def _next_day(day: date, now: datetime) -> date | None:
    """The first day after `day`, and not before today, that has a free slot; None beyond what can be booked."""
    start = max(day, now.date() - timedelta(days=1))
    ahead = (start + timedelta(days=days) for days in range(1, 8) if start < date.max - timedelta(days=7))
    return next((one for one in ahead if _free_hours(one, now)), None)


def _found(day: date, asked: time | None, near: list[int]) -> str:
    when = spoken_day(day)
    if asked is None:
        return f"On {when} we are free at {_listed(near)}."
    if near[0] == asked.hour and asked.minute == asked.second == 0:
        return f"Yes, {spoken_time(asked)} on {when} is free."
    return f"I'm sorry, {spoken_time(asked)} on {when} is not free. The nearest free times are {_listed(near[:2])}."


def _nothing(day: date, now: datetime, later: date | None) -> str:
    if day < now.date():
        return f"{spoken_day(day)} has already passed. Today is {spoken_day(now.date())}."
    if (day - now.date()).days > BOOKABLE_DAYS:
        return "We book appointments up to one year ahead."
    why = f"{spoken_day(day)} is fully booked."
    if not _SLOTS[day.weekday()]:
        why = f"We are closed on {_DAYS[day.weekday()]}s."
    elif day == now.date():
        why = "Nothing is free today any more."
    if later is None:
        return why
    return f"{why} The next free day is {spoken_day(later)}, at {_listed(list(_free_hours(later, now))[:2])}."


def _listed(hours: list[int]) -> str:
    words = [spoken_time(time(hour)) for hour in hours]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def spoken_day(day: date) -> str:
    """ "Tuesday, the third of March"."""
    return f"{_DAYS[day.weekday()]}, the {_ORDINALS[day.day - 1]} of {_MONTHS[day.month - 1]}"


def spoken_time(at: time) -> str:
    """ "ten in the morning", "noon", "half past two in the afternoon", "10:20 in the morning"."""
    if (at.hour, at.minute) == (12, 0):
        return "noon"
    part = "in the morning" if at.hour < 12 else "in the afternoon" if at.hour < 18 else "in the evening"
    hour = _HOURS[at.hour % 12]
    clock = {0: hour, 15: f"a quarter past {hour}", 30: f"half past {hour}"}
    return f"{clock.get(at.minute, f'{at.hour % 12 or 12}:{at.minute:02}')} {part}"

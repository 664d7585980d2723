"""Days and times of day in what a caller says, counted from today.

"Tuesday at three" on a Monday is tomorrow at 15:00: a day without a date is the next one to come, and an hour from one
to six without a.m. or p.m. is in the afternoon, as people mean it when they call a business.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, time, timedelta

from twilio_rt_cli.engine.brain.rules.numbers import with_digits

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_MONTH = "|".join(_MONTHS) + "|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec"
_DAY_MONTH = re.compile(rf"\b(?:the )?(\d{{1,2}})(?:st|nd|rd|th)? (?:of )?({_MONTH})\b")
_MONTH_DAY = re.compile(rf"\b({_MONTH})\.? (?:the )?(\d{{1,2}})(?:st|nd|rd|th)?\b(?![:.]\d)")
_THE_NTH = re.compile(r"\b(?:on )?the (\d{1,2})(?:st|nd|rd|th)\b")
_ISO = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")
_SLASHED = re.compile(r"\b(\d{1,2})/(\d{1,2})(?:/(\d{4}))?\b")
_WEEKDAY = re.compile(
    rf"\b(?:(next week) (?:on )?|(?:this|next|on|coming) )?({'|'.join(_DAYS)})s?\b(?:,? (next week))?"
)
_IN_DAYS = re.compile(r"\bin (?:a|(\d+)) (day|week)s?\b")
_RELATIVE = (
    (re.compile(r"\bday after tomorrow\b"), 2),
    (re.compile(r"\btomorrow\b"), 1),
    (re.compile(r"\b(?:today|tonight|this (?:morning|afternoon|evening))\b"), 0),
    (re.compile(r"\bnext week\b"), 7),
)
_MERIDIEM = re.compile(r"\b([ap])\.? ?m\b\.?", re.IGNORECASE)
_PART = r"(?:\s*(am|pm)\b|\s+(?:in the |at )?(morning|afternoon|evening|night)\b)?"
_CLOCK = re.compile(rf"\b(\d{{1,2}})[:.](\d{{2}})\b{_PART}")
_PAST = re.compile(rf"\b(half|quarter|\d{{1,2}}) (past|after|to|before|of) (\d{{1,2}})\b{_PART}")
_WITH_MERIDIEM = re.compile(r"\b(\d{1,2})(?: (\d{2}))? ?(am|pm)\b")
_O_CLOCK = re.compile(rf"\b(\d{{1,2}}) ?o'? ?clock\b{_PART}")
_AT = re.compile(
    r"\b(?:at|around|about|by|after|before)(?: around| about)? (\d{1,2})(?: (\d{2}))?\b"
    rf"(?!\s*(?:st|nd|rd|th|people|%|/)){_PART}"
)
_BARE = re.compile(rf"\b(\d{{1,2}}) (00|15|30|45)\b{_PART}")
_NAMED = re.compile(r"\b(noon|midday|midnight)\b")
_PART_OF_DAY = re.compile(r"\b(morning|afternoon|evening|tonight)\b")
_PART_STARTS = {"morning": time(9), "afternoon": time(14), "evening": time(18), "tonight": time(19)}
_ONLY_HOUR = re.compile(r"^\W*(\d{1,2})\W*$")


@dataclass(frozen=True, slots=True)
class FoundDate:
    """A day and the words that named it."""

    day: date
    words: str


@dataclass(frozen=True, slots=True)
class FoundTime:
    """A time of day and the words that named it."""

    time: time
    words: str


def plain(text: str) -> str:
    """A text in lower case with digits for numbers and "am", "pm" in one spelling."""
    return _MERIDIEM.sub(r"\1m", with_digits(text.replace("’", "'"))).lower()


def find_date(text: str, today: date) -> FoundDate | None:
    """The first day a caller names, never in the past unless a year says so."""
    plain_text = plain(text)
    readings = (read(plain_text, today) for read in _DATE_READERS)
    return next((found for found in readings if found is not None), None)


def find_time(text: str) -> FoundTime | None:
    """The first time of day a caller names."""
    plain_text = plain(text)
    part = found[1] if (found := _PART_OF_DAY.search(plain_text)) else None
    readings = (read(plain_text, part) for read in _TIME_READERS)
    return next((found for found in readings if found is not None), None)


def spoken_date(day: date) -> str:
    """ "Tuesday, November 24th"."""
    suffix = "th" if 10 <= day.day <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(day.day % 10, "th")
    return f"{_DAYS[day.weekday()].capitalize()}, {_MONTHS[day.month - 1].capitalize()} {day.day}{suffix}"


def spoken_time(moment: time) -> str:
    """ "3 p.m.", "3:30 p.m.", "noon"."""
    if (moment.hour, moment.minute) == (12, 0):
        return "noon"
    minutes = f":{moment.minute:02}" if moment.minute else ""
    return f"{(moment.hour - 1) % 12 + 1}{minutes} {'a' if moment.hour < 12 else 'p'}.m."


# Days, each in one way of saying it


def _iso(text: str, today: date) -> FoundDate | None:
    return _dated(_ISO.search(text), lambda found: _date(int(found[1]), int(found[2]), int(found[3])))


def _day_of_month(text: str, today: date) -> FoundDate | None:
    """ "the 24th of November"."""
    return _dated(_DAY_MONTH.search(text), lambda found: _coming(today, _month(found[2]), int(found[1])))


def _month_and_day(text: str, today: date) -> FoundDate | None:
    """ "November 24th"."""
    return _dated(_MONTH_DAY.search(text), lambda found: _coming(today, _month(found[1]), int(found[2])))


def _slashed(text: str, today: date) -> FoundDate | None:
    """ "11/24", and "11/24/2026"."""

    def day(found: re.Match[str]) -> date | None:
        month, day = int(found[1]), int(found[2])
        return _date(int(found[3]), month, day) if found[3] else _coming(today, month, day)

    return _dated(_SLASHED.search(text), day)


def _weekday(text: str, today: date) -> FoundDate | None:
    """ "Tuesday", "next week on Tuesday"."""

    def day(found: re.Match[str]) -> date:
        weekday = _DAYS.index(found[2])
        if found[1] or found[3]:
            return today - timedelta(today.weekday()) + timedelta(7 + weekday)
        return today + timedelta((weekday - today.weekday() - 1) % 7 + 1)

    return _dated(_WEEKDAY.search(text), day)


def _relative(text: str, today: date) -> FoundDate | None:
    """ "tomorrow"."""
    found = ((pattern.search(text), days) for pattern, days in _RELATIVE)
    return next((FoundDate(today + timedelta(days), one[0]) for one, days in found if one), None)


def _in_days(text: str, today: date) -> FoundDate | None:
    """ "in three days", "in a week"."""
    return _dated(
        _IN_DAYS.search(text),
        lambda found: today + timedelta(int(found[1] or 1) * (7 if found[2] == "week" else 1)),
    )


def _nth(text: str, today: date) -> FoundDate | None:
    """ "the 24th", of this month or the next that has one."""

    def day(found: re.Match[str]) -> date | None:
        months = (today.month - 1 + more for more in range(13))
        days = (_date(today.year + month // 12, month % 12 + 1, int(found[1])) for month in months)
        return next((one for one in days if one is not None and one >= today), None)

    return _dated(_THE_NTH.search(text), day)


_DATE_READERS = (_iso, _day_of_month, _month_and_day, _slashed, _weekday, _relative, _in_days, _nth)
"""in the order in which they are tried"""


def _dated(found: re.Match[str] | None, day_of: Callable[[re.Match[str]], date | None]) -> FoundDate | None:
    day = day_of(found) if found else None
    return FoundDate(day, found[0]) if found and day else None


def _month(name: str) -> int:
    return next(number for number, month in enumerate(_MONTHS, 1) if month.startswith(name[:3]))


def _coming(today: date, month: int, day: int) -> date | None:
    this_year = _date(today.year, month, day)
    if this_year is not None and this_year < today:
        return _date(today.year + 1, month, day)
    return this_year


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


# Times, each in one way of saying it; `part` is the part of the day that is named anywhere


def _around_the_hour(text: str, part: str | None) -> FoundTime | None:
    """ "half past three", "quarter to four"."""

    def moment(found: re.Match[str]) -> time | None:
        minutes = {"half": 30, "quarter": 15}.get(found[1]) or int(found[1])
        hour = _time(int(found[3]), 0, found[4] or found[5] or part)
        if hour is None or minutes > 59:
            return None
        if found[2] in ("past", "after"):
            return hour.replace(minute=minutes)
        before = (hour.hour * 60 - minutes) % (24 * 60)
        return time(before // 60, before % 60)

    return _timed(_PAST.search(text), moment)


def _hour_and_minute(pattern: re.Pattern[str], text: str, part: str | None) -> FoundTime | None:
    return _timed(
        pattern.search(text), lambda found: _time(int(found[1]), int(found[2] or 0), found[3] or found[4] or part)
    )


def _on_the_clock(text: str, part: str | None) -> FoundTime | None:
    """ "15:30"."""
    return _hour_and_minute(_CLOCK, text, part)


def _at(text: str, part: str | None) -> FoundTime | None:
    """ "at three", but not "about three people"."""
    found = _AT.search(text)
    return None if found and _is_count(text, found.end()) else _hour_and_minute(_AT, text, part)


def _bare(text: str, part: str | None) -> FoundTime | None:
    """ "three thirty"."""
    return _hour_and_minute(_BARE, text, part)


def _with_meridiem(text: str, part: str | None) -> FoundTime | None:
    """ "three p.m."."""
    return _timed(_WITH_MERIDIEM.search(text), lambda found: _time(int(found[1]), int(found[2] or 0), found[3]))


def _o_clock(text: str, part: str | None) -> FoundTime | None:
    """ "three o'clock"."""
    return _timed(_O_CLOCK.search(text), lambda found: _time(int(found[1]), 0, found[2] or found[3] or part))


def _named(text: str, part: str | None) -> FoundTime | None:
    """ "noon"."""
    return _timed(_NAMED.search(text), lambda found: time(0) if found[1] == "midnight" else time(12))


def _only_hour(text: str, part: str | None) -> FoundTime | None:
    """ "Three.", and nothing else."""
    return _timed(_ONLY_HOUR.search(text), lambda found: _time(int(found[1]), 0, part))


def _part_of_day(text: str, part: str | None) -> FoundTime | None:
    """ "in the morning"."""
    return FoundTime(_PART_STARTS[part], part) if part else None


_TIME_READERS = (
    *(_around_the_hour, _on_the_clock, _at, _bare, _with_meridiem, _o_clock, _named, _only_hour),
    _part_of_day,
)
"""in the order in which they are tried"""


def _timed(found: re.Match[str] | None, moment_of: Callable[[re.Match[str]], time | None]) -> FoundTime | None:
    moment = moment_of(found) if found else None
    return FoundTime(moment, found[0]) if found and moment is not None else None


def _is_count(text: str, end: int) -> bool:
    return bool(re.match(r" (?:people|persons|guests|nights|days|weeks|minutes|hours|dollars|percent)\b", text[end:]))


def _time(hour: int, minute: int, part: str | None) -> time | None:
    if part in ("pm", "afternoon", "evening", "tonight", "night") and 1 <= hour < 12:
        hour += 12
    elif part in ("am", "morning"):
        hour = 0 if hour == 12 else hour
    elif part is None and 1 <= hour <= 6:
        hour += 12
    return time(hour, minute) if hour < 24 and minute < 60 else None

"""Days and times of day in what a caller says, counted from today.

"Tuesday at three" on a Monday is tomorrow at 15:00: a day without a date is the next one to come, and an hour from one
to six without a.m. or p.m. is in the afternoon, as people mean it when they call a business.
"""

import re
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
    """A time of day and the words that named it; `is_vague` for "in the morning"."""

    time: time
    words: str
    is_vague: bool = False


def plain(text: str) -> str:
    """A text in lower case with digits for numbers and "am", "pm" in one spelling."""
    return _MERIDIEM.sub(r"\1m", with_digits(text.replace("’", "'"))).lower()


def find_date(text: str, today: date) -> FoundDate | None:
    """The first day a caller names, never in the past unless a year says so."""
    text = plain(text)
    if (found := _ISO.search(text)) and (day := _date(int(found[1]), int(found[2]), int(found[3]))):
        return FoundDate(day, found[0])
    for pattern, month_group, day_group in ((_DAY_MONTH, 2, 1), (_MONTH_DAY, 1, 2)):
        if found := pattern.search(text):
            month = next(n for n, name in enumerate(_MONTHS, 1) if name.startswith(found[month_group][:3]))
            if day := _coming(today, month, int(found[day_group])):
                return FoundDate(day, found[0])
    if (found := _SLASHED.search(text)) and (day := _slashed(today, found)):
        return FoundDate(day, found[0])
    if found := _WEEKDAY.search(text):
        return FoundDate(_weekday(today, found), found[0])
    for relative, days in _RELATIVE:
        if found := relative.search(text):
            return FoundDate(today + timedelta(days), found[0])
    if found := _IN_DAYS.search(text):
        return FoundDate(today + timedelta(int(found[1] or 1) * (7 if found[2] == "week" else 1)), found[0])
    if (found := _THE_NTH.search(text)) and (day := _nth(today, int(found[1]))):
        return FoundDate(day, found[0])
    return None


def find_time(text: str) -> FoundTime | None:
    """The first time of day a caller names."""
    text = plain(text)
    part = found[1] if (found := _PART_OF_DAY.search(text)) else None
    if (found := _PAST.search(text)) and (moment := _past(found, part)):
        return FoundTime(moment, found[0])
    for pattern in (_CLOCK, _AT, _BARE):
        if found := pattern.search(text):
            moment = _time(int(found[1]), int(found[2] or 0), found[3] or found[4] or part)
            if moment is not None and not (pattern is _AT and _is_count(text, found.end())):
                return FoundTime(moment, found[0])
    if (found := _WITH_MERIDIEM.search(text)) and (moment := _time(int(found[1]), int(found[2] or 0), found[3])):
        return FoundTime(moment, found[0])
    if (found := _O_CLOCK.search(text)) and (moment := _time(int(found[1]), 0, found[2] or found[3] or part)):
        return FoundTime(moment, found[0])
    if found := _NAMED.search(text):
        return FoundTime(time(0) if found[1] == "midnight" else time(12), found[0])
    if (found := _ONLY_HOUR.search(text)) and (moment := _time(int(found[1]), 0, part)):
        return FoundTime(moment, found[0])
    return FoundTime(_PART_STARTS[part], part, is_vague=True) if part else None


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


def _past(found: re.Match[str], part: str | None) -> time | None:
    minutes = {"half": 30, "quarter": 15}.get(found[1]) or int(found[1])
    hour = _time(int(found[3]), 0, found[4] or found[5] or part)
    if hour is None or minutes > 59:
        return None
    if found[2] in ("past", "after"):
        return hour.replace(minute=minutes)
    return time((hour.hour - 1) % 24, 60 - minutes)


def _weekday(today: date, found: re.Match[str]) -> date:
    weekday = _DAYS.index(found[2])
    if found[1] or found[3]:
        return today - timedelta(today.weekday()) + timedelta(7 + weekday)
    return today + timedelta((weekday - today.weekday() - 1) % 7 + 1)


def _nth(today: date, day: int) -> date | None:
    for months in range(13):
        month = today.month - 1 + months
        candidate = _date(today.year + month // 12, month % 12 + 1, day)
        if candidate is not None and candidate >= today:
            return candidate
    return None


def _coming(today: date, month: int, day: int) -> date | None:
    this_year = _date(today.year, month, day)
    if this_year is not None and this_year < today:
        return _date(today.year + 1, month, day)
    return this_year


def _slashed(today: date, found: re.Match[str]) -> date | None:
    month, day = int(found[1]), int(found[2])
    if found[3]:
        return _date(int(found[3]), month, day)
    return _coming(today, month, day) if 1 <= month <= 12 else None


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None

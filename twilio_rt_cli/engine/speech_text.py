"""Text as people would say it, where the voice's own reading of numbers and signs is not that.

The voice itself reads amounts, ordinals, dates and times with am or pm. This covers the rest of what an agent says on
the telephone: telephone numbers and codes digit by digit, the 24-hour clock, ranges, days of the week cut short,
addresses of mail and web, and the marks of markdown.
"""

import re
from collections.abc import Callable

_DAYS = {"Mon": "Monday", "Tue": "Tuesday", "Wed": "Wednesday", "Thu": "Thursday", "Fri": "Friday",
         "Sat": "Saturday", "Sun": "Sunday"}  # fmt: skip
_DIGITS = {"0": "zero", "1": "one", "2": "two", "3": "three", "4": "four",
           "5": "five", "6": "six", "7": "seven", "8": "eight", "9": "nine"}  # fmt: skip
_TIME = r"\d{1,2}:\d{2}"
_NUMBER = r"\+\d[\d ().-]{5,18}\d|\(\d{3}\) ?\d{3}-\d{4}|(?:\d-)?\d{3}-\d{3}-\d{4}|\d{3,4}(?: \d{3,4}){2}|\d{7,}"


def speech_text(text: str) -> str:
    """The text to be read aloud; empty when there is nothing in it to say."""
    for pattern, said in _RULES:
        text = pattern.sub(said, text)
    return text if re.search(r"[^\W_]", text) else ""


def _telephone_number(found: re.Match[str]) -> str:
    """Digit by digit in the groups it is written in; in one run, groups of three with the last four together."""
    groups = re.findall(r"\d+", found[0])
    if len(groups) == 1:
        groups = re.findall(r"\d{4}$|\d{1,3}(?=(?:\d{3})*\d{4}$)", groups[0])
    words = ", ".join(" ".join(_DIGITS[digit] for digit in group) for group in groups)
    return ("plus " if found[0].startswith("+") else "") + words


def _code(found: re.Match[str]) -> str:
    """Character by character."""
    return ", ".join(_DIGITS.get(sign, sign) for sign in found[0])


def _address(found: re.Match[str]) -> str:
    """A mail or web address with its signs said."""
    said = re.sub(r"^https?://(www\.)?", "", found[0], flags=re.IGNORECASE).rstrip("/")
    for sign, word in {"@": "at", ".": "dot", "/": "slash", "-": "dash", "_": "underscore"}.items():
        said = said.replace(sign, f" {word} ")
    return said


def _clock(found: re.Match[str]) -> str:
    """The hours that a 12-hour clock calls something else."""
    hour, minute = int(found["hour"]), found["minute"]
    if hour == 0:
        return f"12:{minute} AM"
    return f"{hour - 12}:{minute} PM" if 13 <= hour <= 23 else found[0]


_RULES: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    (re.compile(r"\[([^\]]*)\]\([^)]*\)"), r"\1"),
    (re.compile(r"^\s*(?:#+|[-*•])\s+", re.MULTILINE), ""),
    (re.compile(r"[*`~|<>]+|(?<!\w)_+|_+(?!\w)"), ""),
    (re.compile(r"https?://[^\s,;!?]*[^\s,;!?.]", re.IGNORECASE), _address),
    (re.compile(r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+|\b(?:[\w-]+\.)+(?:com|org|net|io|gov|edu)\b(?:/[\w/-]+)?"), _address),
    (re.compile(r"\b(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?"), r"\1 at \2"),
    (re.compile(rf"\b({_TIME}(?:\s?[AaPp]\.?[Mm]\.?)?)\s?[-–]\s?(?={_TIME})"), r"\1 to "),
    (re.compile(r"\b(?P<hour>\d\d):(?P<minute>[0-5]\d)\b(?!:|\s?[AaPp]\.?[Mm])"), _clock),
    (re.compile(r"\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun)\s?[-–]\s?(?=Mon|Tue|Wed|Thu|Fri|Sat|Sun)"), r"\1 to "),
    (re.compile(r"\b(Mon|Tue|Wed|Thu|Fri)(?:rs|r|s)?\b(?:\.(?=\s+[a-z\d]))?"), lambda found: _DAYS[found[1]]),
    (re.compile(r"\b(Sat|Sun)\b(?=[,.]|\s+(?:\d|to\b|at\b|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)|\s*$)"),
     lambda found: _DAYS[found[1]]),
    (re.compile(rf"(?<![\w.,$€£])(?:{_NUMBER})(?![\w,-])"), _telephone_number),
    (re.compile(r"\b(?=[A-Z\d]*\d)(?=[A-Z\d]*[A-Z])[A-Z\d]{5,}\b"), _code),
)  # fmt: skip
"""What is found and what is said instead, in this order."""

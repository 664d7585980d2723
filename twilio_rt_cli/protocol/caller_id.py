"""Who calls, as Twilio's `From` has it: spelled in one way, and lists of callers that may hold beginnings."""

import re
from dataclasses import dataclass

WITHHELD = "anonymous"
"""stands for every caller who shows no number; they cannot be told apart"""
LONGEST = 64
"""characters of a caller's id; what is longer is cut"""

_NO_NUMBER = frozenset(
    {
        *("", WITHHELD, "blocked", "private", "restricted", "unavailable", "unknown"),
        # The same words typed on a telephone's keys, as carriers send them who know numbers only. Twilio's help pages
        # list them under "strange numbers".
        *("+266696687", "+2562533", "+7378742833", "+86282452253", "+8656696"),
    }
)
_FILL = re.compile(r"[\s().-]+")
_DIGITS = re.compile(r"\+?[0-9]+")
_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
_ADDRESS = ("client:", "sip:", "sips:")


def caller_id(text: str) -> str:
    """A caller's id in one spelling: `+14155550100`, `anonymous`, or an address such as `client:anna`."""
    caller = text[:LONGEST].lower()[:LONGEST].strip()
    number = _FILL.sub("", caller)
    if _DIGITS.fullmatch(number):  # a `+` in a query that nobody encoded arrives as a blank
        caller = f"+{number.removeprefix('+')}"[:LONGEST]
    return WITHHELD if caller in _NO_NUMBER else caller


@dataclass(frozen=True, slots=True)
class CallerList:
    """Some callers, each named whole or by how the id begins."""

    whole: frozenset[str] = frozenset()
    beginnings: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.whole or self.beginnings)

    def names(self, caller: str) -> bool:
        """Whether this caller, as `caller_id` spells it, is meant."""
        return caller in self.whole or caller.startswith(self.beginnings)


def caller_list(text: str) -> CallerList:
    """The callers of a list with commas. Raises ValueError with what is wrong, as the end of a sentence."""
    entries = [_entry(one.strip()) for one in text.split(",") if one.strip()]
    whole = frozenset(one for one in entries if not one.endswith("*"))
    return CallerList(whole, tuple(dict.fromkeys(one[:-1] for one in entries if one.endswith("*"))))


def _entry(text: str) -> str:
    if text.endswith("*"):
        beginning = "" if text == "*" else caller_id(text[:-1])
        if re.fullmatch(r"\+[0-9]*", beginning) or beginning.startswith(_ADDRESS):
            return f"{beginning}*"
    caller = caller_id(text)
    if "*" not in caller and (caller == WITHHELD or _NUMBER.fullmatch(caller) or caller.startswith(_ADDRESS)):
        return caller
    raise ValueError(
        "must be callers separated by commas: numbers like +14155550100, beginnings like +1900*, or anonymous; "
        f"{text[:40]!r} is none of these"
    )

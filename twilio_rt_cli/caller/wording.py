"""Whether a voice said what was expected: texts compared as they sound, not as they are written. Pure.

Case, punctuation and white space do not count, and numbers are words: "2:30 p.m." is "two thirty pm".
"""

import re

_TO_NINE = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_STEMS = ("fif", "six", "seven", "eigh", "nine")
_TO_NINETEEN = ("ten", "eleven", "twelve", *(f"{stem}teen" for stem in ("thir", "four", *_STEMS)))
_SMALL = (*_TO_NINE, *_TO_NINETEEN)
_TENS = ("zero", "ten", *(f"{stem}ty" for stem in ("twen", "thir", "for", *_STEMS)))
_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}


def contains_words(heard: str, expected: str) -> bool:
    """Whether the expected words come in what was heard, one after the other."""
    return f" {normal(expected)} " in f" {normal(heard)} "


def normal(text: str) -> str:
    """The text as words in lower case."""
    text = text.casefold().replace("’", "").replace("'", "").replace("%", " percent")
    text = re.sub(r"(?<=\d),(?=\d{3})", "", text)
    text = re.sub(r"\$\s?(\d+)", r"\1 dollars", text)
    text = re.sub(r"\b(\d{1,2}):00\b", r"\1", text)
    text = re.sub(r"\b(\d{1,4})(?:st|nd|rd|th)\b", lambda found: _ordinal(int(found[1])), text)
    text = re.sub(r"\d+", lambda found: f" {_spoken(found[0])} ", text)
    words = re.sub(r"[\W_]+", " ", text).strip()
    return re.sub(r"\b([ap]) m\b", r"\1m", words)


def _spoken(digits: str) -> str:
    if len(digits) > 4 or (len(digits) > 1 and digits.startswith("0")):
        return " ".join(_SMALL[int(digit)] for digit in digits)
    return _number(int(digits))


def _number(number: int) -> str:
    if number < 20:
        return _SMALL[number]
    if number < 100:
        return f"{_TENS[number // 10]} {_SMALL[number % 10]}" if number % 10 else _TENS[number // 10]
    scale, name = (1000, "thousand") if number >= 1000 else (100, "hundred")
    rest = f" {_number(number % scale)}" if number % scale else ""
    return f"{_number(number // scale)} {name}{rest}"


def _ordinal(number: int) -> str:
    *first, last = _number(number).split()
    spelled = _ORDINALS.get(last) or (f"{last[:-1]}ieth" if last.endswith("y") else f"{last}th")
    return " ".join([*first, spelled])

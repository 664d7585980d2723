"""Numbers as people say them, turned into digits: "twenty first" → "21st", "three thirty" → "3 30"."""

import re

_UNITS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = {
    **{"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50},
    **{"sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90},
}
_CARDINALS = {name: n for n, name in enumerate(_UNITS)}
_NTHS = (
    *("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh"),
    *("twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth"),
)
_ORDINALS = {name: n for n, name in enumerate(_NTHS, 1)} | {"twentieth": 20, "thirtieth": 30}
_TOKEN = re.compile(r"[A-Za-z']+|\d+|\s+|.", re.DOTALL)
_SCALES = {"hundred": 100, "thousand": 1000}


def with_digits(text: str) -> str:
    """The text with its number words written in digits, everything else as it was."""
    out: list[str] = []
    tokens = _TOKEN.findall(re.sub(r"(?<=[a-z])-(?=[a-z])", " ", text))
    at = 0
    while at < len(tokens):
        value, suffix, used = _number_at(tokens, at)
        if used:
            out.append(f"{value}{suffix}")
            at += used
        else:
            out.append(tokens[at])
            at += 1
    return "".join(out)


def _number_at(tokens: list[str], at: int) -> tuple[int, str, int]:
    """The number that begins at a token, its ordinal suffix, and how many tokens it takes (0: none begins here)."""
    word = tokens[at].lower()
    if word in _ORDINALS:
        return _ORDINALS[word], _suffix(_ORDINALS[word]), 1
    if word in _TENS:
        value, suffix, used = _TENS[word], "", 1
        following = tokens[at + 2].lower() if at + 2 < len(tokens) and tokens[at + 1].isspace() else ""
        unit = _CARDINALS.get(following, 0)
        if 1 <= unit <= 9:
            value, used = value + unit, 3
        elif 1 <= _ORDINALS.get(following, 0) <= 9:
            value, used = value + _ORDINALS[following], 3
            suffix = _suffix(value)
        return (*_scaled(tokens, at, value, used, suffix),)
    if word in _CARDINALS:
        return (*_scaled(tokens, at, _CARDINALS[word], 1, ""),)
    return 0, "", 0


def _scaled(tokens: list[str], at: int, value: int, used: int, suffix: str) -> tuple[int, str, int]:
    """The number with "hundred" or "thousand" after it, and what follows those."""
    after = at + used
    scale = _SCALES.get(tokens[after + 1].lower()) if after + 1 < len(tokens) and tokens[after].isspace() else None
    if scale is None or suffix:
        return value, suffix, used
    value, used = value * scale, used + 2
    rest = at + used + 1
    if rest + 1 < len(tokens) and tokens[rest].lower() == "and":
        rest += 2
    if rest < len(tokens):
        more, _, more_used = _number_at(tokens, rest)
        if more_used and more < scale:
            return value + more, "", rest + more_used - at
    return value, "", used


def _suffix(value: int) -> str:
    if 10 <= value % 100 <= 20:
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(value % 10, "th")

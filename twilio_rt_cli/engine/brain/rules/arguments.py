"""Arguments for a tool, taken from what the caller said, and the question that asks for what is missing."""

import re
from dataclasses import dataclass
from datetime import date, datetime

import msgspec

from twilio_rt_cli.engine.brain.rules.moments import find_date, find_time, plain
from twilio_rt_cli.engine.brain.rules.numbers import with_digits
from twilio_rt_cli.engine.brain.rules.schema import Kind, Parameter, parameters
from twilio_rt_cli.engine.brain.rules.words import concept, keywords, spoken_list, words
from twilio_rt_cli.engine.session.config import FunctionTool

Value = str | int | float | bool | list[str | int | float]

_NOT_A_NAME = {
    *("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "noon", "midnight", "i", "a", "an"),
    *("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november"),
    *("december", "the"),
}
_PROPER = r"([A-Z][\w'-]*(?:[ ,]+[A-Z][\w'-]*){0,3})"
_NAME = re.compile(
    rf"\b(?:[Mm]y name is|[Mm]y name's|[Tt]his is|[Ii]'m|[Ii] am|[Ii]t's|[Nn]ame is|[Uu]nder|[Nn]ame of|for) {_PROPER}"
)
_PLACE = re.compile(rf"\b(?:in|to|at|near|from|for|around) {_PROPER}")
_LOWER_PLACE = re.compile(r"\bin ([a-z]{3,})\b")
_LEAD_IN = re.compile(
    r"^(?:(?:um|uh|oh|well|yes|sure|okay|ok|please|it's|it is|that's|that is|i'm|i am|my name is|the name is|this is|"
    r"for|in|at)[\s,.]+)+",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"(?<![\d:.])\d+(?:\.\d+)?(?![\d:]|st|nd|rd|th)")
_DIGITS = re.compile(r"\+?\d(?:[\s().,-]*\d)+")
_CODE = re.compile(r"\b(?=[A-Za-z-]*\d)[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*\b")
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_YES = {"yes", "yeah", "yep", "sure", "correct", "right", "please", "true"}
_NO = {"no", "nope", "not", "don't", "false", "never"}


@dataclass(frozen=True, slots=True)
class Filled:
    """A tool's arguments as far as they were heard, and what it still needs.

    `evidence` counts arguments that only such a request holds, `moments` the days and times of day among them.
    """

    tool: FunctionTool
    values: dict[str, Value]
    missing: tuple[Parameter, ...]
    evidence: int
    moments: int

    @property
    def arguments(self) -> str:
        """The arguments as a JSON text."""
        return msgspec.json.encode(self.values).decode()

    @property
    def question(self) -> str:
        """What to ask the caller for next."""
        kinds = [parameter.kind for parameter in self.missing]
        if kinds[:2] in ([Kind.DATE, Kind.TIME], [Kind.TIME, Kind.DATE]):
            return "For which day and at what time?"
        first = self.missing[0]
        match first.kind:
            case Kind.DATE:
                return "For which day?"
            case Kind.TIME:
                return "At what time?"
            case Kind.DATE_TIME:
                return "For which day and at what time?"
            case Kind.CHOICE:
                choices = [choice.replace("_", " ") for choice in first.choices]
                return f"Which {first.in_words}: {spoken_list(choices, 'or')}?"
            case Kind.NAME:
                return "May I have your name?" if first.name.endswith("name") else f"Who is the {first.in_words}?"
            case Kind.BOOLEAN:
                return f"{first.in_words.capitalize()}: yes or no?"
            case Kind.INTEGER | Kind.NUMBER:
                return f"What number for the {first.in_words}?"
            case _:
                return f"Could you tell me the {first.in_words}?"


def fill(
    tool: FunctionTool, heard: list[str], today: date, *, asked: str = "", earlier: dict[str, Value] | None = None
) -> Filled:
    """The arguments of a tool from the caller's words, the newest last.

    `asked` names the parameter that the last words answer; `earlier` holds values to fall back on.
    """
    values: dict[str, Value] = {}
    evidence = moments = 0
    needed = []
    for parameter in parameters(tool):
        value = _search(parameter, heard, today, asked)
        if value is not None:
            evidence += parameter.kind not in (Kind.UTTERANCE, Kind.BOOLEAN)
            moments += parameter.kind in (Kind.DATE, Kind.TIME)
        elif earlier is not None:
            value = earlier.get(parameter.name)
        if value is not None:
            values[parameter.name] = value
        elif parameter.is_required:
            needed.append(parameter)
    return Filled(tool, values, tuple(needed), evidence, moments)


def _search(parameter: Parameter, heard: list[str], today: date, asked: str) -> Value | None:
    for index, text in enumerate(reversed(heard)):
        is_answer = index == 0 and parameter.name == asked
        if parameter.is_list:
            if several := _several(parameter, text):
                return several
            continue
        value = _value(parameter, text, today)
        if value is None and is_answer:
            value = _answer(parameter, text)
        if value is not None:
            return value
    if parameter.kind is Kind.UTTERANCE and parameter.is_required and heard:
        return heard[-1].strip() or None
    return None


def _value(parameter: Parameter, text: str, today: date) -> Value | None:
    match parameter.kind:
        case Kind.DATE:
            return found_date.day.isoformat() if (found_date := find_date(text, today)) else None
        case Kind.TIME:
            return f"{found_time.time:%H:%M}" if (found_time := find_time(_without_date(text, today))) else None
        case Kind.DATE_TIME:
            return _date_time(text, today)
        case Kind.CHOICE:
            return _choice(parameter, text)
        case Kind.INTEGER | Kind.NUMBER:
            return _number(parameter, text, today)
        case Kind.BOOLEAN:
            return _boolean(parameter, text)
        case Kind.NAME:
            return _proper(_NAME, text)
        case Kind.PLACE:
            return _place(text)
        case Kind.PHONE:
            digits = re.sub(r"[^\d+]", "", found[0]) if (found := _DIGITS.search(with_digits(text))) else ""
            return digits if len(digits) >= 6 else None
        case Kind.EMAIL:
            said = re.sub(r"\s+dot\s+", ".", re.sub(r"\s+at\s+", "@", text, flags=re.IGNORECASE), flags=re.IGNORECASE)
            return found[0].rstrip(".").lower() if (found := _EMAIL.search(said)) else None
        case Kind.CODE:
            return _code(text, today)
        case Kind.UTTERANCE | Kind.WORD:
            return _named_word(parameter, text)


def _answer(parameter: Parameter, text: str) -> Value | None:
    """The whole of a short answer to a question for this parameter."""
    answer = _LEAD_IN.sub("", text.strip()).strip(" .,!?")
    match parameter.kind:
        case Kind.BOOLEAN:
            said = set(words(text))
            return True if said & _YES and not said & _NO else False if said & _NO else None
        case (
            Kind.INTEGER | Kind.NUMBER | Kind.DATE | Kind.TIME | Kind.DATE_TIME | Kind.CHOICE | Kind.PHONE | Kind.EMAIL
        ):
            return None
        case Kind.CODE:
            return re.sub(r"\s+", "", with_digits(answer)) or None
        case _:
            return answer or None


def _several(parameter: Parameter, text: str) -> list[str | int | float] | None:
    if parameter.kind is Kind.CHOICE:
        return [choice for choice in parameter.choices if _mentions(choice, text)] or None
    if parameter.kind is Kind.INTEGER:
        return [int(float(number)) for number in _NUMBER.findall(with_digits(text))] or None
    value = _named_word(parameter, text)
    return [*re.split(r",\s*|\s+and\s+", value)] if value else None


def _date_time(text: str, today: date) -> str | None:
    day, moment = find_date(text, today), find_time(_without_date(text, today))
    if day is None or moment is None:
        return None
    return datetime.combine(day.day, moment.time).isoformat(timespec="seconds")


def _without_date(text: str, today: date) -> str:
    found = find_date(text, today)
    return (
        plain(text).replace(found.words, " ", 1) if found and not found.words.startswith(("this ", "tonight")) else text
    )


def _choice(parameter: Parameter, text: str) -> str | None:
    mentioned = [choice for choice in parameter.choices if _mentions(choice, text)]
    if mentioned:
        return max(mentioned, key=len)
    return parameter.choices[0] if parameter.is_required and len(parameter.choices) == 1 else None


def _mentions(choice: str, text: str) -> bool:
    said = {concept(word) for word in words(with_digits(text))} | set(words(text))
    choice_words = words(choice.replace("-", " "))
    return bool(choice_words) and all(word in said or concept(word) in said for word in choice_words)


def _number(parameter: Parameter, text: str, today: date) -> int | float | None:
    said = plain(text)
    for found in (find_date(text, today), find_time(text)):
        if found is not None:
            said = said.replace(found.words, " ")
    candidates = list(_NUMBER.finditer(said))
    about = keywords(f"{parameter.in_words} {parameter.description}") | {"people", "person", "guest"}
    near = [match for match in candidates if keywords(said[match.end() : match.end() + 16].partition(",")[0]) & about]
    chosen = next(iter(near or candidates), None)
    if chosen is None:
        return None
    return int(float(chosen[0])) if parameter.kind is Kind.INTEGER else float(chosen[0])


def _boolean(parameter: Parameter, text: str) -> bool | None:
    if not keywords(parameter.in_words) & keywords(text):
        return None
    return not set(words(text)) & _NO


def _proper(pattern: re.Pattern[str], text: str) -> str | None:
    for found in pattern.finditer(text):
        name = " ".join(word for word in found[1].replace(",", " ").split() if word.lower() not in _NOT_A_NAME)
        if name:
            return name.removesuffix("'s")
    return None


def _place(text: str) -> str | None:
    if place := _proper(_PLACE, text):
        return place
    found = _LOWER_PLACE.search(text)
    return (
        found[1].capitalize() if found and keywords(found[1]) and found[1] not in ("minutes", "hours", "days") else None
    )


def _code(text: str, today: date) -> str | None:
    said = with_digits(text)
    for found in (find_date(text, today), find_time(text)):
        if found is not None:
            said = re.sub(re.escape(found.words), " ", said, flags=re.IGNORECASE)
    # "one two three" is said digit by digit.
    joined = re.sub(r"(?<=\d)[\s-]+(?=\d)", "", re.sub(r"\b([A-Za-z])[\s-]+(?=\d)", r"\1", said))
    found_codes: list[str] = _CODE.findall(joined)
    return max(found_codes, key=len).upper() if found_codes else None


def _named_word(parameter: Parameter, text: str) -> str | None:
    """What follows the parameter's own name: "topic is billing", "about billing"."""
    pattern = rf"\b{re.escape(parameter.in_words)}\b(?:\s+(?:is|of|for|to|about)|\s*:)\s+([^.?!]+)"
    found = re.search(pattern, text, re.IGNORECASE)
    return found[1].strip() if found else None

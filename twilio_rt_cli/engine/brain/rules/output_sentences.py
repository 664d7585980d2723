"""Tool outputs as sentences: JSON of any shape, or plain text, said the way a person would."""

import re
from datetime import date, datetime, time

import msgspec

from twilio_rt_cli.engine.brain.rules.moments import spoken_date, spoken_time
from twilio_rt_cli.engine.brain.rules.words import sentence, spoken_list, words

_MESSAGES = ("message", "say", "speech", "answer", "text", "summary", "reply", "result", "output")
_ERRORS = ("error", "errors", "error_message")
_VERDICTS = ("available", "is_available", "free", "is_free")
_MOST = 6
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}$")
_TIME = re.compile(r"([01]?\d|2[0-3]):[0-5]\d(:\d{2})?$")
_DATE_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}")
_MARKUP = re.compile(r"[*_`#>|]+")

Json = object


def output_sentence(output: str) -> str:
    """What to say when a tool gave `output`; never empty."""
    try:
        value: Json = msgspec.json.decode(output)
    except (msgspec.DecodeError, UnicodeError):
        return sentence(" ".join(_MARKUP.sub(" ", output).split())) or "That is done."
    return _sentence(value)


def _sentence(value: Json) -> str:
    match value:
        case None | "" | True:
            return "That is done."
        case False:
            return "I'm sorry, that did not work."
        case []:
            return "I found nothing."
        case dict():
            return _object_sentences({str(key): part for key, part in value.items()})
        case list():
            return sentence(f"I found {_listed(value)}")
        case _:
            return sentence(_phrase(value))


def _object_sentences(fields: dict[str, Json]) -> str:
    for key in _ERRORS:
        if error := fields.get(key):
            detail = error.get("message", "") if isinstance(error, dict) else "" if error is True else error
            reason = _phrase(detail) if detail else _phrase(fields.get("message", ""))
            return f"I'm sorry, that did not work. {sentence(reason)}".strip()
    for key in _MESSAGES:
        message = fields.get(key)
        if isinstance(message, str) and message.strip():
            return sentence(message)
        if key in ("result", "output") and isinstance(message, (dict, list)) and message:
            return _sentence(message)
    verdict = next((key for key in _VERDICTS if isinstance(fields.get(key), bool)), None)
    if verdict is not None:
        return _availability_sentences(fields, verdict)
    sentences = [text for key, part in fields.items() if (text := _field_sentence(key, part, fields))]
    return " ".join(sentences) or "That is done."


def _availability_sentences(fields: dict[str, Json], verdict: str) -> str:
    when = _moment(fields)
    if fields[verdict] is True:
        said = [f"Yes, {when} is free." if when else "Yes, that is free."]
    else:
        said = [f"I'm sorry, {when} is not free." if when else "I'm sorry, that is not free."]
    if isinstance(reason := fields.get("reason"), str):
        said.append(sentence(reason))
    for key, part in fields.items():
        if key not in (verdict, "date", "day", "time", "start", "reason") and isinstance(part, list) and part:
            if fields[verdict] is True:
                continue
            said.append(sentence(f"{_label(key)} are {_listed(part)}"))
    return " ".join(said)


def _field_sentence(key: str, value: Json, fields: dict[str, Json]) -> str:
    if value is None or key in ("id", "status_code", "ok", "success") or key.endswith("_id"):
        return ""
    if isinstance(value, list):
        when = f" on {_phrase(day)}" if _is_date(day := fields.get("date") or fields.get("day")) else ""
        if not value:
            return sentence(f"there are no {_label(key)}{when}")
        return sentence(f"the {_label(key)}{when} {'is' if len(value) == 1 else 'are'} {_listed(value)}")
    if key in ("date", "day") and any(isinstance(part, list) for part in fields.values()):
        return ""
    if isinstance(value, bool):
        return sentence(f"{_label(key)}: {'yes' if value else 'no'}")
    if isinstance(value, dict):
        return sentence(f"the {_label(key)}: {_compact(value)}")
    return sentence(f"the {_label(key)} is {_phrase(value)}")


def _moment(fields: dict[str, Json]) -> str:
    day, moment = fields.get("date") or fields.get("day"), fields.get("time") or fields.get("start")
    said = [_phrase(day)] if day else []
    if moment:
        said.append(f"at {_phrase(moment)}" if said and _TIME.match(str(moment)) else _phrase(moment))
    return " ".join(said)


def _listed(values: list[Json]) -> str:
    said = [_compact(value) if isinstance(value, dict) else _phrase(value) for value in values[:_MOST]]
    if len(values) > _MOST:
        said.append(f"{len(values) - _MOST} more")
    return spoken_list(said)


def _compact(fields: dict[str, Json]) -> str:
    plain = {str(key): part for key, part in fields.items() if part is not None and not str(key).endswith("id")}
    if moment := _moment(plain):
        rest = [_phrase(part) for key, part in plain.items() if key not in ("date", "day", "time", "start", "end")]
        return ", ".join([moment, *[part for part in rest if part]])
    return ", ".join(_phrase(part) for part in plain.values())


def _phrase(value: Json) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case float() if value.is_integer():
            return str(int(value))
        case list():
            return _listed(value)
        case dict():
            return _compact(value)
        case str():
            return _spoken(value.strip())
        case _:
            return str(value)


def _spoken(text: str) -> str:
    try:
        if _DATE.match(text):
            return spoken_date(date.fromisoformat(text))
        if _TIME.match(text):
            hour, minute = text.split(":")[:2]
            return spoken_time(time(int(hour), int(minute)))
        if _DATE_TIME.match(text):
            moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
            return f"{spoken_date(moment.date())} at {spoken_time(moment.time())}"
    except ValueError:
        return text
    return text.replace("_", " ") if re.fullmatch(r"[a-z]+(_[a-z]+)+", text) else text


def _is_date(value: Json) -> bool:
    return isinstance(value, str) and bool(_DATE.match(value))


def _label(key: str) -> str:
    return " ".join(words(key))

"""Keys that the caller pressed: how the conversation names them, and the tool that takes them.

The bridge names them in a caller's text; whatever else uses the engine may write the same sentence.
"""

import re
from collections.abc import Sequence

import msgspec

from twilio_rt_cli.engine.brain.rules.schema import Kind, Parameter, parameters
from twilio_rt_cli.engine.brain.rules.words import words
from twilio_rt_cli.engine.session.config import FunctionTool
from twilio_rt_cli.engine.session.prompt import ToolCall

_NOTE = re.compile(r"\bThe caller pressed these keys on the phone: ([0-9A-D*#]+)(?!\w)\.?")
_ABOUT_KEYS = {"digit", "digits", "dtmf", "key", "keys", "keypad", "keypress", "pin", "pressed"}
_NAMES = {
    **{"0": "zero", "1": "one", "2": "two", "3": "three", "4": "four", "5": "five", "6": "six", "7": "seven"},
    **{"8": "eight", "9": "nine", "*": "star", "#": "pound"},
}


def pressed_keys(text: str) -> str:
    """The keys in a text that names keys alone; empty when it says anything else."""
    return "" if _NOTE.sub("", text).strip() else "".join(_NOTE.findall(text))


def with_keys_typed(text: str) -> str:
    """The text with the keys in place of the sentence that names them, without the # that ends a number."""
    return _NOTE.sub(lambda found: found[1].rstrip("#"), text).strip()


def keys_sentence(keys: str) -> str:
    """The sentence that says which keys were heard."""
    return f"You pressed {', '.join(_NAMES.get(key, key) for key in keys)}."


def call_with_keys(tools: Sequence[FunctionTool], keys: str) -> ToolCall | None:
    """The call of the first tool that is about keys, or has them as a choice, and needs nothing else."""
    typed = keys.rstrip("#")
    for tool in tools:
        known = parameters(tool)
        for parameter in known:
            needs_more = any(other.is_required for other in known if other is not parameter)
            if not needs_more and _takes(parameter, typed):
                value = int(typed) if parameter.kind is Kind.INTEGER else typed
                return ToolCall(tool.name, msgspec.json.encode({parameter.name: value}).decode())
    return None


def _takes(parameter: Parameter, typed: str) -> bool:
    if not typed or parameter.is_list:
        return False
    if parameter.kind is Kind.CHOICE:
        return typed in parameter.choices
    is_about_keys = bool(_ABOUT_KEYS & {*words(parameter.name), *words(parameter.description)})
    if parameter.kind is Kind.INTEGER:
        return is_about_keys and typed.isdigit()
    return is_about_keys and parameter.kind in (Kind.WORD, Kind.CODE, Kind.UTTERANCE, Kind.PHONE)

"""What the session answers to a client event it does not accept: `RefusedError`, worded like the original's errors.

Codes and sentences follow what OpenAI's server is known to say (OpenAI Realtime, "error" event). Where no report of the
original's wording was found, the code is our best guess in the same manner.
"""

import re

import msgspec

_FIELD = re.compile(r"(?P<kind>unknown|required) field `(?P<name>[^`]*)`")
_BOUND = re.compile(
    r"Expected `(?P<what>int|float|str|array|object)`(?: of length)? (?P<sign>>=|<=|>|<) (?P<bound>\S+)"
)
_TYPES = re.compile(r"Expected `(?P<want>[^`]*)`")
_PATH = re.compile(r" - at `\$\.?(?P<path>.*)`$")
_STEP = re.compile(r"[^.\[\]]+")
_NUMBER = {"int": "integer", "float": "decimal"}
_TYPE_NAMES = {
    "bool": "a boolean",
    "int": "an integer",
    "float": "a decimal",
    "str": "a string",
    "array": "an array",
    "object": "an object",
    "null": "null",
}
INVALID_REQUEST = "invalid_request_error"


class RefusedError(Exception):
    """A client event was not accepted; nothing of it took effect."""

    def __init__(
        self, message: str, code: str | None = None, *, param: str | None = None, kind: str = INVALID_REQUEST
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.param = param
        self.kind = kind


def missing(param: str) -> RefusedError:
    """A required parameter is not there."""
    return RefusedError(f"Missing required parameter: '{param}'.", "missing_required_parameter", param=param)


def unknown(param: str) -> RefusedError:
    """A key that the protocol does not know."""
    return RefusedError(f"Unknown parameter: '{param}'.", "unknown_parameter", param=param)


def invalid_value(param: str, value: object, supported: tuple[str, ...] = ()) -> RefusedError:
    """A value outside of the accepted set, which is listed when known."""
    shown = "null" if value is None else value if isinstance(value, str) else msgspec.json.encode(value).decode()
    message = f"Invalid value: '{shown}'."
    if supported:
        quoted = [f"'{name}'" for name in supported]
        listed = quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])}, and {quoted[-1]}"
        message += f" Supported values are: {listed}."
    return RefusedError(message, "invalid_value", param=param)


def from_validation(
    error: msgspec.ValidationError, document: object, supported: dict[str, tuple[str, ...]]
) -> RefusedError:
    """The refusal that says what msgspec found wrong in `document`; `supported`: values by the path's last names."""
    text = str(error)
    path_match = _PATH.search(text)
    path = path_match["path"] if path_match else ""
    if field := _FIELD.search(text):
        name = f"{path}.{field['name']}" if path else field["name"]
        return unknown(name) if field["kind"] == "unknown" else missing(name)
    value = _value_at(document, path)
    if bound := _BOUND.search(text):
        return _out_of_bounds(path, bound, value)
    if types := _TYPES.search(text):
        want = " or ".join(_TYPE_NAMES.get(name, name) for name in types["want"].split(" | ") if name != "null")
        message = f"Invalid type for '{path}': expected {want}, but got {_type_name(value)} instead."
        return RefusedError(message, "invalid_type", param=path or None)
    values = next((names for suffix, names in supported.items() if path.endswith(suffix)), ())
    return invalid_value(path, value, values)


def _out_of_bounds(path: str, bound: re.Match[str], value: object) -> RefusedError:
    above = bound["sign"].startswith("<")
    if what := _NUMBER.get(bound["what"]):
        side = "above maximum" if above else "below minimum"
        expected = f"Expected a value {bound['sign']} {bound['bound']}, but got {value} instead."
        code = f"{what}_{'above_max' if above else 'below_min'}_value"
        return RefusedError(f"Invalid '{path}': {what} {side} value. {expected}", code, param=path)
    what = {"str": "string", "array": "array", "object": "object"}[bound["what"]]
    length = len(value) if isinstance(value, (str, list, dict)) else 0
    side, limit = ("long", "maximum") if above else ("short", "minimum")
    expected = f"Expected {limit} length {bound['bound']}, but got length {length} instead."
    code = f"{what}_{'above_max' if above else 'below_min'}_length"
    return RefusedError(f"Invalid '{path}': {what} too {side}. {expected}", code, param=path)


def _value_at(document: object, path: str) -> object:
    for step in _STEP.findall(path):
        if isinstance(document, dict):
            document = document.get(step)
        elif isinstance(document, list) and step.isdigit() and int(step) < len(document):
            document = document[int(step)]
        else:
            return None
    return document


def _type_name(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int():
            return "an integer"
        case float():
            return "a decimal"
        case str():
            return "a string"
        case list():
            return "an array"
        case _:
            return "an object"

"""A tool's parameters, read from their JSON Schema as far as the rules can fill them."""

from dataclasses import dataclass
from enum import Enum

import msgspec
from msgspec import UNSET, Struct, UnsetType, field

from twilio_rt_cli.engine.brain.rules.words import words
from twilio_rt_cli.engine.session.config import FunctionTool


class Kind(Enum):
    """What sort of answer a parameter wants."""

    DATE = "date"
    TIME = "time"
    DATE_TIME = "date and time"
    CHOICE = "choice"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "yes or no"
    NAME = "name"
    PLACE = "place"
    PHONE = "phone number"
    EMAIL = "email address"
    CODE = "code"
    UTTERANCE = "what was said"
    WORD = "word"


class JsonSchema(Struct, frozen=True):
    """The keys of a JSON Schema that the rules read; all others are ignored."""

    type: str | list[str] | None = None
    title: str = ""
    description: str = ""
    format: str | None = None
    enum: list[object] | None = None
    const: object | UnsetType = UNSET
    any_of: "list[JsonSchema] | None" = field(default=None, name="anyOf")
    all_of: "list[JsonSchema] | None" = field(default=None, name="allOf")
    ref: str | None = field(default=None, name="$ref")
    defs: "dict[str, JsonSchema]" = field(default_factory=dict, name="$defs")
    items: "JsonSchema | None" = None
    properties: "dict[str, JsonSchema]" = field(default_factory=dict)
    required: list[str] = field(default_factory=list)
    default: object | UnsetType = UNSET


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a tool."""

    name: str
    kind: Kind
    description: str
    choices: tuple[str, ...]
    is_required: bool
    is_list: bool

    @property
    def in_words(self) -> str:
        """Its name in words."""
        return " ".join(words(self.name))


# By the last word of a parameter's name, else by any word of it.
_NAMED_KINDS = (
    (Kind.EMAIL, {"email", "mail"}),
    (Kind.PHONE, {"phone", "telephone", "mobile", "cell"}),
    (Kind.DATE, {"date", "day"}),
    (Kind.TIME, {"time", "hour"}),
    (Kind.NAME, {"name", "caller", "customer", "patient", "guest", "person", "who"}),
    (Kind.PLACE, {"city", "place", "location", "town", "destination", "origin", "country", "state", "region"}),
    (Kind.CODE, {"number", "id", "code", "reference", "sku", "zip", "postcode"}),
    (
        Kind.UTTERANCE,
        {
            *(
                "query",
                "question",
                "text",
                "message",
                "reason",
                "note",
                "notes",
                "topic",
                "request",
                "issue",
                "problem",
            ),
            *("search", "input", "prompt", "subject", "content", "summary", "comment", "details"),
        },
    ),
)


def parameters(tool: FunctionTool) -> list[Parameter]:
    """The parameters of a tool in their order; empty when its schema cannot be read."""
    try:
        schema = msgspec.convert(tool.parameters, JsonSchema)
    except msgspec.ValidationError:
        return []
    return [
        _parameter(name, _resolved(part, schema), part, name in schema.required)
        for name, part in schema.properties.items()
    ]


def _parameter(name: str, schema: JsonSchema, outer: JsonSchema, is_required: bool) -> Parameter:
    is_list = _type(schema) == "array"
    inner = schema.items if is_list and schema.items is not None else schema
    choices = tuple(str(value) for value in inner.enum or () if value is not None)
    if inner.const is not UNSET:
        choices = (str(inner.const),)
    description = outer.description or schema.description
    # Strict schemas call everything required, also what has a default.
    needed = is_required and outer.default is UNSET and not _allows_null(outer)
    return Parameter(name, _kind(name, description, inner, choices), description, choices, needed, is_list)


def _kind(name: str, description: str, schema: JsonSchema, choices: tuple[str, ...]) -> Kind:
    if choices:
        return Kind.CHOICE
    simple = {"boolean": Kind.BOOLEAN, "integer": Kind.INTEGER, "number": Kind.NUMBER}.get(_type(schema))
    formats = {"date": Kind.DATE, "time": Kind.TIME, "date-time": Kind.DATE_TIME, "email": Kind.EMAIL}
    if kind := simple or formats.get(schema.format or ""):
        return kind
    if "YYYY-MM-DD" in description:
        return Kind.DATE_TIME if "HH:MM" in description else Kind.DATE
    if "HH:MM" in description:
        return Kind.TIME
    named = words(name)
    if {"date", "time"} <= set(named) or "datetime" in named:
        return Kind.DATE_TIME
    by_all = next((kind for kind, names in _NAMED_KINDS if set(named) & names), Kind.WORD)
    if by_all in (Kind.EMAIL, Kind.PHONE):
        return by_all
    return next((kind for kind, names in _NAMED_KINDS if set(named[-1:]) & names), by_all)


def _resolved(schema: JsonSchema, root: JsonSchema) -> JsonSchema:
    """The schema behind references and behind "or null"."""
    if schema.ref is not None:
        return _resolved(root.defs.get(schema.ref.rpartition("/")[2], JsonSchema(type="string")), root)
    for options in (schema.any_of, schema.all_of):
        for option in options or ():
            if _type(option) != "null":
                return _resolved(option, root)
    return schema


def _allows_null(schema: JsonSchema) -> bool:
    if isinstance(schema.type, list) and "null" in schema.type:
        return True
    return any(option.type == "null" for option in schema.any_of or ())


def _type(schema: JsonSchema) -> str:
    if isinstance(schema.type, list):
        return next((name for name in schema.type if name != "null"), "null")
    return schema.type or ""

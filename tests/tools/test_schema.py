"""Signatures as a model sees them: names, descriptions, JSON Schema, and arguments read back."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, time
from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field

from twilio_rt_cli.errors import SettingsError
from twilio_rt_cli.tools.schema import ArgumentsError, Signature


class Size(Enum):
    SMALL = "small"
    LARGE = "large"


class Guest(BaseModel):
    """Somebody at the table."""

    name: str
    age: int | None = None
    title: str = "Mx"


class Branch(BaseModel):
    name: str
    children: list["Branch"] = []


@dataclass
class Unreadable:
    secret: object


class Opaque:
    pass


def properties(function: Callable[..., object]) -> Any:
    return Signature.of(function).parameters["properties"]


def test_name_description_and_required_come_from_the_function() -> None:
    def order_status(number: int, full: bool = False) -> str:
        """Tell where
        an order is.

        More for the reader of the code.
        """
        return f"{number} {full}"

    signature = Signature.of(order_status)
    assert signature.name == "order_status"
    assert signature.description == "Tell where an order is."
    assert signature.parameters == {
        "type": "object",
        "properties": {"number": {"type": "integer"}, "full": {"type": "boolean", "default": False}},
        "required": ["number"],
        "additionalProperties": False,
    }


def test_without_a_docstring_the_name_describes_it() -> None:
    def open_the_gate() -> None: ...

    assert Signature.of(open_the_gate).description == "open the gate"
    assert Signature.of(open_the_gate).parameters["properties"] == {}


def test_hints_become_json_schema() -> None:
    def book(
        *,
        day: date,
        at: time | None,
        size: Size,
        kind: Literal["table", "room"],
        names: list[str],
        guest: Guest,
        price: Annotated[float, Field(gt=0, description="in dollars")] = 1.5,
    ) -> None: ...

    assert properties(book) == {
        "day": {"type": "string", "format": "date"},
        "at": {"anyOf": [{"type": "string", "format": "time"}, {"type": "null"}]},
        "size": {"enum": ["small", "large"], "type": "string"},
        "kind": {"enum": ["table", "room"], "type": "string"},
        "names": {"items": {"type": "string"}, "type": "array"},
        "guest": {
            "description": "Somebody at the table.",
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "age": {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": None},
                "title": {"type": "string", "default": "Mx"},
            },
            "required": ["name"],
        },
        "price": {"type": "number", "exclusiveMinimum": 0, "default": 1.5, "description": "in dollars"},
    }


def test_a_model_that_refers_to_itself_keeps_its_reference() -> None:
    def plant(tree: Branch) -> None: ...

    schema = Signature.of(plant).parameters
    assert schema["properties"] == {"tree": {"$ref": "#/$defs/Branch"}}
    assert "Branch" in str(schema["$defs"])


def test_only_titles_of_schemas_are_left_out() -> None:
    def label(*, default: Guest, words: dict[str, str] = {"title": "x"}, title: str = "") -> None: ...  # noqa: B006

    schemas = properties(label)
    assert schemas["words"]["default"] == {"title": "x"}
    assert "title" not in schemas["words"]
    assert schemas["default"]["properties"]["name"] == {"type": "string"}
    assert schemas["title"] == {"type": "string", "default": ""}


def test_argument_lines_of_the_docstring_describe_the_parameters() -> None:
    def book(day: date, at: time, note: Annotated[str, Field(description="kept")] = "", guests: int = 1) -> None:
        """Book a table.

        Args:
            day: the date,
                as YYYY-MM-DD
            at (time): the time of day
            other: of no parameter
        Returns: nothing

        guests: how many come
        """

    told = {name: schema.get("description") for name, schema in properties(book).items()}
    assert told == {
        "day": "the date, as YYYY-MM-DD",
        "at": "the time of day",
        "note": "kept",
        "guests": "how many come",
    }


def test_arguments_are_read_into_the_types_of_the_hints() -> None:
    def book(day: date, at: time | None = None, size: Size = Size.SMALL, *, guest: Guest | None = None) -> None: ...

    read = Signature.of(book).read('{"day": "2026-03-04", "at": "10:30", "size": "large", "guest": {"name": "Ann"}}')
    assert read == {"day": date(2026, 3, 4), "at": time(10, 30), "size": Size.LARGE, "guest": Guest(name="Ann")}


def test_parameters_may_be_named_like_anything() -> None:
    def odd(
        *, copy: int, json: int, schema: int, _private: int, self: int, model_config: int, title: int = 7
    ) -> None: ...

    names = ["copy", "json", "schema", "_private", "self", "model_config"]
    text = "{" + ", ".join(f'"{name}": {index}' for index, name in enumerate(names)) + "}"
    assert list(properties(odd)) == [*names, "title"]
    assert Signature.of(odd).read(text) == {name: index for index, name in enumerate(names)}


def test_a_default_that_json_cannot_show_still_works() -> None:
    marker = Unreadable(object())

    def look(where: Annotated[str, Field(description="a place")] = marker) -> None:  # type: ignore[assignment]
        ...

    assert properties(look) == {"where": {"type": "string", "description": "a place"}}
    assert Signature.of(look).read("{}") == {}


def test_what_was_left_out_is_the_functions_own_default() -> None:
    def book(day: date, at: time | None = None, size: Size = Size.SMALL) -> None: ...

    read = Signature.of(book).read('{"day": "2026-03-04", "at": null}')
    assert read == {"day": date(2026, 3, 4), "at": None}


@pytest.mark.parametrize("blank", ["", "  ", "{}"])
def test_blank_text_is_no_arguments(blank: str) -> None:
    def ring(times: int = 2) -> None: ...

    assert Signature.of(ring).read(blank) == {}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("{}", "day: Field required"),
        ('{"day": "soon"}', "day: Input should be a valid date"),
        ('{"day": "2026-02-30"}', "day: Input should be a valid date"),
        ('{"day": "2026-03-04", "size": "huge"}', "size: Input should be 'small' or 'large'"),
        ('{"day": "2026-03-04", "guest": {"age": "x"}}', "guest.name: Field required; guest.age: Input should be"),
        ('{"day": "2026-03-04", "colour": 1}', "colour: Extra inputs are not permitted"),
        ("[]", "Input should be an object"),
        ("null", "Input should be an object"),
        ("not json", "Invalid JSON"),
        ('{"day": "2026-03-04"', "Invalid JSON"),
        ("[" * 100_000, "Invalid JSON"),
        ('{"day": "\ud800"}', "as a unicode string"),
    ],
)
def test_wrong_arguments_are_told_by_name(arguments: str, told: str) -> None:
    def book(day: date, size: Size = Size.SMALL, guest: Guest | None = None) -> None: ...

    with pytest.raises(ArgumentsError) as caught:
        Signature.of(book).read(arguments)
    assert str(caught.value).startswith(told) or told in str(caught.value)
    assert len(str(caught.value)) < 300


def test_only_the_first_problems_are_told() -> None:
    def pay(cents: int) -> None: ...

    extras = ", ".join(f'"extra{index}": 1' for index in range(100))
    with pytest.raises(ArgumentsError) as caught:
        Signature.of(pay).read("{" + extras + "}")
    assert str(caught.value).count(";") == 4


def test_what_was_given_is_not_told() -> None:
    def pay(card: int) -> None: ...

    with pytest.raises(ArgumentsError) as caught:
        Signature.of(pay).read('{"card": "4111-1111"}')
    assert "4111" not in str(caught.value)


def test_a_signature_that_a_model_could_not_call_is_refused() -> None:
    def untyped(day) -> None: ...  # type: ignore[no-untyped-def]

    def many(*days: date) -> None: ...

    def extra(**days: date) -> None: ...

    def positional(day: date, /) -> None: ...

    def opaque(thing: Opaque) -> None: ...

    def callback(thing: Callable[[], None]) -> None: ...

    def missing(thing: "NotThere") -> None: ...  # type: ignore[name-defined]  # noqa: F821

    refused: dict[Callable[..., object], str] = {
        untyped: 'parameter "day" of tool "untyped" has no type hint',
        many: 'tool "many" takes *days: datetime.date, which a model cannot pass by name',
        extra: 'tool "extra" takes **days',
        positional: 'tool "positional" takes day: datetime.date, which',
        opaque: 'the type hints of tool "opaque" make no JSON Schema',
        callback: 'the type hints of tool "callback" make no JSON Schema',
        missing: "the signature of tool \"missing\" cannot be read: name 'NotThere' is not defined",
    }
    for function, told in refused.items():
        with pytest.raises(SettingsError) as caught:
            Signature.of(function)
        assert told in caught.value.message


def test_a_name_that_the_model_could_not_say_is_refused() -> None:
    with pytest.raises(SettingsError, match="no name for a tool"):
        Signature.of(lambda: None)

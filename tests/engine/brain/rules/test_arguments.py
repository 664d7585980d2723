"""Arguments from what was heard, by the schema's types, formats and names."""

import pytest

from tests.engine.brain.rules.toolbox import AVAILABILITY, MONDAY, TABLE, TRANSFER, tool
from twilio_rt_cli.engine.brain.rules.arguments import fill


def one(said: str, schema: object, name: str = "it", **options: object) -> object:
    """What one required parameter gets out of what was said."""
    given = tool("t", "", (name,), **{name: schema})
    asked = name if options.get("asked") else ""
    return fill(given, [said], MONDAY, asked=asked).values.get(name)


TEXT = {"type": "string"}


@pytest.mark.parametrize(
    ("name", "schema", "said", "value"),
    [
        ("date", TEXT, "next Friday", "2026-11-27"),
        ("at", {"type": "string", "format": "time"}, "Friday at half past nine", "09:30"),
        ("when", {"type": "string", "format": "date-time"}, "Friday at ten", "2026-11-27T10:00:00"),
        ("day", {"type": "string", "description": "as YYYY-MM-DD"}, "on December third", "2026-12-03"),
        ("at", {"anyOf": [{"type": "string", "format": "time"}, {"type": "null"}]}, "at two", "14:00"),
        ("size", {"type": "string", "enum": ["small", "extra_large"]}, "an extra large one", "extra_large"),
        ("count", {"type": "integer"}, "twenty-five of them", 25),
        ("guests", {"type": "integer"}, "tomorrow at seven for four guests", 4),
        ("amount", {"type": "number"}, "12.5 dollars", 12.5),
        ("name", TEXT, "Hi, my name is Anna Jones.", "Anna Jones"),
        ("city", TEXT, "the weather in New York City today", "New York City"),
        ("city", TEXT, "the weather in boston", "Boston"),
        ("phone_number", TEXT, "call me at five five five, one two three four", "5551234"),
        ("email", TEXT, "it's anna dot jones at example dot com", "anna.jones@example.com"),
        ("order_number", TEXT, "my order is A B one two three", "B123"),
        ("question", TEXT, "Why is the sky blue?", "Why is the sky blue?"),
        ("color", TEXT, "The color is dark red.", "dark red"),
        ("vegan", {"type": "boolean"}, "I want the vegan one", True),
        ("vegan", {"type": "boolean"}, "not vegan", False),
        ("days", {"type": "array", "items": {"enum": ["monday", "friday"]}}, "Friday or Monday", ["monday", "friday"]),
        ("ref", {"$ref": "#/$defs/x"}, "nothing of it", None),
    ],
)
def test_values_are_found_by_type_format_and_name(name: str, schema: object, said: str, value: object) -> None:
    assert one(said, schema, name) == value


@pytest.mark.parametrize(
    ("name", "schema", "said", "value"),
    [
        ("name", TEXT, "It's Smith.", "Smith"),
        ("color", TEXT, "Um, green please.", "green please"),
        ("vegan", {"type": "boolean"}, "Yes.", True),
        ("vegan", {"type": "boolean"}, "No, thanks.", False),
        ("time", TEXT, "Three.", "15:00"),
    ],
)
def test_a_short_answer_to_a_question_counts_as_a_whole(name: str, schema: object, said: str, value: object) -> None:
    assert one(said, schema, name, asked=True) == value


def test_the_newest_words_win_and_older_ones_fill_up() -> None:
    filled = fill(AVAILABILITY, ["Tuesday at three", "no, Wednesday"], MONDAY)
    assert filled.values == {"date": "2026-11-25", "time": "15:00"}


def test_references_into_defs_are_followed() -> None:
    given = tool("t", "", ("size",), size={"$ref": "#/$defs/Size"})
    given.parameters["$defs"] = {"Size": {"type": "string", "enum": ["big"]}}
    assert fill(given, ["whatever"], MONDAY).values == {"size": "big"}


def test_what_has_a_default_or_may_be_null_is_not_asked_for() -> None:
    given = tool("t", "", ("a", "b"), a={"type": "string", "default": "x"}, b={"type": ["string", "null"]})
    assert fill(given, [""], MONDAY).missing == ()


@pytest.mark.parametrize(
    ("given", "said", "question"),
    [
        (AVAILABILITY, "an appointment", "For which day and at what time?"),
        (AVAILABILITY, "on Tuesday", "At what time?"),
        (AVAILABILITY, "at three", "For which day?"),
        (TRANSFER, "transfer me", "Which department: sales, customer support or billing?"),
        (TABLE, "Friday at eight p.m. for two people", "May I have your name?"),
    ],
)
def test_what_is_missing_is_asked_for(given: object, said: str, question: str) -> None:
    from twilio_rt_cli.engine.session.config import FunctionTool

    assert isinstance(given, FunctionTool)
    assert fill(given, [said], MONDAY).question == question


def test_a_schema_that_cannot_be_read_has_no_parameters() -> None:
    assert fill(tool("t", "", ("a",), a="not a schema"), ["x"], MONDAY).values == {}

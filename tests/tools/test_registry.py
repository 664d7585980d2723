"""Tools, how a function becomes one, the set of them, and results as text."""

import asyncio
import json
import threading
from dataclasses import dataclass
from datetime import date
from enum import Enum

import pytest
from pydantic import BaseModel

from twilio_rt_cli.errors import SettingsError
from twilio_rt_cli.tools import tool
from twilio_rt_cli.tools.registry import Tool, ToolBox, ToolDefinition, ToolError, to_text


@tool
def add(left: int, right: int = 1) -> int:
    """Add two numbers."""
    return left + right


@tool
async def where_am_i() -> str:
    """Tell the thread."""
    return threading.current_thread().name


@tool
def where_are_you() -> str:
    """Tell the thread."""
    return threading.current_thread().name


@dataclass
class Slot:
    day: date
    free: bool


class Colour(Enum):
    RED = "red"


class Note(BaseModel):
    text: str


def test_a_tool_tells_the_model_what_it_is() -> None:
    assert add.definition.to_realtime() == {
        "type": "function",
        "name": "add",
        "description": "Add two numbers.",
        "parameters": {
            "type": "object",
            "properties": {"left": {"type": "integer"}, "right": {"type": "integer", "default": 1}},
            "required": ["left"],
            "additionalProperties": False,
        },
    }


def test_the_definition_is_valid_under_the_openai_sdks_type() -> None:
    from openai.types.realtime import RealtimeFunctionTool

    assert RealtimeFunctionTool.model_validate(add.definition.to_realtime(), strict=True).name == "add"


def test_the_function_is_still_a_function() -> None:
    assert add(2, right=3) == 5
    assert isinstance(add, Tool)
    assert repr(add) == "<tool add>"


async def answer(one: Tool, arguments: str) -> str:
    return await one.handle(arguments)


def test_handle_takes_json_and_answers_with_text() -> None:
    assert asyncio.run(answer(add, '{"left": 2}')) == "3"  # right is its own default
    assert asyncio.run(answer(where_am_i, "{}")) == threading.current_thread().name


def test_a_plain_function_runs_in_a_thread_of_its_own() -> None:
    assert asyncio.run(answer(where_are_you, "{}")) == "tool"


def test_wrong_arguments_are_a_tool_error() -> None:
    with pytest.raises(ToolError, match="the arguments are wrong: left: Field required"):
        asyncio.run(answer(add, "{}"))


def test_the_box_finds_tools_by_name() -> None:
    box = ToolBox((add, where_am_i))
    assert box.get("add") is add
    assert box.get("subtract") is None
    assert [one.name for one in box.definitions] == ["add", "where_am_i"]
    assert list(box) == [add, where_am_i]
    assert len(ToolBox()) == 0


def test_a_name_comes_only_once() -> None:
    with pytest.raises(SettingsError, match='two tools are called "add"'):
        ToolBox((add, where_am_i, add))


def test_anything_with_a_definition_and_handle_is_a_tool() -> None:
    class Echo:
        definition = ToolDefinition("echo", "Say it again.", {"type": "object", "properties": {}})

        async def handle(self, arguments: str) -> str:
            return arguments

    box = ToolBox((Echo(),))
    assert asyncio.run(answer(next(iter(box)), "[1]")) == "[1]"


@pytest.mark.parametrize(
    ("result", "text"),
    [
        ("as it is", "as it is"),
        (None, "null"),
        (True, "true"),
        ([1, 2.5, "é"], '[1, 2.5, "é"]'),
        (date(2026, 3, 4), '"2026-03-04"'),
        (Slot(date(2026, 3, 4), free=True), '{"day": "2026-03-04", "free": true}'),
        ([Colour.RED, Note(text="x"), (1,), {3}], '["red", {"text": "x"}, [1], [3]]'),
        ({1: "one"}, '{"1": "one"}'),
    ],
)
def test_results_become_text(result: object, text: str) -> None:
    assert to_text(result) == text
    if not isinstance(result, str):
        json.loads(text)


def circular() -> object:
    loop: list[object] = []
    loop.append({"again": loop})
    return loop


def deep() -> object:
    nested: list[object] = []
    for _ in range(100_000):
        nested = [nested]
    return nested


@pytest.mark.parametrize(
    "result",
    [
        b"bytes",
        {"inside": b"bytes"},
        bytearray(b"x"),
        float("nan"),
        [float("inf")],
        object(),
        {(1, 2): "key"},
        circular(),
        deep(),
        Slot(day=float("nan"), free=True),  # type: ignore[arg-type]
    ],
    ids=["bytes", "inner-bytes", "bytearray", "nan", "inf", "object", "tuple-key", "circular", "deep", "inner-nan"],
)
def test_what_json_cannot_say_is_a_tool_error(result: object) -> None:
    with pytest.raises(ToolError, match="the tool's result is no JSON"):
        to_text(result)

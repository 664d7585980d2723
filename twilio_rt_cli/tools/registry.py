"""What the agent can do besides talk: tools, how a function becomes one, and the set of them that a call offers.

A tool has a definition, which the model reads, and `handle`, which takes the model's arguments as JSON text and answers
with text. `@tool` makes one of a plain or an async function:

    @tool
    def order_status(number: int) -> str:
        \"\"\"Tell where an order is.

        number: the order's number, as printed on the receipt
        \"\"\"

The name is the function's, the description its docstring's first paragraph, the JSON Schema comes from the type hints.
"""

import inspect
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, ParamSpec, Protocol, TypeVar, runtime_checkable

from pydantic_core import to_jsonable_python

from twilio_rt_cli.errors import SettingsError
from twilio_rt_cli.machine.threads import in_thread
from twilio_rt_cli.tools.schema import ArgumentsError, Schema, Signature

P = ParamSpec("P")
R = TypeVar("R")


class ToolError(Exception):
    """A tool's own refusal: its sentence goes to the model as it is. Of others it gets the type, shortened."""


@dataclass(frozen=True, slots=True)
class ToolDefinition:
    """A tool as it is described to the model."""

    name: str
    description: str
    parameters: Schema
    """JSON Schema of the arguments: an object with `properties`."""

    def to_realtime(self) -> dict[str, object]:
        """The entry in a session's `tools` (OpenAI Realtime, session object)."""
        return {
            "type": "function",
            "name": self.name,
            "description": self.description,
            "parameters": self.parameters,
        }


@runtime_checkable
class Tool(Protocol):
    """Anything that the agent can call."""

    @property
    def definition(self) -> ToolDefinition: ...

    async def handle(self, arguments: str) -> str:
        """The answer to these arguments (JSON text). Raises ToolError, or whatever goes wrong; may be cancelled."""


class FunctionTool(Generic[P, R]):
    """A function as a tool. It can still be called as the function that it is."""

    def __init__(self, function: Callable[P, R]) -> None:
        self.function = function
        signature = Signature.of(function)
        self._signature = signature
        self._definition = ToolDefinition(signature.name, signature.description, signature.parameters)
        self.is_async = inspect.iscoroutinefunction(function)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.function(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<tool {self.definition.name}>"

    @property
    def definition(self) -> ToolDefinition:
        """Its description for the model."""
        return self._definition

    async def handle(self, arguments: str) -> str:
        """The function's result as text; a plain function runs in a thread of its own. Raises as `run` does."""
        if not self.is_async:
            return await in_thread(lambda: self.run(arguments), name="tool")
        result = self._call(arguments)
        return to_text(await result if inspect.isawaitable(result) else result)

    def run(self, arguments: str) -> str:
        """A plain function's result as text, in this thread: it may block.

        Raises ToolError when arguments or result are not what they should be, and what the function raises.
        """
        return to_text(self._call(arguments))

    def _call(self, arguments: str) -> object:
        try:
            values = self._signature.read(arguments)
        except ArgumentsError as error:
            raise ToolError(f"the arguments are wrong: {error}") from error
        call: Callable[..., object] = self.function
        return call(**values)


def tool(function: Callable[P, R]) -> FunctionTool[P, R]:
    """Makes a tool of a function with typed parameters. Raises SettingsError for one that a model could not call."""
    return FunctionTool(function)


@dataclass(frozen=True, slots=True)
class ToolBox:
    """The tools of a call: a fixed set in which no name comes twice (SettingsError)."""

    tools: tuple[Tool, ...] = ()

    def __post_init__(self) -> None:
        names = [one.definition.name for one in self.tools]
        for name in names:
            if names.count(name) > 1:
                raise SettingsError(f'two tools are called "{name}"', hint="rename one of the two functions")

    @property
    def definitions(self) -> tuple[ToolDefinition, ...]:
        """The description of each for the model, in order."""
        return tuple(one.definition for one in self.tools)

    def get(self, name: str) -> Tool | None:
        """The tool of that name."""
        return next((one for one in self.tools if one.definition.name == name), None)

    def __iter__(self) -> Iterator[Tool]:
        return iter(self.tools)

    def __len__(self) -> int:
        return len(self.tools)


def to_text(result: object) -> str:
    """A tool's result as the model reads it: text as it is, anything else as JSON.

    Dates, enums, dataclasses, pydantic models and sets become what pydantic makes of them. Raises ToolError for what
    JSON cannot say: bytes, NaN, circular structures, objects of no known kind.
    """
    if isinstance(result, str):
        return result
    try:
        return json.dumps(result, default=_jsonable, allow_nan=False, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise ToolError(f"the tool's result is no JSON: {_first_line(error)}") from error


def _jsonable(value: object) -> object:
    if isinstance(value, bytes | bytearray | memoryview):
        raise TypeError("bytes")
    return to_jsonable_python(value)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:120]

"""A function's signature as a model sees it: name, description, a JSON Schema, and arguments read back by it."""

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model
from pydantic.errors import PydanticUserError
from pydantic.json_schema import GenerateJsonSchema

from twilio_rt_cli.errors import SettingsError

Schema: TypeAlias = dict[str, object]

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_ARGUMENT_LINE = re.compile(r"(?P<name>\w+)(?:\s*\([^)]*\))?\s*:\s*(?P<text>\S.*)")


class ArgumentsError(ValueError):
    """Arguments that do not fit the signature, in words that the model can act on."""


@dataclass(frozen=True, slots=True)
class Signature:
    """How a function is described to a model, and the way back from its arguments to the function's."""

    name: str
    description: str
    parameters: Schema
    _model: type[BaseModel]

    @classmethod
    def of(cls, function: Callable[..., object]) -> "Signature":
        """Reads a function. Raises SettingsError where a model could not know what to pass."""
        name = getattr(function, "__name__", "")
        if not _NAME.fullmatch(name):
            raise SettingsError(f'"{name}" is no name for a tool', hint="letters, digits and _, at most 64")
        doc = inspect.getdoc(function) or ""
        try:
            model = create_model(name, __base__=_Arguments, **_fields(name, function, doc))
            schema = model.model_json_schema(schema_generator=_Generator)
        except PydanticUserError as error:
            reason = str(error).splitlines()[0]
            raise SettingsError(f'the type hints of tool "{name}" make no JSON Schema: {reason}') from error
        description = " ".join(doc.partition("\n\n")[0].split()) or name.replace("_", " ")
        return cls(name, description, _plain(schema), model)

    def read(self, arguments: str) -> dict[str, object]:
        """The function's keyword arguments out of JSON text; blank text is no arguments. Raises ArgumentsError.

        What was left out stays out, so that the function's own default holds.
        """
        try:
            read = self._model.model_validate_json(arguments.strip() or "{}")
        except ValidationError as error:
            raise ArgumentsError(_readable(error)) from error
        fields = type(read).model_fields
        return {str(fields[key].alias): getattr(read, key) for key in read.model_fields_set}


class _Arguments(BaseModel):
    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", arbitrary_types_allowed=False)


class _Generator(GenerateJsonSchema):
    # A default that JSON cannot show stays out of the schema and still works.
    ignored_warning_kinds: ClassVar[set[Any]] = {"skipped-choice", "non-serializable-default"}  # type: ignore[misc]


def _fields(name: str, function: Callable[..., object], doc: str) -> dict[str, Any]:
    """Fields for create_model, under names that no attribute of BaseModel can clash with; the alias is the real one."""
    try:
        hints = get_type_hints(function, include_extras=True)
        parameters = inspect.signature(function).parameters
    except (NameError, TypeError, ValueError) as error:
        raise SettingsError(f'the signature of tool "{name}" cannot be read: {error}') from error
    descriptions = _described_arguments(doc, parameters)
    fields: dict[str, Any] = {}
    for index, (key, parameter) in enumerate(parameters.items()):
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise SettingsError(f'tool "{name}" takes {parameter}, which a model cannot pass by name')
        if key not in hints:
            raise SettingsError(f'parameter "{key}" of tool "{name}" has no type hint')
        default = ... if parameter.default is parameter.empty else parameter.default
        fields[f"argument_{index}"] = (hints[key], _field(default, key, descriptions.get(key)))
    return fields


def _field(default: object, alias: str, description: str | None) -> Any:
    # Without a description of its own, the field keeps what Annotated[…, Field(description=…)] says.
    return Field(default, alias=alias, description=description) if description else Field(default, alias=alias)


def _described_arguments(doc: str, parameters: Mapping[str, object]) -> dict[str, str]:
    """What the docstring says of each parameter: "name: text" below the first paragraph, and lines further in."""
    descriptions: dict[str, str] = {}
    current, indent = "", 0
    for line in doc.partition("\n\n")[2].splitlines():
        text, depth = line.strip(), len(line) - len(line.lstrip())
        match = _ARGUMENT_LINE.fullmatch(text)
        if match and match["name"] in parameters:
            current, indent = match["name"], depth
            descriptions[current] = match["text"]
        elif current and text and depth > indent:
            descriptions[current] += " " + text
        else:
            current = ""
    return descriptions


def _readable(error: ValidationError) -> str:
    """ "day: Input should be a valid date…; at: Field required", without what was given."""
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    lines = [": ".join([".".join(map(str, one["loc"])), one["msg"]]).removeprefix(": ") for one in problems[:5]]
    return "; ".join(lines)


def _plain(schema: Schema) -> Schema:
    """The schema without titles and, where nothing refers to itself, with every reference replaced by what it names."""
    definitions = schema.get("$defs")
    table = definitions if isinstance(definitions, dict) else {}
    try:
        plain = _expand(schema, table, ())
    except RecursionError:
        plain = _expand(schema, {}, ())
    else:
        plain.pop("$defs", None)
    return plain


def _expand(schema: Mapping[str, object], table: Mapping[str, Schema], open_names: tuple[str, ...]) -> Schema:
    name = str(schema.get("$ref", "")).removeprefix("#/$defs/")
    if name in open_names:
        raise RecursionError(name)
    if name in table:
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        return _expand(table[name] | beside, table, (*open_names, name))
    plain: Schema = {}
    for key, value in schema.items():
        if key in ("properties", "$defs") and isinstance(value, dict):
            plain[key] = {one: _expand(inner, table, open_names) for one, inner in value.items()}
        elif isinstance(value, dict) and key not in ("default", "const"):
            plain[key] = _expand(value, table, open_names)
        elif isinstance(value, list):
            plain[key] = [_expand(one, table, open_names) if isinstance(one, dict) else one for one in value]
        elif key != "title":
            plain[key] = value
    return plain

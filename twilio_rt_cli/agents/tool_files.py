"""The setting TOOLS made into a ToolBox: Python files and modules are imported, and their tools collected."""

import importlib
import importlib.util
import inspect
import sys
import traceback
from pathlib import Path
from types import ModuleType

from twilio_rt_cli.errors import SettingsError
from twilio_rt_cli.tools.registry import FunctionTool, Tool, ToolBox, ToolDefinition

SAMPLE = "sample"

_HINT = "TOOLS lists Python files or modules with @tool functions"


def load(specs: str = SAMPLE) -> ToolBox:
    """The tools of a list of Python files and module names, apart by commas or blanks; "" is none at all.

    "sample" is the bundled one. Raises SettingsError, naming file and line, for what cannot be imported, holds no tool,
    or brings a name a second time. Imports run the files' code: call it at start, not on the loop.
    """
    found: dict[str, Tool] = {}
    for spec in specs.replace(",", " ").split():
        for tool in _tools_of(_import(spec), spec):
            name = tool.definition.name
            if found.setdefault(name, tool) is not tool:
                raise SettingsError(
                    f'TOOLS: two tools are called "{name}": {_place(found[name])} and {_place(tool)}',
                    hint="rename one of the two functions",
                )
    return ToolBox(tuple(found.values()))


def _import(spec: str) -> ModuleType:
    if spec == SAMPLE:
        return importlib.import_module("twilio_rt_cli.agents.sample.appointments")
    try:
        if spec.endswith(".py") or "/" in spec or "\\" in spec:
            return _import_file(Path(spec).expanduser())
        _look_in(Path.cwd())
        return importlib.import_module(spec)
    except ModuleNotFoundError as error:
        if error.name and (spec == error.name or spec.startswith(error.name + ".")):
            raise SettingsError(f'TOOLS: there is no module "{spec}"', hint=_HINT) from error
        raise SettingsError(f"TOOLS: {_failure(error, spec)}", hint=_HINT) from error
    except SettingsError as error:
        raise SettingsError(f"TOOLS: {_failure(error, spec)}", hint=error.hint or _HINT) from error
    except (Exception, SystemExit) as error:  # a stranger's file: whatever stops its import is a wrong setting
        raise SettingsError(f"TOOLS: {_failure(error, spec)}", hint=_HINT) from error


def _import_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise SettingsError("there is no such file")
    path = path.resolve()
    name = f"twilio_rt_tools_{path.stem}_{abs(hash(path)):x}"
    if name in sys.modules:
        return sys.modules[name]
    source = importlib.util.spec_from_file_location(name, path)
    if source is None or source.loader is None:
        raise SettingsError("this is no Python file")
    _look_in(path.parent)
    module = importlib.util.module_from_spec(source)
    sys.modules[name] = module  # before it runs: dataclasses and type hints look their module up
    try:
        source.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _look_in(folder: Path) -> None:
    """Lets a tool file import its neighbours, also later; last in line, so that it shadows nothing."""
    if str(folder) not in sys.path:
        sys.path.append(str(folder))


def _tools_of(module: ModuleType, spec: str) -> list[Tool]:
    tools = [value for value in vars(module).values() if _is_tool(value)]
    if not tools:
        raise SettingsError(f"TOOLS: {spec} holds no tool", hint="put @tool above a function with typed parameters")
    return tools


def _is_tool(value: object) -> bool:
    return isinstance(value, Tool) and isinstance(value.definition, ToolDefinition)


def _failure(error: BaseException, spec: str) -> str:
    """ "my_tools.py, line 3: NameError: …": the last line of the stranger's own code before it failed."""
    message = str(error) if isinstance(error, SettingsError) else f"{type(error).__name__}: {error}"
    if isinstance(error, SyntaxError):
        return f"{error.filename or spec}, line {error.lineno}: {type(error).__name__}: {error.msg}"
    ours = str(Path(__file__).parents[1])
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith(ours) and "importlib" not in frame.filename
    ]
    own = [frame for frame in frames if frame.filename == frames[0].filename]
    return f"{own[-1].filename}, line {own[-1].lineno}: {message}" if own else f"{spec}: {message}"


def _place(tool: Tool) -> str:
    if not isinstance(tool, FunctionTool):
        return type(tool).__name__
    function = inspect.unwrap(tool.function)
    return f"{inspect.getsourcefile(function)}, line {function.__code__.co_firstlineno}"

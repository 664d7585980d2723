"""Runs one tool call to an outcome, whatever the tool does: in time, bounded in size, and never an exception.

Async tools run on the loop, plain functions in threads. A tool that overruns its time is asked to stop and left behind:
an async one is cancelled, a thread is abandoned. What goes wrong becomes `{"error": …}` for the model to read.
"""

import asyncio
import json
import re
import time
from dataclasses import dataclass

from twilio_rt_cli.machine.threads import Threads, TooManyThreadsError
from twilio_rt_cli.output.words import cut
from twilio_rt_cli.tools.registry import FunctionTool, Tool, ToolBox, ToolError

MAX_THREADS = 32

_ERROR_CHARS = 200
# What an exception's message may carry that neither the model nor the caller should hear.
_PRIVATE = re.compile(
    r"""
      \bauthorization['"]?\s*[:=]\s*['"]?(?:bearer\s+|basic\s+)?[^\s'",;]+
    | \b(?:bearer|basic)\s+[\w.~+/=-]{8,}
    | \b[\w-]*(?:password|passwd|secret|token|key)['"]?\s*[:=]\s*['"]?[^\s'",;]+
    | (?<=://)[^\s/@]+(?=@)                       # user:password@ in a URL
    | \b(?:sk|pk|rk|ghp|xox[abp])[-_][\w-]{8,}    # keys that well-known services give out
    | \b(?=[\w+/=-]*\d)[\w+=-]{24,}              # anything long and random
    | (?<![\w:/])~?(?:/[\w.@+-]+){2,}/?          # paths
    | \b[a-z]:\\[^\s'"]+
    """,
    re.IGNORECASE | re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class ToolOutcome:
    """How a tool call ended."""

    output: str
    """What the model gets: the tool's text, or JSON `{"error": …}`."""
    ok: bool
    elapsed_ms: float
    error: str | None = None
    """Why it failed, in one line without secrets; None when it did not."""


class ToolRunner:
    """Runs the tools of a ToolBox by name. One runner serves all calls, so that they share its bounded threads."""

    def __init__(
        self, toolbox: ToolBox, timeout_s: float = 10.0, max_output_chars: int = 16_384, max_threads: int = MAX_THREADS
    ) -> None:
        self.toolbox = toolbox
        self._timeout_s = timeout_s
        self._max_output_chars = max_output_chars
        self._threads = Threads(max_threads, name="tool")
        self._left_behind: set[asyncio.Future[str]] = set()

    @property
    def abandoned(self) -> int:
        """Threads still busy with a tool that overran its time or whose call ended."""
        return self._threads.abandoned

    async def run(self, name: str, arguments: str) -> ToolOutcome:
        """The outcome of tool `name` with these arguments (JSON text). Raises nothing but CancelledError."""
        started_at = time.perf_counter()
        output, error = "", None
        try:
            output = self._checked(await self._answer(name, arguments))
        except ToolError as refusal:
            error = _clean(str(refusal))
        except TooManyThreadsError as refusal:
            error = str(refusal)
        except Exception as failure:  # noqa: BLE001 - a stranger's code: all it raises is an answer to the model
            error = _description(failure)
        elapsed_ms = (time.perf_counter() - started_at) * 1000
        if error is None:
            return ToolOutcome(output, True, elapsed_ms)
        return ToolOutcome(json.dumps({"error": error}, ensure_ascii=False), False, elapsed_ms, error)

    async def _answer(self, name: str, arguments: str) -> str:
        tool = self.toolbox.get(name)
        if tool is None:
            known = ", ".join(one.name for one in self.toolbox.definitions) or "none"
            raise ToolError(f'there is no tool "{name[:64]}"; there are: {known}')
        future = self._start(tool, arguments)
        try:
            done, _ = await asyncio.wait([future], timeout=self._timeout_s)
        finally:
            self._leave(future)
        if not done:
            raise ToolError(f"the tool gave no answer within {self._timeout_s:g} seconds")
        if future.cancelled():
            raise ToolError("the tool was cancelled")
        return future.result()

    def _start(self, tool: Tool, arguments: str) -> asyncio.Future[str]:
        if isinstance(tool, FunctionTool) and not tool.is_async:
            return self._threads.start(lambda: tool.run(arguments))
        return asyncio.ensure_future(_contained(tool, arguments))

    def _leave(self, future: asyncio.Future[str]) -> None:
        """Tells a call that is still running to stop, and keeps hold of it until it has."""
        if future.done():
            return
        self._left_behind.add(future)
        future.add_done_callback(self._forget)
        future.cancel()

    def _forget(self, future: asyncio.Future[str]) -> None:
        self._left_behind.discard(future)
        if not future.cancelled():
            future.exception()  # looked at, so that asyncio does not report it: its time was over

    def _checked(self, output: object) -> str:
        if not isinstance(output, str):
            raise ToolError(f"the tool answered with {type(output).__name__}, not with text")
        if len(output) > self._max_output_chars:
            raise ToolError(f"the answer is too long: {len(output)} characters, at most {self._max_output_chars}")
        return _unicode(output)


async def _contained(tool: Tool, arguments: str) -> str:
    try:
        return await tool.handle(arguments)
    except SystemExit as error:  # would end the event loop, and every call with it
        raise RuntimeError("SystemExit") from error


def _description(failure: Exception) -> str:
    lines = str(failure).strip().splitlines()
    return f"{type(failure).__name__}: {_clean(lines[0])}" if lines else type(failure).__name__


def _clean(message: str) -> str:
    """The message in one short line, without what looks like a secret or a path."""
    return cut(_PRIVATE.sub("…", " ".join(_unicode(message[:2000]).split())), _ERROR_CHARS)


def _unicode(text: str) -> str:
    """The text without lone surrogates, which no socket could send."""
    return text.encode("utf-8", "replace").decode()

"""One tool call to its outcome, whatever the tool does."""

import asyncio
import gc
import json
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from tests.tools.waiting import settled
from twilio_rt_cli.tools.registry import ToolBox, ToolDefinition, ToolError, tool
from twilio_rt_cli.tools.runner import ToolOutcome, ToolRunner


@tool
def add(left: int, right: int) -> int:
    """Add."""
    return left + right


@tool
async def add_later(left: int, right: int) -> dict[str, int]:
    """Add, on the loop."""
    await asyncio.sleep(0)
    return {"sum": left + right}


@dataclass
class Stub:
    """A tool that does what it is told."""

    behave: Callable[[], Awaitable[object]]
    definition = ToolDefinition("stub", "A stub.", {"type": "object", "properties": {}})

    async def handle(self, arguments: str) -> str:
        return await self.behave()  # type: ignore[return-value]  # a stranger's tool may break the protocol


def outcome(runner: ToolRunner, name: str, arguments: str = "{}") -> ToolOutcome:
    return asyncio.run(runner.run(name, arguments))


def failure(raised: BaseException) -> ToolOutcome:
    """What comes of a plain function and, the same, of an async tool that raise this."""

    @tool
    def stub() -> None:
        """Fail."""
        raise raised

    async def behave() -> object:
        raise raised

    plain, later = outcome(ToolRunner(ToolBox((stub,))), "stub"), outcome(ToolRunner(ToolBox((Stub(behave),))), "stub")
    assert plain.error == later.error
    assert not plain.ok
    assert json.loads(plain.output) == {"error": plain.error}
    return plain


def test_a_result_is_the_output() -> None:
    runner = ToolRunner(ToolBox((add, add_later)))
    plain = outcome(runner, "add", '{"left": 1, "right": 2}')
    assert (plain.output, plain.ok, plain.error) == ("3", True, None)
    assert 0 < plain.elapsed_ms < 5000
    assert outcome(runner, "add_later", '{"left": 1, "right": 2}').output == '{"sum": 3}'


def test_an_unknown_tool_is_told_which_there_are() -> None:
    unknown = outcome(ToolRunner(ToolBox((add, add_later))), "ad" * 500)
    assert not unknown.ok
    assert unknown.error is not None
    assert unknown.error.endswith("there are: add, add_later")
    assert len(unknown.error) < 200
    assert outcome(ToolRunner(ToolBox()), "add").error == 'there is no tool "add"; there are: none'


@pytest.mark.parametrize("name", ["add", "add_later"])
@pytest.mark.parametrize("arguments", ["", "{", "[]", "null", '{"left": 1}', "NaN", "\ud800", '"\x00'])
def test_bad_arguments_are_told_to_the_model(name: str, arguments: str) -> None:
    bad = outcome(ToolRunner(ToolBox((add, add_later))), name, arguments)
    assert not bad.ok
    assert json.loads(bad.output)["error"].startswith("the arguments are wrong: ")


def test_an_exception_is_told_by_type_and_first_line() -> None:
    assert failure(ValueError("no such order\nsecond line")).error == "ValueError: no such order"
    assert failure(ZeroDivisionError()).error == "ZeroDivisionError"
    assert failure(KeyError("order")).error == "KeyError: 'order'"


def test_a_tools_own_refusal_is_told_as_it_is() -> None:
    assert failure(ToolError("That day is a holiday.")).error == "That day is a holiday."


@pytest.mark.parametrize("raised", [SystemExit(3), RecursionError("too deep"), MemoryError(), TimeoutError("late")])
def test_nothing_that_a_tool_raises_gets_out(raised: BaseException) -> None:
    assert type(raised).__name__ in (failure(raised).error or "")


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("no file /home/ann/.config/crm.json here", "no file … here"),
        ("GET https://ann:hunter2@crm.example/api failed", "GET https://…@crm.example/api failed"),
        ("bad key sk-proj-abcdef1234567890", "bad key …"),
        ("api_key=abc and password: 'hunter2' refused", "… and …' refused"),
        ("Authorization: Bearer abc.def-ghi", "…"),
        ("token 0123456789abcdef0123456789abcdef expired", "token … expired"),
        ("order 17 of 2026-03-04 is not there", "order 17 of 2026-03-04 is not there"),
        ("internationalisation-and-localisation failed", "internationalisation-and-localisation failed"),
    ],
)
def test_secrets_and_paths_are_left_out(message: str, told: str) -> None:
    assert failure(ValueError(message)).error == f"ValueError: {told}"


def test_a_long_message_is_cut() -> None:
    error = failure(ValueError("a b " * 10_000)).error
    assert error is not None
    assert len(error) < 220
    assert error.endswith("…")


def test_an_answer_is_bounded() -> None:
    async def long() -> object:
        return "x" * 101

    runner = ToolRunner(ToolBox((Stub(long),)), max_output_chars=100)
    assert outcome(runner, "stub").error == "the answer is too long: 101 characters, at most 100"


@pytest.mark.parametrize("answer", [b"bytes", None, 7, {"a": 1}])
def test_a_tool_that_answers_with_no_text_is_an_error(answer: object) -> None:
    async def behave() -> object:
        return answer

    told = outcome(ToolRunner(ToolBox((Stub(behave),))), "stub").error
    assert told == f"the tool answered with {type(answer).__name__}, not with text"


def test_a_lone_surrogate_never_reaches_a_socket() -> None:
    async def behave() -> object:
        return "a\ud800b"

    text = outcome(ToolRunner(ToolBox((Stub(behave),))), "stub")
    assert text.output == "a?b"
    failure(ValueError("a\ud800b")).output.encode()


def test_a_hanging_async_tool_is_cancelled_in_time() -> None:
    cancelled = []

    async def hang() -> object:
        try:
            return await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(True)
            raise

    async def run() -> None:
        told = await ToolRunner(ToolBox((Stub(hang),)), timeout_s=0.02).run("stub", "{}")
        assert told.error == "the tool gave no answer within 0.02 seconds"
        assert 15 <= told.elapsed_ms < 2000
        await asyncio.sleep(0)
        assert cancelled == [True]

    asyncio.run(run())


def test_an_async_tool_that_ignores_its_cancellation_does_not_hold_the_call() -> None:
    async def run() -> None:
        release, reported = asyncio.Event(), []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context))

        async def stubborn() -> object:
            while not release.is_set():
                try:
                    await release.wait()
                except asyncio.CancelledError:
                    continue
            raise ValueError("too late for anybody")

        told = await ToolRunner(ToolBox((Stub(stubborn),)), timeout_s=0.02).run("stub", "{}")
        assert not told.ok
        stuck = asyncio.all_tasks() - {asyncio.current_task()}
        assert len(stuck) == 1
        release.set()
        await asyncio.wait(stuck, timeout=5)
        del stuck
        gc.collect()
        assert reported == []

    asyncio.run(run())


def test_a_tool_that_cancels_itself_is_an_error_and_not_our_end() -> None:
    async def behave() -> object:
        raise asyncio.CancelledError

    assert outcome(ToolRunner(ToolBox((Stub(behave),))), "stub").error == "the tool was cancelled"


def test_a_blocking_function_stalls_neither_the_loop_nor_another_tool() -> None:
    release = threading.Event()

    @tool
    def block() -> str:
        """Block."""
        release.wait(5)
        return "done"

    async def run() -> None:
        runner = ToolRunner(ToolBox((block, add)))
        async with asyncio.timeout(5), asyncio.TaskGroup() as group:
            blocked = group.create_task(runner.run("block", "{}"))
            quick = await runner.run("add", '{"left": 1, "right": 2}')
            assert quick.output == "3"
            assert not blocked.done()
            release.set()
        assert blocked.result().output == "done"

    asyncio.run(run())


def test_hanging_functions_are_abandoned_counted_and_bounded() -> None:
    release = threading.Event()

    @tool
    def block() -> str:
        """Block."""
        release.wait(5)
        return "done"

    async def run() -> None:
        runner = ToolRunner(ToolBox((block, add_later)), timeout_s=0.02, max_threads=2)
        for count in (1, 2):
            assert (await runner.run("block", "{}")).error == "the tool gave no answer within 0.02 seconds"
            assert runner.abandoned == count
        assert (await runner.run("block", "{}")).error == "2 tools are already running, the most at once"
        assert (await runner.run("add_later", '{"left": 1, "right": 2}')).ok
        release.set()
        await settled()
        assert runner.abandoned == 0

    asyncio.run(run())


@pytest.mark.parametrize("blocking", [True, False])
def test_a_hang_up_cancels_the_run_and_stops_the_tool(blocking: bool) -> None:
    async def run() -> None:
        release, started, stopped = threading.Event(), threading.Event(), asyncio.Event()

        @tool
        def stub() -> None:
            """Block."""
            started.set()
            release.wait(5)

        async def hang() -> object:
            started.set()
            try:
                return await asyncio.Event().wait()
            finally:
                stopped.set()

        runner = ToolRunner(ToolBox((stub,) if blocking else (Stub(hang),)))
        async with asyncio.timeout(5), asyncio.TaskGroup() as group:
            running = group.create_task(runner.run("stub", "{}"))
            await asyncio.to_thread(started.wait, 5)
            running.cancel()
        assert running.cancelled()
        if blocking:
            assert runner.abandoned == 1
            release.set()
        else:
            await stopped.wait()
        await settled()
        assert runner.abandoned == 0

    asyncio.run(run())

"""The log of a real call, in all its forms: every line says which call and which stream it is about."""

import asyncio
import logging
import re

import pytest

from tests.e2e.test_serve import Caller
from tests.open_bridge import open_bridge
from tests.scripted_model import Answer, FunctionCall, Script, Speech, scripted_model
from twilio_rt_cli.call.notices import CallOver, Notice, ToolAnswered
from twilio_rt_cli.output.logs import log_lines
from twilio_rt_cli.tools import tool
from twilio_rt_cli.tools.registry import ToolBox

SHOP = logging.getLogger("shop")


@tool
def ask_in_a_thread() -> str:
    """A plain function."""
    SHOP.warning("asked in a thread")
    return "found"


@tool
async def ask_on_the_loop() -> str:
    """One that awaits."""
    SHOP.warning("asked on the loop")
    return "found"


@tool
def break_down() -> str:
    """One that fails."""
    raise ValueError("no shop today")


TOOLS = ask_in_a_thread, ask_on_the_loop, break_down


@pytest.mark.parametrize("log_format", ["pretty", "logfmt", "json"])
def test_every_line_from_start_to_end_says_which_call_it_is_about(
    log_format: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async def call() -> None:
        answered, over = asyncio.Event(), asyncio.Event()
        left = len(TOOLS)

        def publish(notice: Notice) -> None:
            nonlocal left
            left -= isinstance(notice, ToolAnswered)
            if not left:
                answered.set()
            if isinstance(notice, CallOver):
                over.set()

        script = Script([Answer((Speech(100), *(FunctionCall(one.definition.name) for one in TOOLS))), Answer(())])
        async with (
            scripted_model(script) as model,
            open_bridge(model.url, publish=publish, toolbox=ToolBox(TOOLS)) as url,
            asyncio.timeout(10),
            asyncio.TaskGroup() as group,
        ):
            caller = Caller()
            group.create_task(caller.call(url))
            await answered.wait()
            connection = await model.connected()
            await connection.socket.send("not even JSON")
            await connection.send("error", error={"type": "server_error", "code": "odd", "message": "hm"})
            await connection.until(lambda one: one.caller_samples > 800)
            caller.hang_up.set()
            await over.wait()

    with log_lines(level="debug", log_format=log_format):
        asyncio.run(call())
    lines = capsys.readouterr().err.splitlines()
    began = next(number for number, line in enumerate(lines) if "model socket open" in line)
    ended = next(number for number, line in enumerate(lines) if "model socket closed" in line)
    during = lines[began : ended + 1]
    assert sum("asked" in line for line in during) == 2
    sids = [re.findall(r'\b(call|stream)"?[=:] ?"?((?:CA|MZ)\w{32})', line) for line in during]
    assert [kind for kind, _ in sids[0]] == ["call", "stream"]
    assert [one for one in sids if one != sids[0]] == [], during

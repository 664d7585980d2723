"""The engine as a process: it says where it listens, and ends in order when it is told to."""

import asyncio
import json
import os
import signal
from datetime import UTC, datetime

import pytest

from tests.engine.fakes import stack
from twilio_rt_cli.engine.service import run
from twilio_rt_cli.errors import ServerError


async def told(number: signal.Signals, *, as_json: bool) -> list[str]:
    """The lines of an engine that a signal ends as soon as it listens."""
    lines: list[str] = []

    def tell(line: str) -> None:
        lines.append(line)
        os.kill(os.getpid(), number)

    async with asyncio.timeout(10):
        await run(stack(), "127.0.0.1", 0, announce=tell, as_json=as_json)
    return lines


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_json_line_and_an_end_on_a_signal(number: signal.Signals) -> None:
    (line,) = asyncio.run(told(number, as_json=True))
    ready = json.loads(line)
    assert (ready["v"], ready["type"], ready["pid"]) == (1, "engine.ready", os.getpid())
    assert ready["url"].startswith("ws://127.0.0.1:")
    assert ready["url"].endswith("/v1/realtime")
    assert datetime.fromisoformat(ready["ts"]).tzinfo == UTC


def test_a_readable_line() -> None:
    (line,) = asyncio.run(told(signal.SIGTERM, as_json=False))
    assert line.startswith("The offline engine listens at ws://127.0.0.1:")


def test_an_address_that_is_not_ours_is_said() -> None:
    sentence = r"^We cannot listen on 192\.0\.2\.1 port 0: Cannot assign requested address\.$"
    with pytest.raises(ServerError, match=sentence):
        asyncio.run(run(stack(), "192.0.2.1", 0, announce=print, as_json=False))

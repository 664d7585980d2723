"""The engine as a process of its own: listens, says so, and ends in order on SIGINT or SIGTERM."""

import asyncio
import os
import time
from collections.abc import Callable

import msgspec

from twilio_rt_cli.engine.server import EngineServer
from twilio_rt_cli.engine.voice import VoiceStack
from twilio_rt_cli.machine.signals import on_stop_signals
from twilio_rt_cli.output.times import utc


async def run(stack: VoiceStack, host: str, port: int, *, announce: Callable[[str], None], as_json: bool) -> None:
    """Serve until a signal asks to stop; `announce` gets a line once it listens. Raises ServerError when it cannot."""
    stopped = asyncio.Event()
    with on_stop_signals(stopped.set, asyncio.get_running_loop()):
        async with EngineServer(stack, host=host, port=port) as engine:
            announce(_ready(engine.url, as_json=as_json))
            await stopped.wait()


def _ready(url: str, *, as_json: bool) -> str:
    if not as_json:
        return f"The offline engine listens at {url} (Ctrl-C stops it)."
    ready = {"v": 1, "ts": utc(time.time()), "type": "engine.ready", "url": url, "pid": os.getpid()}
    return msgspec.json.encode(ready).decode()

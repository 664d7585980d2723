"""`twilio-rt serve` as a process: real webhooks, real signals, a scripted model, and a canary for a key."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.nursery.nursery import Forked, Nursery
from tests.scripted_model import Answer, Connection, FunctionCall, Script, Speech, scripted_model
from twilio_rt_cli.caller.client import SimulatedCall, place_call
from twilio_rt_cli.caller.events import AgentSpoke, CallEvent
from twilio_rt_cli.caller.report import CallReport
from twilio_rt_cli.caller.route import Signer
from twilio_rt_cli.caller.script import Pause, WaitGreeting
from twilio_rt_cli.protocol.signature import headers_for

TOKEN = "canary0123456789canary0123456789"
KEY = "sk-canary-that-must-never-be-seen-anywhere"
STAYS = (WaitGreeting(limit_s=10), Pause(60_000))


@dataclass
class Serve:
    """The process, its event lines and everything it wrote."""

    process: Forked
    url: str = ""
    events: list[dict[str, Any]] = field(default_factory=list)
    written: bytearray = field(default_factory=bytearray)
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def read(self) -> None:
        async for line in self.process.stdout:
            self.written += line
            async with self._changed:
                self.events.append(json.loads(line))
                self._changed.notify_all()

    async def complain(self) -> None:
        async for line in self.process.stderr:
            self.written += line

    async def until(self, kind: str, count: int = 1) -> list[dict[str, Any]]:
        """The first so many events of a kind."""
        async with asyncio.timeout(20), self._changed:
            await self._changed.wait_for(lambda: len(self.of(kind)) >= count)
        return self.of(kind)[:count]

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [one for one in self.events if one["type"] == kind]


@asynccontextmanager
async def serve(
    nursery: Nursery, tmp_path: Path, model_url: str, *options: str, **settings: str
) -> AsyncIterator[Serve]:
    """A server with signature checks on, in an empty folder; killed if the test leaves it running."""
    given = {
        "OPENAI_API_KEY": KEY,
        "OPENAI_REALTIME_URL": model_url,
        "TWILIO_AUTH_TOKEN": TOKEN,
        "HOST": "127.0.0.1",
        "PORT": "0",
        "LOG_LEVEL": "debug",
        **settings,
    }
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "XDG_STATE_HOME") if name in os.environ}
    command = ("twilio_rt_cli", "serve", "--json", *options)
    async with nursery.start(*command, folder=tmp_path, environment={**kept, **given}) as process:
        server = Serve(process)
        async with asyncio.TaskGroup() as group:
            group.create_task(server.read())
            group.create_task(server.complain())
            [ready] = await server.until("server.ready")
            server.url = ready["url"]
            yield server
            if process.returncode is None:
                process.kill()
            await process.wait()
    assert KEY.encode() not in server.written
    assert TOKEN.encode() not in server.written


@dataclass
class Caller:
    """A call in progress."""

    hang_up: asyncio.Event = field(default_factory=asyncio.Event)
    agent_spoke: asyncio.Event = field(default_factory=asyncio.Event)
    report: CallReport | None = None

    def watch(self, event: CallEvent) -> None:
        if isinstance(event, AgentSpoke):
            self.agent_spoke.set()

    async def call(self, url: str) -> None:
        plan = SimulatedCall(url, STAYS, signer=Signer(TOKEN), longest_verb_s=0.2)
        self.report = await place_call(plan, hang_up=self.hang_up, watch=self.watch)


def run(test: Callable[[], Any]) -> None:
    asyncio.run(test())


async def post(url: str, form: dict[str, str], signed_as: str | None = None) -> httpx.Response:
    headers = headers_for(TOKEN, signed_as or url, tuple(form.items()))
    async with httpx.AsyncClient(trust_env=False) as client:
        return await client.post(url, data=form, headers=headers)


def heard_more_than(samples: int) -> Callable[[Connection], bool]:
    return lambda connection: connection.caller_samples > samples


def webhook_form(number: int) -> dict[str, str]:
    return {
        "CallSid": f"CA{number:032d}",
        "AccountSid": "AC" + "0" * 32,
        "From": "+14155550142",
        "To": "+14155550100",
        "CallStatus": "ringing",
        "Direction": "inbound",
        "ApiVersion": "2010-04-01",
    }


def test_a_signal_lets_three_talking_calls_finish_and_refuses_new_ones(nursery: Nursery, tmp_path: Path) -> None:
    async def test() -> None:
        script = Script([Answer((Speech(60_000),), pace=3)])
        async with (
            scripted_model(script) as model,
            serve(nursery, tmp_path, model.url) as server,
            asyncio.TaskGroup() as group,
        ):
            callers = [Caller() for _ in range(3)]
            for caller in callers:
                group.create_task(caller.call(server.url))
            for caller in callers:
                await asyncio.wait_for(caller.agent_spoke.wait(), 10)
            server.process.send_signal(signal.SIGTERM)
            await server.until("server.draining")
            async with httpx.AsyncClient(trust_env=False) as client:
                assert (await client.get(f"{server.url}/readyz")).status_code == 503
                assert (await client.get(f"{server.url}/healthz")).status_code == 200
            busy = await post(f"{server.url}/incoming-call", webhook_form(9))
            assert "busy" in busy.text
            assert "<Connect>" not in busy.text
            for one in model.connections:
                await one.until(heard_more_than(one.caller_samples + 8000))
            assert server.of("call.ended") == []
            for caller in callers:
                caller.hang_up.set()
            assert await asyncio.wait_for(server.process.wait(), 5) == 0
        reasons = [one["reason"] for one in await server.until("call.ended", 3)]
        assert reasons == ["caller_hung_up"] * 3
        assert server.events[-1]["type"] == "server.stopped"
        assert b"loop lag p50 " in server.written
        for caller in callers:
            assert caller.report is not None
            assert caller.report.violations == []

    run(test)


def test_a_second_signal_ends_at_once(nursery: Nursery, tmp_path: Path) -> None:
    async def test() -> None:
        async with scripted_model(Script([Answer((Speech(60_000),))])) as model:
            async with serve(nursery, tmp_path, model.url) as server, asyncio.TaskGroup() as group:
                caller = Caller()
                group.create_task(caller.call(server.url))
                await asyncio.wait_for(caller.agent_spoke.wait(), 10)
                server.process.send_signal(signal.SIGINT)
                await server.until("server.draining")
                server.process.send_signal(signal.SIGINT)
                await server.until("server.stopped")
                assert await asyncio.wait_for(server.process.wait(), 3) == 130
            await asyncio.wait_for(model.connections[0].closed.wait(), 3)

    run(test)


def test_a_model_that_is_away_is_told_to_the_caller_in_words(nursery: Nursery, tmp_path: Path) -> None:
    async def test() -> None:
        async with serve(nursery, tmp_path, "ws://127.0.0.1:9/v1/realtime") as server:
            caller = Caller()
            await caller.call(server.url)
            assert caller.report is not None
            assert "sorry" in " ".join(caller.report.executed).lower()
            [ended] = await server.until("call.ended")
            assert ended["reason"] == "model_unreachable"

    run(test)


def test_behind_a_proxy_the_public_url_is_signed_and_forwarded_headers_mean_nothing(
    nursery: Nursery, tmp_path: Path
) -> None:
    async def test() -> None:
        public = "https://calls.example.com"
        async with scripted_model() as model, serve(nursery, tmp_path, model.url, PUBLIC_URL=public) as server:
            form = webhook_form(1)
            right = await post(f"{server.url}/incoming-call", form, signed_as=f"{public}/incoming-call")
            assert "wss://calls.example.com/media-stream/" in right.text
            wrong = await post(f"{server.url}/incoming-call", form)
            assert wrong.status_code == 403
            headers = headers_for(TOKEN, "https://evil.example.com/incoming-call", tuple(form.items()))
            spoofed = {"X-Forwarded-Host": "evil.example.com", "X-Forwarded-Proto": "https", "Host": "evil.example.com"}
            async with httpx.AsyncClient(trust_env=False) as client:
                answer = await client.post(f"{server.url}/incoming-call", data=form, headers=headers | spoofed)
            assert answer.status_code == 403
            assert model.connections == []

    run(test)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"OPENAI_API_KEY": ""}, "OPENAI_API_KEY"),
        ({"PORT": "many", "PUBLIC_URL": "ftp://x"}, "PUBLIC_URL"),
        ({"PROMPT_FILE": "nowhere.md"}, "nowhere.md"),
    ],
)
def test_bad_settings_are_told_in_sentences(
    nursery: Nursery, tmp_path: Path, settings: dict[str, str], sentence: str
) -> None:
    async def test() -> None:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "XDG_STATE_HOME") if name in os.environ}
        given = {"OPENAI_API_KEY": KEY, "TWILIO_AUTH_TOKEN": TOKEN, **settings}
        async with nursery.start("twilio_rt_cli", "serve", folder=tmp_path, environment={**kept, **given}) as process:
            out, err = await asyncio.wait_for(process.communicate(), 20)
        assert process.returncode == 2, err
        assert out == b""
        assert sentence in err.decode()
        assert "Traceback" not in err.decode()

    run(test)


STUBBORN = '''
import asyncio
from twilio_rt_cli.tools import tool

@tool
async def stubborn() -> str:
    """Never end, not even when cancelled."""
    while True:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            pass
'''


def test_a_tool_that_does_not_let_itself_be_cancelled_does_not_keep_the_process(
    nursery: Nursery, tmp_path: Path
) -> None:
    (tmp_path / "stubborn.py").write_text(STUBBORN)

    async def test() -> None:
        script = Script([Answer((Speech(500), FunctionCall("stubborn")))])
        async with scripted_model(script) as model, serve(nursery, tmp_path, model.url, TOOLS="stubborn.py") as server:
            async with asyncio.TaskGroup() as group:
                caller = Caller()
                group.create_task(caller.call(server.url))
                await server.until("call.tool")
                server.process.send_signal(signal.SIGTERM)
                await server.until("server.draining")
                caller.hang_up.set()
            assert await asyncio.wait_for(server.process.wait(), 20) == 0
            await server.until("server.stopped")

    run(test)


def test_a_key_that_the_model_quotes_in_its_error_is_not_told(nursery: Nursery, tmp_path: Path) -> None:
    async def test() -> None:
        async with (
            scripted_model() as model,
            serve(nursery, tmp_path, model.url) as server,
            asyncio.TaskGroup() as group,
        ):
            caller = Caller()
            group.create_task(caller.call(server.url))
            connection = await model.connected()
            error = {"type": "server_error", "code": "odd", "message": f"Authorization: Bearer {KEY}"}
            await connection.send("error", error=error)
            [told] = await server.until("call.error")
            assert told["code"] == "odd"
            caller.hang_up.set()

    run(test)

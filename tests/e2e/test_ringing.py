"""From a laptop to a ringing phone and back: serve, ngrok's stand-in, Twilio's stand-in, each a program of its own."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.ngrok_agent.install import NO_AGENT, agents, install
from tests.ngrok_agent.install import TOKEN as NGROK_TOKEN
from tests.nursery.nursery import Forked, Nursery
from tests.scripted_model import Answer, Script, Speech, scripted_model
from tests.twilio_rest import Number, TwilioRest, twilio_rest
from twilio_rt_cli.caller.report import CallReport

NUMBER = "+14155550100"
OLD = "https://old.example/answer"
KEY = "sk-canary-of-the-ringing-test"
REPOSITORY = Path(__file__).parents[2]


@dataclass
class Program:
    """One of ours, and what it said."""

    process: Forked
    written: bytes = b""

    async def until(self, kind: str) -> dict[str, Any]:
        """The next event of this type."""
        async with asyncio.timeout(30):
            while True:
                line = await self.process.stdout.readline()
                assert line, f"it ended without {kind}: {await self._complaint()}"
                self.written += line
                event: dict[str, Any] = msgspec.json.decode(line)
                if event["type"] == kind:
                    return event

    async def log(self, words: str) -> None:
        """Wait for a line of the log that says this."""
        async with asyncio.timeout(30):
            while words.encode() not in (line := await self.process.stderr.readline()):
                assert line, f"it ended without {words!r} in its log"
                self.written += line

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    async def ended(self) -> int:
        """Its exit code; nothing that it wrote holds a secret."""
        async with asyncio.timeout(30):
            out, err = await self.process.communicate()
        self.written += out + err
        for secret in (KEY, NGROK_TOKEN, self.token):
            assert secret.encode() not in self.written
        assert self.process.returncode is not None
        return self.process.returncode

    token: str = ""

    async def _complaint(self) -> str:
        return (await self.process.stderr.read()).decode()


class Bench:
    """Twilio, a model, and a folder in which programs of ours are started."""

    def __init__(self, rest: TwilioRest, model_url: str, folder: Path, nursery: Nursery) -> None:
        self.rest = rest
        self.nursery = nursery
        self.folder = folder
        install(folder)
        self.environment = {
            "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(REPOSITORY),
            "HOME": str(folder),
            "XDG_STATE_HOME": str(folder / "state"),
            "HOST": "127.0.0.1",
            "ADMIN_PORT": "0",
            "GREETING": "Hello.",
            "TOOLS": "",
            "OPENAI_REALTIME_URL": model_url,
            "OPENAI_API_KEY": KEY,
            "NGROK_AUTHTOKEN": NGROK_TOKEN,
            "NGROK_API_URL": NO_AGENT,
            "TWILIO_API_URL": rest.url,
            "TWILIO_ACCOUNT_SID": rest.account.sid,
            "TWILIO_AUTH_TOKEN": rest.account.auth_token,
        }

    @property
    def number(self) -> Number:
        return self.rest.account.numbers[0]

    @asynccontextmanager
    async def run(self, *arguments: str, **settings: str) -> AsyncIterator[Program]:
        """One of our commands; killed if the test leaves it running."""
        command = ("twilio_rt_cli", *arguments)
        given = self.environment | settings
        async with self.nursery.start(*command, folder=self.folder, environment=given) as process:
            yield Program(process, token=self.rest.account.auth_token)

    def serve(self, *more: str, **settings: str) -> Any:
        return self.run("serve", "--port", "0", "--json", "--tunnel", "--number", NUMBER, "--yes", *more, **settings)

    async def ring(self) -> CallReport:
        """Somebody dials the number, listens, and hangs up."""
        return await asyncio.wrap_future(self.rest.ringing(NUMBER))


def story(tmp_path: Path, nursery: Nursery, tell: Callable[[Bench], Coroutine[None, None, None]]) -> None:
    """Run a story with all that it needs; no agent of ngrok's is left when it is over."""

    async def told() -> None:
        script = Script([Answer((Speech(1500),))] * 8)
        with twilio_rest([Number(NUMBER, voice_url=OLD)]) as rest:
            async with scripted_model(script) as model:
                await tell(Bench(rest, model.url, tmp_path, nursery))

    try:
        asyncio.run(told())
        assert agents(tmp_path) == []
    finally:
        for pid in agents(tmp_path):
            os.kill(pid, signal.SIGKILL)


def command_lines() -> str:
    """What `ps` shows of every process."""
    shown = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has ended meanwhile
            shown.append(path.read_bytes().decode("latin-1"))
    return "\n".join(shown)


def test_one_command_rings_a_phone_and_leaves_the_account_as_it_was(tmp_path: Path, nursery: Nursery) -> None:
    async def tell(bench: Bench) -> None:
        async with bench.serve() as server:
            ready = await server.until("server.ready")
            assert (await server.until("tunnel.up"))["url"] == ready["public_url"]
            changed = await server.until("number.changed")
            assert (changed["old"], changed["new"]) == (OLD, ready["public_url"] + "/incoming-call")
            assert bench.number.voice_url == changed["new"]
            assert (bench.number.voice_fallback_url or "").startswith("https://twimlets.com/echo?")
            lines = command_lines()
            assert not [secret for secret in (KEY, NGROK_TOKEN, bench.rest.account.auth_token) if secret in lines]
            report = await bench.ring()
            assert (report.trouble, report.violations) == (None, [])
            assert report.counters.frames_received > 0
            assert (await server.until("call.ended"))["reason"] == "caller_hung_up"
            server.signal(signal.SIGINT)
            assert (await server.until("number.restored"))["put_back"] is True
            assert await server.ended() == 0
        assert (bench.number.voice_url, bench.number.voice_fallback_url) == (OLD, "")

    story(tmp_path, nursery, tell)


@pytest.mark.acceptance
def test_a_webhook_that_somebody_else_changed_is_left_alone(tmp_path: Path, nursery: Nursery) -> None:
    async def tell(bench: Bench) -> None:
        async with bench.serve() as server:
            await server.until("number.changed")
            bench.number.voice_url = "https://colleague.example/answer"
            server.signal(signal.SIGTERM)
            assert (await server.until("number.restored"))["put_back"] is False
            assert await server.ended() == 0
        assert bench.number.voice_url == "https://colleague.example/answer"
        assert b"left alone" in server.written

    story(tmp_path, nursery, tell)


@pytest.mark.acceptance
def test_after_a_kill_the_next_start_puts_the_number_back(tmp_path: Path, nursery: Nursery) -> None:
    async def tell(bench: Bench) -> None:
        async with bench.serve() as first:
            await first.until("number.changed")
            first.signal(signal.SIGKILL)
            await first.process.wait()
        assert bench.number.voice_url != OLD
        async with bench.run("serve", "--port", "0", "--json") as second:  # of another number, or none
            await second.until("number.restored")
            await second.until("server.ready")
            assert bench.number.voice_url == OLD
            second.signal(signal.SIGINT)
            assert await second.ended() == 0
        async with bench.serve() as third:  # and the agent that was left behind is no hindrance
            await third.until("number.changed")
            third.signal(signal.SIGINT)
            assert await third.ended() == 0
        assert bench.number.voice_url == OLD

    story(tmp_path, nursery, tell)


@pytest.mark.acceptance
def test_a_tunnel_that_breaks_comes_back_and_takes_the_number_along(tmp_path: Path, nursery: Nursery) -> None:
    async def tell(bench: Bench) -> None:
        async with bench.serve() as server:
            await server.until("number.changed")
            first = bench.number.voice_url
            [agent] = agents(tmp_path)
            os.kill(agent, signal.SIGKILL)
            await server.until("tunnel.down")
            assert (await server.until("tunnel.up"))["changed"] is True
            again = await server.until("number.changed")
            assert (again["old"], again["new"]) == (first, bench.number.voice_url)
            assert (await bench.ring()).trouble is None
            server.signal(signal.SIGINT)
            assert await server.ended() == 0
        assert bench.number.voice_url == OLD

    story(tmp_path, nursery, tell)


@pytest.mark.acceptance
def test_when_twilio_is_away_at_the_end_that_is_loud_and_nothing_is_lost(tmp_path: Path, nursery: Nursery) -> None:
    async def tell(bench: Bench) -> None:
        async with bench.serve() as server:
            await server.until("number.changed")
            bench.rest.faults.status = 503
            server.signal(signal.SIGINT)
            assert await server.ended() == 1
        assert b"could not be put back" in server.written
        assert list((tmp_path / "state").rglob("PN*.json"))
        bench.rest.heal()
        async with bench.run("configure-number", "--restore", "--yes") as later:
            assert await later.ended() == 0
        assert bench.number.voice_url == OLD

    story(tmp_path, nursery, tell)


@pytest.mark.acceptance
def test_what_cannot_begin_says_why(tmp_path: Path, nursery: Nursery) -> None:
    async def tell(bench: Bench) -> None:
        async with bench.serve(TWILIO_API_KEY="SKwrong", TWILIO_API_SECRET="wrong") as refused:
            assert await refused.ended() == 4
        async with bench.run("serve", "--port", "0", "--tunnel", "--number", "+14155550199", "--yes") as unknown:
            assert await unknown.ended() == 2
        assert NUMBER.encode() in unknown.written
        async with bench.run("serve", "--port", "0", "--tunnel", "--number", NUMBER) as unasked:
            assert await unasked.ended() == 6
        async with bench.serve(TWILIO_VALIDATE="false") as unchecked:
            assert await unchecked.ended() == 2
        assert bench.number.voice_url == OLD

    story(tmp_path, nursery, tell)


@pytest.mark.acceptance
def test_three_programs_find_each_other(tmp_path: Path, nursery: Nursery) -> None:
    async def tell(bench: Bench) -> None:
        async with bench.run("serve", "--port", "0", "--json") as server:
            ready = await server.until("server.ready")
            assert ready["public_url"] is None
            async with bench.run("tunnel", "--json") as tunnel:
                url = (await tunnel.until("tunnel.up"))["url"]
                await server.log(f"reached at {url} from now on")
                async with bench.run("configure-number", NUMBER, "--yes", "--json") as pointed:
                    assert await pointed.ended() == 0
                assert bench.number.voice_url == url + "/incoming-call"
                assert (await bench.ring()).trouble is None
                async with bench.run(
                    "call-test", "--to", "+14155550142", "--yes", "--duration", "1", "--json"
                ) as called:
                    assert await called.ended() == 0
                assert b'"mode":"phone"' in called.written
                tunnel.signal(signal.SIGINT)
                assert await tunnel.ended() == 0
            server.signal(signal.SIGINT)
            assert await server.ended() == 0

    story(tmp_path, nursery, tell)

"""How callers reach the server: a number points there as long as they are welcome, and moves with our address."""

import asyncio
import io
import json
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from tests.server.world import serving
from tests.twilio_rest import TwilioRest, twilio_rest
from twilio_rt_cli.errors import ServiceError, TwilioRtError, UnreachableError
from twilio_rt_cli.output.redaction import Redactor
from twilio_rt_cli.reporting.reporter import Form, Reporter
from twilio_rt_cli.serve.ingress import Moves, number_pointed, tunnel_follower
from twilio_rt_cli.serve.options import IngressOptions
from twilio_rt_cli.serve.served_number import ServedNumber
from twilio_rt_cli.settings.loading import bare_settings
from twilio_rt_cli.tunnel import TunnelDown, TunnelLost, TunnelUp

NUMBER = "+14155550100"
BEFORE = "https://old.example/answer"
FIRST, SECOND = "https://ab12.ngrok.app", "https://cd34.ngrok.app"


@pytest.fixture
def rest(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[TwilioRest]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    with twilio_rest([NUMBER]) as running:
        running.account.number(NUMBER).voice_url = BEFORE
        yield running


class Heard:
    """What is told of the number, in order."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.back = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def number_changed(self, number: str, old: str, new: str) -> None:
        self.lines.append(new)

    def number_restored(self, number: str, url: str, *, put_back: bool) -> None:
        self.lines.append(f"back {put_back}")
        self._loop.call_soon_threadsafe(self.back.set)


class Stand:
    """A run with a number, up to its end."""

    def __init__(self, rest: TwilioRest) -> None:
        self._rest = rest
        self.heard = Heard()
        self.drain_began = asyncio.Event()
        self.moves = Moves()
        self.errors: list[TwilioRtError] = []

    @property
    def url(self) -> str | None:
        """Where calls to the number go now."""
        return self._rest.account.number(NUMBER).voice_url

    async def run(self, serving: Callable[[], Awaitable[None]]) -> None:
        twilio = bare_settings(
            realtime_provider="local",
            twilio_account_sid=self._rest.account.sid,
            twilio_auth_token=self._rest.account.auth_token,
            twilio_api_url=self._rest.url,
        ).twilio
        options = IngressOptions(number=NUMBER, yes=True)
        number = await asyncio.to_thread(ServedNumber.planned, twilio, options, FIRST, "Sorry.", self.heard)
        assert number is not None
        async with number_pointed(number, self.drain_began, self.moves, self.errors.append):
            await serving()


def webhook(origin: str) -> str:
    return f"{origin}/incoming-call"


def test_a_drain_puts_it_back_while_calls_go_on(rest: TwilioRest) -> None:
    async def story() -> None:
        stand = Stand(rest)

        async def serving() -> None:
            assert stand.url == webhook(FIRST)
            stand.drain_began.set()
            async with asyncio.timeout(10):
                await stand.heard.back.wait()
            assert stand.url == BEFORE

        await stand.run(serving)
        assert stand.heard.lines == [webhook(FIRST), "back True"]
        assert stand.errors == []

    asyncio.run(story())


def test_a_server_that_ends_without_a_drain_puts_it_back_too(rest: TwilioRest) -> None:
    async def story() -> None:
        stand = Stand(rest)

        async def serving() -> None:
            raise RuntimeError("a bug")

        with pytest.raises(RuntimeError):
            await stand.run(serving)
        assert (stand.url, stand.drain_began.is_set()) == (BEFORE, False)

    asyncio.run(story())


def test_it_moves_with_our_address_and_is_put_back_from_there(rest: TwilioRest) -> None:
    async def story() -> None:
        stand = Stand(rest)

        async def serving() -> None:
            stand.moves.put_nowait(SECOND)
            stand.drain_began.set()  # before it has moved: first the one, then the other

        await stand.run(serving)
        assert stand.heard.lines == [webhook(FIRST), webhook(SECOND), "back True"]
        assert stand.url == BEFORE

    asyncio.run(story())


def test_who_cannot_put_it_back_says_so(rest: TwilioRest) -> None:
    async def story() -> None:
        stand = Stand(rest)

        async def serving() -> None:
            rest.faults.status = 503

        await stand.run(serving)
        (error,) = stand.errors
        assert isinstance(error, ServiceError)
        assert error.message.startswith(f"{NUMBER} could not be put back, and still points here.")
        assert "configure-number --restore" in error.hint

    asyncio.run(story())


def test_a_number_that_could_not_be_pointed_is_left_as_it_was(rest: TwilioRest) -> None:
    async def story() -> None:
        stand = Stand(rest)

        async def serving() -> None:
            raise AssertionError("not reached")

        rest.faults.spares, rest.faults.status = 1, 503  # it can be looked at, and not changed
        with pytest.raises(TwilioRtError):
            await stand.run(serving)
        assert (stand.url, stand.errors, stand.heard.lines) == (BEFORE, [], [])

    asyncio.run(story())


def test_our_tunnel_moves_the_number_with_it_and_its_loss_ends_the_server() -> None:
    async def story() -> None:
        out, moves, errors = io.StringIO(), Moves(), list[TwilioRtError]()
        lost = UnreachableError("ngrok is gone.")
        async with serving() as world:
            with Reporter(Form.JSON, Redactor(), out=out) as reporter:
                on_change = tunnel_follower(world.server, reporter, moves, errors.append)
                on_change(TunnelDown("no answer"))
                on_change(TunnelUp(FIRST, changed=False))
                assert (moves.empty(), world.server.registry.draining) == (True, False)
                on_change(TunnelUp(SECOND, changed=True))
                assert moves.get_nowait() == SECOND
                on_change(TunnelLost(lost))
                assert (errors, world.server.registry.draining) == ([lost], True)
        types = [json.loads(line)["type"] for line in out.getvalue().splitlines()]
        assert types == ["tunnel.down", "tunnel.up", "tunnel.up", "tunnel.down"]

    asyncio.run(story())

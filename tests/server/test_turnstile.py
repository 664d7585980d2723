import asyncio
from itertools import pairwise

from starlette.types import Message, Receive, Scope, Send

from tests.server.world import run
from twilio_rt_cli.server.turnstile import Turnstile


class App:
    """Notes who begins and who ends, and how often the loop turned in between."""

    def __init__(self) -> None:
        self.noted: list[str] = []
        self.held = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.noted.append(scope["path"])
        if scope["path"] == "slow":
            await self.held.wait()
            self.noted.append("slow ends")

    def count_turns(self) -> None:
        self.noted.append("turn")
        asyncio.get_running_loop().call_soon(self.count_turns)

    @property
    def begun(self) -> list[str]:
        return [one for one in self.noted if one != "turn"]


async def nothing() -> Message:
    raise AssertionError


async def nowhere(_: Message) -> None:
    raise AssertionError


async def asked(turnstile: Turnstile, path: str) -> None:
    await turnstile({"type": "http", "path": path}, nothing, nowhere)


def test_requests_of_one_moment_begin_in_different_turns_of_the_loop() -> None:
    async def story() -> None:
        app = App()
        turnstile = Turnstile(app)
        app.count_turns()
        await asyncio.gather(*(asked(turnstile, path) for path in "abcd"))
        assert app.begun == ["a", "b", "c", "d"]
        at = [app.noted.index(path) for path in "abcd"]
        assert all("turn" in app.noted[one:other] for one, other in pairwise(at))

    run(story())


def test_a_request_that_waits_holds_up_nobody() -> None:
    async def story() -> None:
        app = App()
        turnstile = Turnstile(app)
        async with asyncio.TaskGroup() as group:
            group.create_task(asked(turnstile, "slow"))
            await asyncio.gather(*(asked(turnstile, path) for path in "ab"))
            assert app.begun == ["slow", "a", "b"]
            app.held.set()
        await asked(turnstile, "c")
        assert app.begun == ["slow", "a", "b", "slow ends", "c"]

    run(story())


def test_one_that_goes_away_gives_its_turn_to_the_next() -> None:
    async def story() -> None:
        app = App()
        turnstile = Turnstile(app)
        first, second, third = (asyncio.ensure_future(asked(turnstile, path)) for path in "abc")
        await first
        second.cancel()
        await third
        assert app.begun == ["a", "c"]
        await asked(turnstile, "d")
        assert app.begun == ["a", "c", "d"]

    run(story())

"""Keys of a terminal on the loop: told one by one, left alone meanwhile, and never after the end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.live.glass import Glass
from tests.server.world import run
from twilio_rt_cli.live.key_reader import ESC_S, KeyReader
from twilio_rt_cli.live.terminal import Terminal


class Pressed:
    """What was pressed, one key after the other."""

    def __init__(self) -> None:
        self._keys: asyncio.Queue[str] = asyncio.Queue()

    def __call__(self, keys: list[str]) -> None:
        for key in keys:
            self._keys.put_nowait(key)

    async def next(self) -> str:
        async with asyncio.timeout(10):
            return await self._keys.get()

    @property
    def none(self) -> bool:
        return self._keys.empty()


@asynccontextmanager
async def reading(glass: Glass) -> AsyncIterator[tuple[KeyReader, Pressed]]:
    pressed = Pressed()
    with glass.streams() as (out, keys):
        terminal = Terminal(out, keys)
        terminal.hold()
        reader = KeyReader(terminal, pressed)
        try:
            yield reader, pressed
        finally:
            reader.stop()
            terminal.let_go()
            terminal.close()
    glass.close()


async def a_while() -> None:
    """Until the loop has done what fell due before twice the time that an Esc waits."""
    due = asyncio.Event()
    asyncio.get_running_loop().call_later(2 * ESC_S, due.set)
    await due.wait()


def test_keys_are_told_and_esc_alone_after_a_moment() -> None:
    async def story() -> None:
        glass = Glass()
        async with reading(glass) as (reader, pressed):
            reader.listen()
            reader.listen()
            glass.press("\x1b[Bj")
            assert [await pressed.next(), await pressed.next()] == ["down", "j"]
            glass.press("\x1b")
            assert await pressed.next() == "esc"

    run(story())


def test_what_is_pressed_during_a_pause_is_somebody_elses_until_we_listen_again() -> None:
    async def story() -> None:
        glass = Glass()
        async with reading(glass) as (reader, pressed):
            reader.listen()
            reader.pause()
            reader.pause()
            glass.press("x")
            await a_while()
            assert pressed.none
            reader.listen()
            assert await pressed.next() == "x"

    run(story())


def test_an_esc_that_is_not_yet_told_is_not_told_after_the_end() -> None:
    async def story() -> None:
        glass = Glass()
        async with reading(glass) as (reader, pressed):
            reader.listen()
            glass.press("a\x1b")
            assert await pressed.next() == "a"
            reader.stop()
            await a_while()
            assert pressed.none

    run(story())

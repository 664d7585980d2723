"""The live view on a real terminal: drawn, resized, left in every way there is."""

import asyncio
import os
import re
import signal
import termios
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import wraps

import pytest
import uvloop

from tests.live.glass import Glass
from tests.live.scene import Scene, sid
from tests.nursery.nursery import Nursery
from twilio_rt_cli.live.screen import Screen, ScreenOptions
from twilio_rt_cli.live.snapshot import RecentEvent, Snapshot

Story = Callable[..., Coroutine[None, None, None]]


def on_a_loop(story: Story) -> Callable[..., None]:
    """The story as a test, on the loop that a server has."""

    @wraps(story)
    def test(*args: object, **kwargs: object) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(story(*args, **kwargs))

    return test


@asynccontextmanager
async def shown(glass: Glass, scene: Scene) -> AsyncIterator[Screen]:
    """A view that is seen, with the terminal read all the time; clean afterwards."""
    before = glass.attributes
    with glass.watched():
        with glass.streams() as (out, keys), Screen(scene, out, keys) as screen:
            await glass.until(lambda seen: "…0001" in seen.text)
            yield screen
        await glass.until(lambda seen: seen.clean)
    assert glass.attributes == before
    glass.close()


@on_a_loop
async def test_it_is_drawn_four_times_a_second_and_only_what_is_in_sight_is_asked_for() -> None:
    scene, glass = Scene(500), Glass()
    async with shown(glass, scene):
        began, asked = time.monotonic(), len(scene.asked)
        await glass.until(lambda _: len(scene.asked) >= asked + 4)
        assert time.monotonic() - began > 0.7
        assert set(scene.asked) == {(0, 13)}
        await glass.until(lambda seen: "── ↓ 487 more ─" in seen.text)


@on_a_loop
async def test_another_size_is_drawn_cleanly() -> None:
    scene, glass = Scene(12), Glass()
    async with shown(glass, scene):
        glass.resize(120, 30)
        await glass.until(lambda seen: len(seen.lines) == 30 and {len(line) for line in seen.lines.values()} == {120})
        glass.resize(60, 10)
        await glass.until(lambda seen: len(seen.lines) == 10 and {len(line) for line in seen.lines.values()} == {60})


@on_a_loop
async def test_keys_select_show_and_hang_up() -> None:
    scene, glass = Scene(12), Glass()
    async with shown(glass, scene):
        glass.press("\x1b[Bj")
        await glass.until(lambda seen: "▸ …0003" in seen.text)
        glass.press("t")
        await glass.until(lambda seen: "transcript of …0003" in seen.text)
        glass.press("\x1b")
        await glass.until(lambda seen: "transcript" not in seen.lines[2])
        glass.press("h")
        await glass.until(lambda seen: "Hang up …0003 from ••••3757?  y/N" in seen.text)
        assert not scene.hung_up
        glass.press("y")
        await glass.until(lambda seen: "hanging up …0003" in seen.text)
        assert scene.hung_up == [sid(3)]


@on_a_loop
async def test_q_drains_and_the_view_stays_until_it_is_left() -> None:
    scene, glass = Scene(12), Glass()
    async with shown(glass, scene):
        glass.press("qq")
        await glass.until(lambda seen: "draining, 12 calls left" in seen.text)
        assert scene.drained.is_set()


@on_a_loop
async def test_ctrl_l_draws_anew() -> None:
    scene, glass = Scene(12), Glass()
    async with shown(glass, scene):
        glass.lines.clear()
        glass.press("\x0c")
        await glass.until(lambda seen: len(seen.lines) == 24)


@on_a_loop
async def test_an_error_around_it_leaves_a_clean_terminal() -> None:
    glass = Glass()
    with pytest.raises(RuntimeError, match="around"):
        async with shown(glass, Scene(1)):
            raise RuntimeError("around")


@on_a_loop
async def test_a_view_that_fails_ends_itself_and_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Scene):
        def snapshot(self, first: int, rows: int) -> Snapshot:
            if len(self.asked) > 2:
                raise LookupError("no snapshot")
            return super().snapshot(first, rows)

    async with shown(Glass(), Broken(1)) as screen, asyncio.timeout(10):
        await screen.gone.wait()
    assert "the live view ended, and the calls go on: no snapshot" in caplog.text


@on_a_loop
async def test_a_terminal_that_goes_away_ends_the_view_alone() -> None:
    glass, gone = Glass(), asyncio.Event()
    with glass.streams() as (out, keys), Screen(Scene(12), out, keys, ScreenOptions(on_gone=gone.set)) as screen:
        with glass.watched():
            await glass.until(lambda seen: "…0001" in seen.text)
        glass.close()
        async with asyncio.timeout(10):
            await screen.gone.wait()
        assert gone.is_set()


@on_a_loop
async def test_trouble_and_log_lines_are_seen() -> None:
    glass, troubles = Glass(), [""]
    told = RecentEvent(time.time(), "", "log", "the tunnel is down")
    with (
        glass.watched(),
        glass.streams() as (out, keys),
        Screen(Scene(1), out, keys, ScreenOptions(logs=lambda: (told,), trouble=lambda: troubles[-1])) as screen,
    ):
        await glass.until(lambda seen: "log     the tunnel is down" in seen.text)
        troubles.append("no answer for 3 s")
        await glass.until(lambda seen: "✗ no answer for 3 s" in seen.text)
        assert screen.worst_lag_ms == 11.8
    glass.close()


@on_a_loop
async def test_a_terminal_that_nobody_reads_does_not_hold_up_the_loop() -> None:
    scene, glass = Scene(500), Glass(200, 50)
    latest, worst = time.monotonic(), 0.0
    with glass.streams() as (out, keys):
        os.write(out.fileno(), b"x" * 3000)  # a pseudo-terminal takes about 4 kB, and a frame is more
        with Screen(scene, out, keys):
            for _ in range(60):
                await asyncio.sleep(0.01)
                now = time.monotonic()
                worst, latest = max(worst, now - latest), now
            assert len(scene.asked) <= 1, "frames are skipped"
        assert worst < 0.5
    glass.wait(lambda seen: seen.clean)
    glass.close()


# Other processes


@pytest.mark.parametrize("way", ["q", "\x03", signal.SIGTERM])
def test_every_way_out_leaves_a_clean_terminal_and_a_summary(way: str | signal.Signals, nursery: Nursery) -> None:
    glass = Glass()
    before = glass.attributes
    given = {**os.environ, "TERM": "xterm", "NO_COLOR": "1"}
    with nursery.program("tests.live.scene", environment=given, terminal=glass.descriptor, piped=[2]) as process:
        glass.wait(lambda seen: "…0001" in seen.text)
        glass.press("\x1a?")  # Ctrl-Z stops nobody
        glass.wait(lambda seen: "keys and figures" in seen.text)
        if isinstance(way, str):
            glass.press(way)
        else:
            process.send_signal(way)
        glass.wait(lambda seen: "57 answered" in seen.raw and seen.clean)
        assert process.communicate(timeout=20) == ("", "")
    assert process.returncode == 0
    assert glass.attributes == before
    glass.close()
    assert not re.search(r"\x1b\[(?:\d;)?3\d", glass.raw), "no colour"
    assert "▲" in glass.raw


def test_attributes_are_compared_as_a_terminal_tells_them() -> None:
    glass = Glass()
    assert glass.attributes == list(termios.tcgetattr(glass.descriptor))
    glass.close()

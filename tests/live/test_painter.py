"""Frames on a terminal, from a thread of their own."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from msgspec.structs import replace

from tests.live.glass import Glass
from tests.live.scene import sid, snapshot
from twilio_rt_cli.live.painter import Frame, Painter
from twilio_rt_cli.live.snapshot import Snapshot
from twilio_rt_cli.live.terminal import Terminal
from twilio_rt_cli.live.view import Look, screen_lines

LOOK = Look(80, 24, selected=sid(1))


@pytest.fixture
def glass() -> Iterator[Glass]:
    glass = Glass()
    yield glass
    glass.close()


@contextmanager
def painting(glass: Glass) -> Iterator[Painter]:
    with glass.streams() as (out, _):
        terminal = Terminal(out, None)
        painter = Painter(terminal)
        painter.start()
        try:
            yield painter
        finally:
            painter.stop()
            terminal.close()


def until_idle(painter: Painter) -> None:
    until = time.monotonic() + 10
    while not painter.idle:
        assert time.monotonic() < until
        time.sleep(0.001)  # its thread tells by this alone


def draw(painter: Painter, glass: Glass, frame: Frame) -> str:
    """What was written for it."""
    until_idle(painter)
    before = len(glass.raw)
    painter.draw(frame)
    glass.wait(lambda seen: seen.raw.endswith("\x1b[?2026l") and len(seen.raw) > before)
    return glass.raw[before:]


def expected(frame: Frame) -> list[str]:
    return ["".join(text for text, _ in line) for line in screen_lines(frame.snapshot, frame.look)]


def test_a_frame_stands_on_the_screen_line_by_line(glass: Glass) -> None:
    frame = Frame(snapshot(12), LOOK)
    with painting(glass) as painter:
        draw(painter, glass, frame)
        assert [glass.lines[number] for number in range(1, 25)] == expected(frame)
    glass.wait(lambda seen: seen.clean)


def test_only_what_changed_is_written_and_now_and_then_everything(glass: Glass) -> None:
    def second(number: int) -> Snapshot:
        return replace(snapshot(12), uptime_s=float(number))

    with painting(glass) as painter:
        draw(painter, glass, Frame(second(0), LOOK))
        written = [draw(painter, glass, Frame(second(number), LOOK)).count(";1H") for number in range(1, 22)]
    assert written == [1] * 19 + [24] + [1]


def test_another_size_or_a_wish_clears_the_screen(glass: Glass) -> None:
    smaller = Frame(snapshot(3), Look(60, 10))
    with painting(glass) as painter:
        draw(painter, glass, Frame(snapshot(3), LOOK))
        assert "\x1b[2J" in draw(painter, glass, smaller)
        assert len(glass.lines) == 10
        again = draw(painter, glass, replace_anew(smaller))
        assert "\x1b[2J" in again
        assert again.count(";1H") == 10


def replace_anew(frame: Frame) -> Frame:
    return Frame(frame.snapshot, frame.look, anew=True)


def test_a_terminal_that_takes_nothing_keeps_nobody_waiting(glass: Glass) -> None:
    with glass.streams() as (out, _):
        terminal = Terminal(out, None)
        painter = Painter(terminal)
        painter.start()
        until_idle(painter)
        terminal.write(b"x" * 1_000_000, lambda waited_s: waited_s < 0.1)  # full by now
        painter.draw(Frame(snapshot(12), LOOK))
        began = time.monotonic()
        assert not painter.idle
        painter.stop()
        assert time.monotonic() - began < 2
        terminal.close()
    glass.wait(lambda seen: seen.clean)


def test_what_cannot_be_drawn_ends_it_and_gives_the_terminal_back(glass: Glass) -> None:
    with painting(glass) as painter:
        until_idle(painter)
        painter.draw(Frame(replace(snapshot(1), uptime_s=float("nan")), LOOK))
        glass.wait(lambda seen: seen.raw and seen.clean)
        assert isinstance(painter.failed, ValueError)

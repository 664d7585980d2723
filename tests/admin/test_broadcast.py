"""The event stream: each reader for itself, bounded, and honest about what it missed."""

import asyncio
from collections.abc import Callable

import pytest

from tests.server.world import run
from twilio_rt_cli.admin.broadcast import MOST_BYTES, MOST_READERS, Broadcast, Reader
from twilio_rt_cli.output.backlog import MOST_LINES, SLOW_LINES


def new() -> Broadcast:
    return Broadcast(lambda: "hello", lambda lost: f"lost {lost}")


def joined(stream: Broadcast) -> Reader:
    reader = stream.join()
    assert reader is not None
    return reader


async def taken(reader: Reader) -> list[str]:
    """All lines that wait, or come until the end."""
    lines: list[str] = []
    while reader.waiting:
        lines += (await reader.chunk()).decode().splitlines()
    return lines


def figures(number: int) -> Callable[[int], str]:
    return lambda dropped: f"figures {number} dropped {dropped}"


def test_every_reader_gets_every_line_from_when_it_joined() -> None:
    async def story() -> None:
        stream = new()
        stream.publish("nobody hears this")
        first = joined(stream)
        stream.publish("one")
        second = joined(stream)
        stream.publish("two")
        assert await taken(first) == ["hello", "one", "two"]
        assert await taken(second) == ["hello", "two"]

    run(story())


def test_a_reader_waits_for_the_next_line_and_for_the_end() -> None:
    async def story() -> None:
        stream = new()
        reader = joined(stream)
        await taken(reader)
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(reader.chunk())
            await asyncio.sleep(0)
            assert not waiting.done()
            stream.publish("one")
            assert await waiting == b"one\n"
            waiting = group.create_task(reader.chunk())
            await asyncio.sleep(0)
            stream.close("bye")
            assert await waiting == b"bye\n"
            assert await reader.chunk() == b""

    run(story())


def test_figures_are_the_first_to_go_and_the_next_ones_tell_how_many_went() -> None:
    async def story() -> None:
        stream = new()
        slow, quick = joined(stream), joined(stream)
        for number in range(SLOW_LINES):
            stream.publish(f"line {number}")
            await taken(quick)
        for number in range(3):
            stream.publish_figures(figures(number))
        stream.publish("after")
        assert await taken(quick) == [f"figures {number} dropped 0" for number in range(3)] + ["after"]
        stream.publish_figures(figures(3))
        assert await taken(slow) == ["hello", *(f"line {number}" for number in range(SLOW_LINES)), "after"]
        stream.publish_figures(figures(4))
        stream.publish_figures(figures(5))
        assert await taken(slow) == ["figures 4 dropped 4", "figures 5 dropped 4"]

    run(story())


def test_who_is_ten_thousand_lines_behind_is_cut_off_and_told() -> None:
    async def story() -> None:
        stream = new()
        slow, quick = joined(stream), joined(stream)
        for number in range(MOST_LINES):
            stream.publish(f"line {number}")
            await taken(quick)
        assert slow.ended
        assert slow.waiting == 1
        stream.publish("more")
        assert await taken(slow) == [f"lost {MOST_LINES + 1}"]
        assert await slow.chunk() == b""
        assert await taken(quick) == ["more"]

    run(story())


def test_long_lines_count_too() -> None:
    async def story() -> None:
        stream = new()
        slow = joined(stream)
        long = "x" * (MOST_BYTES // 10)
        for _ in range(9):
            stream.publish(long)
        assert slow.waiting == 10
        stream.publish(long)
        assert await taken(slow) == ["lost 11"]

    run(story())


def test_readers_are_few_and_their_places_are_given_back() -> None:
    stream = new()
    readers = [joined(stream) for _ in range(MOST_READERS)]
    assert stream.join() is None
    stream.leave(readers[0])
    stream.leave(readers[0])
    joined(stream)
    assert stream.join() is None
    for reader in readers:
        stream.leave(reader)
    assert stream.readers == 1


def test_nobody_joins_at_the_end() -> None:
    async def story() -> None:
        stream = new()
        reader = joined(stream)
        stream.close("bye")
        stream.close("bye again")
        stream.publish("too late")
        assert stream.join() is None
        assert await taken(reader) == ["hello", "bye"]

    run(story())


@pytest.mark.parametrize("line", ["\ud800 lone", "é"])
def test_any_text_is_a_line(line: str) -> None:
    async def story() -> None:
        stream = new()
        reader = joined(stream)
        stream.publish(line)
        assert len(await taken(reader)) == 2

    run(story())

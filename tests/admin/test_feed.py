"""Event lines for who attached: the same as on stdout, from any thread, and figures that tell what was missed."""

import asyncio
import json
import threading
from typing import Any

import pytest

from tests.server.figures import SNAPSHOT
from twilio_rt_cli.admin.broadcast import Reader
from twilio_rt_cli.admin.feed import EventFeed
from twilio_rt_cli.output.backlog import SLOW_LINES
from twilio_rt_cli.reporting.event_lines import EventLine, Where

WHERE = Where(
    url="http://127.0.0.1:5001", public_url=None, admin_url="http://127.0.0.1:5002", pid=7, calls=2, draining=False
)


def feed() -> EventFeed:
    return EventFeed(lambda: WHERE, clock=lambda: 0.0)


async def told(reader: Reader) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (await reader.chunk()).splitlines()]


def joined(one: EventFeed) -> Reader:
    reader = one.broadcast.join()
    assert reader is not None
    return reader


def test_a_reader_first_hears_where_it_is() -> None:
    async def story() -> None:
        one = feed()
        one.publish(1.0, EventLine("tunnel.down"))
        reader = joined(one)
        one.publish(2.0, EventLine("tunnel.up", (("url", "https://x"),)))
        one.close()
        assert await told(reader) == [
            {
                "v": 1,
                "ts": "1970-01-01T00:00:00.000Z",
                "type": "server.ready",
                "url": "http://127.0.0.1:5001",
                "public_url": None,
                "admin_url": "http://127.0.0.1:5002",
                "pid": 7,
                "calls": 2,
                "draining": False,
            },
            {"v": 1, "ts": "1970-01-01T00:00:02.000Z", "type": "tunnel.up", "url": "https://x"},
            {"v": 1, "ts": "1970-01-01T00:00:00.000Z", "type": "server.stopped"},
        ]
        assert await reader.chunk() == b""

    asyncio.run(story())


def test_a_thread_may_tell_something() -> None:
    async def story() -> None:
        one = feed()
        reader = joined(one)
        await told(reader)
        await asyncio.to_thread(one.publish, 1.0, EventLine("number.changed"))
        async with asyncio.timeout(5):
            assert [event["type"] for event in await told(reader)] == ["number.changed"]

    asyncio.run(story())


def test_a_thread_that_comes_too_late_is_not_hurt(recwarn: pytest.WarningsRecorder) -> None:
    async def story() -> EventFeed:
        return feed()

    one = asyncio.run(story())
    failures: list[BaseException] = []

    def tell() -> None:
        try:
            one.publish(1.0, EventLine("number.restored"))
        except BaseException as error:  # noqa: BLE001  # a thread's error would be lost
            failures.append(error)

    late = threading.Thread(target=tell)
    late.start()
    late.join()
    assert failures == []
    assert len(recwarn) == 0


def test_figures_tell_how_many_a_slow_reader_missed() -> None:
    async def story() -> None:
        one = feed()
        reader = joined(one)
        for _ in range(SLOW_LINES):
            one.publish(1.0, EventLine("tunnel.down"))
        one.stats(SNAPSHOT)
        one.stats(SNAPSHOT)
        assert {event["type"] for event in await told(reader)} == {"server.ready", "tunnel.down"}
        one.stats(SNAPSHOT)
        (figures,) = await told(reader)
        assert (figures["type"], figures["dropped"]) == ("stats", 2)

    asyncio.run(story())

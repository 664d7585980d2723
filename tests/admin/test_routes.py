"""The admin port's look at calls: real requests, real streams of events, and a caller who is hung up on."""

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.server.figures import DETAIL, SNAPSHOT
from tests.server.world import World, call_sid, refused, run, serving
from twilio_rt_cli.admin.broadcast import MOST_READERS, Broadcast
from twilio_rt_cli.admin.metrics import Metrics
from twilio_rt_cli.admin.port import admin_port, create_admin_app
from twilio_rt_cli.admin.routes import AdminSource
from twilio_rt_cli.call.figures.end_reason import EndReason
from twilio_rt_cli.call.figures.statistics import CallStatistics
from twilio_rt_cli.live.snapshot import CallDetail, Snapshot
from twilio_rt_cli.output.backlog import MOST_LINES
from twilio_rt_cli.protocol.twilio import CallSid, StreamSid
from twilio_rt_cli.server.admission.notices import CallStarted


@dataclass
class Office:
    """A world, its admin port, and what stands behind that."""

    world: World
    url: str = ""
    asked: list[tuple[int, int | None]] = field(default_factory=list)
    events: Broadcast = field(
        default_factory=lambda: Broadcast(lambda: '{"type":"server.ready"}', lambda lost: f'{{"lost":{lost}}}')
    )

    def __post_init__(self) -> None:
        self.metrics = Metrics(capacity=3, counted=CallStatistics, refused={})

    def source(self) -> AdminSource:
        return AdminSource(
            snapshot=self.snapshot,
            detail=self.detail,
            hang_up=self.world.server.hang_up,
            metrics=self.metrics.exposed,
            events=self.events,
        )

    def snapshot(self, first: int, rows: int | None) -> Snapshot:
        self.asked.append((first, rows))
        return SNAPSHOT

    def detail(self, sid: CallSid) -> CallDetail | None:
        return DETAIL if sid == call_sid(1) else None

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return await self.world.http.get(self.url + path, headers=headers)

    async def hang_up(self, number: int, **headers: str) -> httpx.Response:
        return await self.world.http.post(f"{self.url}/calls/{call_sid(number)}/hangup", headers=headers)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncIterator[str]]:
        """The lines of `/events`."""
        async with self.world.http.stream("GET", self.url + "/events") as answer:
            assert answer.status_code == 200
            assert answer.headers["content-type"] == "application/x-ndjson"
            yield answer.aiter_lines()

    async def all_lines(self) -> list[str]:
        """What a reader is told from first to last."""
        async with self.reading() as lines:
            return [line async for line in lines]

    async def stopped_reader(self) -> socket.socket:
        """Somebody who asks for the events and then reads nothing, ever."""
        one = socket.socket()
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        one.setblocking(False)
        loop = asyncio.get_running_loop()
        port = int(self.url.rpartition(":")[2])
        await loop.sock_connect(one, ("127.0.0.1", port))
        await loop.sock_sendall(one, b"GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        return one


async def last_line(reader: socket.socket) -> bytes:
    """The last line that comes, once somebody reads on to the end."""
    received = bytearray()
    with reader:
        while some := await asyncio.get_running_loop().sock_recv(reader, 1_000_000):
            received += some
            if received.endswith(b"0\r\n\r\n"):  # of the chunked answer
                break
    return bytes(received.splitlines()[-4])


@asynccontextmanager
async def office(host: str = "127.0.0.1", **changes: Any) -> AsyncIterator[Office]:
    async with serving(**changes) as world:
        one = Office(world)
        app = create_admin_app(
            world.origins, world.port, checked=True, on_origin_changed=lambda: None, source=one.source(), host=host
        )
        async with admin_port(app, host, 0, on_close=lambda: one.events.close('{"type":"server.stopped"}')) as one.url:
            yield one


def story_of(story: Callable[[Office], Any], **changes: Any) -> None:
    async def whole() -> None:
        async with office(**changes) as one:
            await story(one)

    run(whole())


# Looking


def test_metrics_are_what_prometheus_reads() -> None:
    async def story(one: Office) -> None:
        one.metrics.on_server(0.0, CallStarted(call_sid(), StreamSid("MZ1"), "", ""))
        answer = await one.get("/metrics")
        assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
        samples = {s.name: s.value for f in text_string_to_metric_families(answer.text) for s in f.samples}
        assert samples["twilio_rt_calls_started_total"] == 1
        assert samples["twilio_rt_capacity"] == 3
        answer = await one.get("/metrics", Accept="application/openmetrics-text; version=1.0.0")
        assert answer.headers["content-type"].startswith("application/openmetrics-text")
        assert answer.text.endswith("# EOF\n")

    story_of(story)


def test_the_snapshot_is_told_as_json() -> None:
    async def story(one: Office) -> None:
        answer = await one.get("/calls")
        assert answer.headers["content-type"] == "application/json"
        assert msgspec.json.decode(answer.content, type=Snapshot) == SNAPSHOT
        assert (await one.get("/calls?first=40&rows=20")).status_code == 200
        assert (await one.get("/calls?rows=0")).status_code == 200
        assert one.asked == [(0, None), (40, 20), (0, 0)]
        for bad in ("first=-1", "rows=-1", "rows=many"):
            assert (await one.get(f"/calls?{bad}")).status_code == 422

    story_of(story)


def test_one_call_is_told_in_detail() -> None:
    async def story(one: Office) -> None:
        answer = await one.get(f"/calls/{call_sid(1)}")
        assert msgspec.json.decode(answer.content, type=CallDetail) == DETAIL
        assert (await one.get(f"/calls/{call_sid(2)}")).status_code == 404

    story_of(story)


# Hanging up


def test_a_talking_call_is_hung_up_and_the_caller_hears_no_apology() -> None:
    async def story(one: Office) -> None:
        async with one.world.talking(1):
            answer = await one.hang_up(1)
            assert (answer.status_code, answer.json()) == (200, {"call": call_sid(1), "hung_up": True})
            assert one.world.calls[0].reason is EndReason.OPERATOR
        tail = await one.world.tail(1)
        assert "<Hangup" in tail
        assert "<Say" not in tail
        assert (await one.hang_up(1)).status_code == 404

    story_of(story)


def test_a_call_that_was_only_answered_is_hung_up() -> None:
    async def story(one: Office) -> None:
        token = await one.world.token(call_sid(1))
        assert (await one.hang_up(1)).status_code == 200
        assert one.world.server.registry.places == 0
        assert await refused(one.world.dial(token)) == 403
        tail = await one.world.tail(1)
        assert "<Say" not in tail
        assert one.world.server.registry.how_it_ended(call_sid(1)) is EndReason.OPERATOR

    story_of(story)


def test_a_call_before_its_start_is_hung_up() -> None:
    async def story(one: Office) -> None:
        async with one.world.dial(await one.world.token(call_sid(1))) as socket:
            assert (await one.hang_up(1)).status_code == 200
            await socket.wait_closed()
            assert (socket.close_code, socket.close_reason) == (1000, "operator")
            assert one.world.calls == []
            assert (await one.hang_up(1)).status_code == 409
        assert "<Say" not in await one.world.tail(1)

    story_of(story)


def test_an_unknown_call_cannot_be_hung_up() -> None:
    async def story(one: Office) -> None:
        assert (await one.hang_up(1)).status_code == 404

    story_of(story)


# Who may


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Origin": "http://127.0.0.1:5002"}])
def test_a_page_in_a_browser_hangs_up_nobody(headers: dict[str, str]) -> None:
    async def story(one: Office) -> None:
        async with one.world.talking(1):
            assert (await one.hang_up(1, **headers)).status_code == 403
            assert one.world.calls[0].reason is None

    story_of(story)


@pytest.mark.parametrize("path", ["/calls", "/metrics", "/events", "/origin", "/nothing"])
def test_who_names_another_host_reads_nothing(path: str) -> None:
    async def story(one: Office) -> None:
        answer = await one.get(path, Host="rebound.example:5002")
        assert (answer.status_code, answer.text) == (403, "Forbidden")

    story_of(story)


def test_an_admin_port_for_others_answers_them_but_lets_them_change_nothing() -> None:
    async def story(one: Office) -> None:
        assert (await one.get("/calls", Host="bridge.internal:5002")).status_code == 200
        assert (await one.hang_up(1, Host="bridge.internal:5002")).status_code == 403

    story_of(story, host="0.0.0.0")


# Events


def test_events_begin_with_where_we_are_and_go_on() -> None:
    async def story(one: Office) -> None:
        async with one.reading() as lines, one.reading() as others:
            for reader in (lines, others):
                assert await anext(reader) == '{"type":"server.ready"}'
            one.events.publish('{"n":1}')
            for reader in (lines, others):
                assert await anext(reader) == '{"n":1}'
        await one.world.until(lambda: one.events.readers == 0)

    story_of(story)


def test_a_reader_who_stopped_holds_up_nobody_and_is_cut_off() -> None:
    async def story(one: Office) -> None:
        sleeper = await one.stopped_reader()
        async with one.reading() as lines:
            await anext(lines)
            line = json.dumps({"text": "x" * 200})
            longest = 0.0
            for _ in range(MOST_LINES // 100 + 40):
                began = time.perf_counter()
                for _ in range(100):
                    one.events.publish(line)
                longest = max(longest, time.perf_counter() - began)
                for _ in range(100):
                    assert await anext(lines) == line
            assert longest < 0.1
            assert json.loads(await last_line(sleeper)) == {"lost": MOST_LINES + 1}

    story_of(story)


def test_the_end_waits_for_no_reader() -> None:
    async def story() -> None:
        async with serving() as world:
            one = Office(world)
            app = create_admin_app(world.origins, 1, checked=True, on_origin_changed=lambda: None, source=one.source())
            stopped = lambda: one.events.close('{"type":"server.stopped"}')  # noqa: E731
            async with admin_port(app, "127.0.0.1", 0, on_close=stopped) as one.url:
                sleeper = await one.stopped_reader()
                reading = asyncio.ensure_future(one.all_lines())
                await world.until(lambda: one.events.readers == 2)
                for _ in range(2000):
                    one.events.publish("x" * 1000)
                    await asyncio.sleep(0)
                began = time.perf_counter()
            assert time.perf_counter() - began < 1.0
            assert one.events.readers == 0
            assert (await reading)[-1] == '{"type":"server.stopped"}'
            sleeper.close()

    run(story())


def test_too_many_readers_are_refused() -> None:
    async def story(one: Office) -> None:
        for _ in range(MOST_READERS):
            assert one.events.join() is not None
        assert (await one.get("/events")).status_code == 503

    story_of(story)


def test_nobody_attaches_to_a_server_that_stops() -> None:
    async def story(one: Office) -> None:
        one.events.close("bye")
        assert (await one.get("/events")).status_code == 503

    story_of(story)

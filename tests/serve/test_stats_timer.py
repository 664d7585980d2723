"""The figures of a server: often for who attached, seldom on stdout, never for nobody."""

import asyncio
import io
import json
import sys

import pytest

from tests.server.figures import SNAPSHOT
from twilio_rt_cli.admin.feed import EventFeed
from twilio_rt_cli.live.snapshot import Snapshot
from twilio_rt_cli.output.redaction import Redactor
from twilio_rt_cli.reporting.event_lines import Where
from twilio_rt_cli.reporting.reporter import Form, Reporter
from twilio_rt_cli.serve.stats_timer import PRINTED_EVERY, StatsTimer

WHERE = Where(url="", public_url=None, admin_url="", pid=7)


class Stand:
    """A timer over a made-up server, and what stdout got."""

    def __init__(self, form: Form, monkeypatch: pytest.MonkeyPatch) -> None:
        self.out = io.StringIO()
        monkeypatch.setattr(sys, "stdout", self.out)
        self.asked = 0
        self.feed = EventFeed(lambda: WHERE, clock=lambda: 0.0)
        self.reporter = Reporter(form, Redactor(), clock=lambda: 0.0)
        self.timer = StatsTimer(self._snapshot, self.reporter, self.feed, every_s=0.001)

    def _snapshot(self) -> Snapshot:
        self.asked += 1
        return SNAPSHOT

    def printed(self) -> list[str]:
        self.reporter.close()
        return self.out.getvalue().splitlines()


def test_every_tenth_beat_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        stand = Stand(Form.JSON, monkeypatch)
        for _ in range(2 * PRINTED_EVERY + 1):
            stand.timer.tick()
        assert stand.asked == 2
        first, second = map(json.loads, stand.printed())
        assert first == second
        assert first == {
            "v": 1,
            "ts": "1970-01-01T00:00:00.000Z",
            "type": "stats",
            "calls": 1,
            "max": 50,
            "v2v_p50_ms": 780.0,
            "v2v_p95_ms": 1140.0,
            "loop_lag_p99_ms": 3.0,
            "rss_mb": 142.3,
            "cpu_percent": 7.0,
            "started": 45,
            "ended": 44,
            "failed": 1,
            "refused": 2,
            "degraded": 0,
            "tokens": 2500,
            "cost_usd": None,
            "dropped": 0,
        }

    asyncio.run(story())


def test_plain_lines_say_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        stand = Stand(Form.PLAIN, monkeypatch)
        for _ in range(PRINTED_EVERY):
            stand.timer.tick()
        (line,) = stand.printed()
        assert line.startswith("1970-01-01T00:00:00.000Z stats calls=1 max=50 v2v_p50_ms=780.0 v2v_p95_ms=1140.0 ")
        assert line.endswith(" tokens=2500 dropped=0")

    asyncio.run(story())


def test_a_transcript_has_no_figures_and_nothing_is_summed_up_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        stand = Stand(Form.TRANSCRIPT, monkeypatch)
        for _ in range(3 * PRINTED_EVERY):
            stand.timer.tick()
        assert (stand.asked, stand.printed()) == (0, [])

    asyncio.run(story())


def test_who_attached_hears_every_beat_until_it_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        stand = Stand(Form.TRANSCRIPT, monkeypatch)
        reader = stand.feed.broadcast.join()
        assert reader is not None
        stand.timer.start()
        lines: list[bytes] = []
        async with asyncio.timeout(5):
            while len(lines) < 4:
                lines += (await reader.chunk()).splitlines()
        stand.timer.stop()
        stand.timer.stop()
        asked = stand.asked
        assert [json.loads(line)["type"] for line in lines[:4]] == ["server.ready", "stats", "stats", "stats"]
        await asyncio.sleep(0.01)  # the loop's timers keep their order: a tick would come before this
        assert stand.asked == asked

    asyncio.run(story())

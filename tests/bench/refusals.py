"""More callers than places, and strangers by the hundred: what do the calls on the line feel, and the valid ones?

Every place is taken by a call that talks; then as many calls more ring at once, four times. The connections of those
are open before, so that the time to each answer is the server's. After that strangers ask for upgrades with tokens that
nobody gave out, from one address, and between them valid calls come in from the same address.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.bench.beat import ticking
from tests.bench.load import Rig, Turn
from tests.bench.pacing import paced
from tests.bench.tally import Latency, latency
from tests.bench.twilio import BUSY, Answer, Line, Twilio, quantiles, signed_rig

CALLS = 40
BURSTS = 4
INTO_TURN_S = 0.8
"""when a burst comes: with half a second that is not measured, 0.3 s into what is"""
MOST_BUSY_MS, MOST_TIMES, FLOOR_MS = 200.0, 1.5, 1.0
"""a p99 below the floor counts as the floor: half a millisecond more of next to nothing is noise"""
STRANGERS_PER_S, STRANGERS_S = 400, 3.0
VALID = 40
"""calls that come in among the strangers"""
MOST_UPGRADE_MS = 200.0
FIRST_EXTRA, FIRST_VALID = 600_000, 700_000
"""numbers of calls that no phone has"""


@dataclass(frozen=True, slots=True)
class Refusals:
    """What was refused, how fast, and what the others felt."""

    alone: Latency
    during: Latency
    lost: int
    busy: tuple[Answer, ...]
    strangers: tuple[Answer, ...]
    strangers_s: float
    valid: tuple[Answer, ...]

    @property
    def busy_right(self) -> bool:
        """Whether all callers without a place heard so in time."""
        in_time = all(one.status == 200 and one.took_ms <= MOST_BUSY_MS for one in self.busy)
        return in_time and all(BUSY in one.text and "<Stream" not in one.text for one in self.busy)

    @property
    def calls_right(self) -> bool:
        """Whether calls on the line hardly felt it."""
        return self.during.p99 <= MOST_TIMES * max(self.alone.p99, FLOOR_MS) and not self.lost

    @property
    def strangers_right(self) -> bool:
        """Whether strangers were slowed and valid calls never."""
        limited = {one.status for one in self.strangers} == {403, 429}
        return limited and all(one.status == 101 and one.took_ms <= MOST_UPGRADE_MS for one in self.valid)

    def table(self) -> str:
        """For people."""
        p50, p99, most = quantiles([one.took_ms for one in self.busy])
        heard = sum(BUSY in one.text for one in self.busy)
        alone, during = (f"{one.p50:.2f} / {one.p99:.2f} / {one.max:.2f}" for one in (self.alone, self.during))
        floor = f"p99 at most {MOST_TIMES:g} × that alone, at least {FLOOR_MS:g} ms counted"
        statuses = " and ".join(f"{count} × {status}" for status, count in self._statuses(self.strangers).items())
        valid = quantiles([one.took_ms for one in self.valid])
        rows = [
            (f"{CALLS} calls more at once, {BURSTS} times", f"{heard} of {len(self.busy)} hear BUSY", "", True),
            ("their answers, p50 / p99 / max ms", f"{p50:.1f} / {p99:.1f} / {most:.1f}", "200", self.busy_right),
            (f"{CALLS} calls on the line alone, p50 / p99 / max ms", alone, "", True),
            ("the same in the seconds of the bursts", f"{during}, {self.lost} lost", floor, self.calls_right),
            (f"{len(self.strangers) / self.strangers_s:.0f} strangers a second", statuses, "429 after a burst", True),
            (
                f"{len(self.valid)} valid upgrades among them, p50 / p99 / max ms",
                f"{' / '.join(f'{one:.1f}' for one in valid)}, all {dict(self._statuses(self.valid))}",
                f"101, {MOST_UPGRADE_MS:g}",
                self.strangers_right,
            ),
        ]
        head = f"\n| LIMIT_CONCURRENCY {CALLS}, all places taken | found | limit | right |\n" + "|---" * 4 + "|\n"
        return head + "".join(f"| {a} | {b} | {c} | {'yes' if d else 'NO'} |\n" for a, b, c, d in rows)

    def as_json(self) -> dict[str, Any]:
        """For scripts."""
        return {
            "right": self.busy_right and self.calls_right and self.strangers_right,
            "busy_ms": quantiles([one.took_ms for one in self.busy]),
            "alone_p99": self.alone.p99,
            "during_p99": self.during.p99,
            "lost": self.lost,
            "strangers": self._statuses(self.strangers),
            "valid_ms": quantiles([one.took_ms for one in self.valid]),
        }

    def _statuses(self, answers: Sequence[Answer]) -> Counter[int]:
        return Counter(sorted(one.status for one in answers))


async def refusals() -> Refusals:
    """Bursts of callers without a place; then strangers, with a bridge of their own that has places left."""
    async with signed_rig(CALLS, LIMIT_CONCURRENCY=str(CALLS)) as (one, twilio):
        for _ in range(BURSTS):
            await one.turn()
        alone = _latency(one.turns)
        before, busy = len(one.turns), []
        for burst in range(BURSTS):
            lines = await _lines(twilio, CALLS)
            answers, _ = await asyncio.gather(_burst(twilio, lines, FIRST_EXTRA + burst * CALLS), one.turn())
            busy += answers
        during = _latency(one.turns[before:])
        lost = sum(tally.lost + tally.altered + tally.reordered for tally in (one.phones.caller, one.phones.agent))
    async with signed_rig(1) as (one, twilio):
        strangers, valid, took_s = await _strangers(one, twilio)
    return Refusals(alone, during, lost, tuple(busy), tuple(strangers), took_s, tuple(valid))


def _latency(turns: list[Turn]) -> Latency:
    clean = [turn for turn in turns if turn.clean] or turns
    return latency([samples for turn in clean for samples in (turn.caller_ns, turn.agent_ns)])


async def _lines(twilio: Twilio, count: int) -> list[Line]:
    return [await twilio.line() for _ in range(count)]


async def _burst(twilio: Twilio, lines: list[Line], first: int) -> list[Answer]:
    """Ring on all lines in one moment."""
    asked = [twilio.form("/incoming-call", first + number) for number in range(len(lines))]
    await asyncio.sleep(INTO_TURN_S)
    async with asyncio.timeout(15):
        return await asyncio.gather(*(line.ask(raw) for line, raw in zip(lines, asked, strict=True)))


async def _strangers(one: Rig, twilio: Twilio) -> tuple[list[Answer], list[Answer], float]:
    """Upgrades with tokens that nobody gave out, valid ones among them, and how long it took."""
    tokens = [await twilio.token(FIRST_VALID + number) for number in range(VALID)]
    every = round(STRANGERS_PER_S * STRANGERS_S / VALID)
    strangers: list[asyncio.Task[Answer]] = []
    valid: list[asyncio.Task[Answer]] = []
    began_at = time.monotonic()
    with ticking(one.phones.beat, one.model.beat):
        async with asyncio.TaskGroup() as group:
            async for number in paced(round(STRANGERS_PER_S * STRANGERS_S), STRANGERS_PER_S):
                strangers.append(group.create_task(twilio.ask(twilio.upgrade(f"nobody-gave-out-{number}"))))
                if number % every == every - 1:
                    valid.append(group.create_task(twilio.ask(twilio.upgrade(tokens[len(valid)]))))
    took_s = time.monotonic() - began_at
    return [task.result() for task in strangers], [task.result() for task in valid], took_s

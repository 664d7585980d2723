"""Interrupts the agent hundreds of times, and compares what the model is told with what the caller heard.

Many calls at once over one bridge, each on a line with 0, 80 or 160 ms of round trip and a playout buffer that begins
100 ms late. Interruptions during which this process itself stood still for more than 10 ms are counted and shown, and
left out of the maximum only.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass
from typing import Any

from tests.bench.beat import ticking
from tests.bench.bridge_process import Candidate, bridge_process
from tests.bench.exact_phone import ExactPhone
from tests.bench.interrupted_model import Interrupted, InterruptedModel, Interruption
from tests.bench.model import listening
from tests.bench.phones import Phones
from tests.bench.tally import Tally
from tests.bench.verdict import judge

ROUND_TRIPS_MS = (0, 80, 160)
CALLS = 20
"""at once, for each round trip"""
LIMITS_MS = {0: 10.0}
"""p95 on loopback; 25 elsewhere"""
P95_MS, MAX_MS, CLEAR_P99_MS, MOST_LAGGED = 25.0, 45.0, 5.0, 0.02


@dataclass(frozen=True, slots=True)
class Line:
    """All interruptions with one round trip."""

    rtt_ms: int
    interruptions: int
    cuts: int
    """those in which the model was told of a cut inside an item"""
    p50: float
    p95: float
    max: float
    """of the error's size, in ms; the maximum without lagged ones"""
    bias: float
    """mean error: above 0 the model is told more than was heard"""
    lagged: int
    clear_p50: float
    clear_p99: float
    """speech_started said → clear at the phone's socket, ms"""
    faults: dict[str, int]

    @property
    def right(self) -> bool:
        """Whether all limits hold."""
        p95 = LIMITS_MS.get(self.rtt_ms, P95_MS)
        exact = self.p95 <= p95 and self.max <= MAX_MS and self.clear_p99 <= CLEAR_P99_MS
        return exact and not self.faults and self.lagged <= MOST_LAGGED * self.interruptions


@dataclass(frozen=True, slots=True)
class Exactness:
    """What an exactness run showed."""

    lines: tuple[Line, ...]

    def table(self) -> str:
        """For people."""
        head = (
            "\n| round trip | interruptions | cuts inside an item | error p50 / p95 / max ms | mean "
            "| clear after p50 / p99 ms | lagged | faults |\n" + "|---" * 8 + "|\n"
        )
        return head + "".join(map(_cells, self.lines))

    def as_json(self) -> dict[str, Any]:
        """For scripts."""
        fields = ("rtt_ms", "interruptions", "cuts", "p50", "p95", "max", "bias", "lagged", "clear_p99", "faults")
        lines = [{name: getattr(one, name) for name in fields} for one in self.lines]
        return {"right": all(one.right for one in self.lines), "lines": lines}


async def interrupt(interruptions: int, round_trips_ms: tuple[int, ...] = ROUND_TRIPS_MS) -> Exactness:
    """So many interruptions for each round trip."""
    calls = min(CALLS, interruptions)
    tallies = Tally(), Tally()
    model = InterruptedModel(*tallies, each=-(-interruptions // calls))
    async with listening(model, talker=lambda _: Interrupted(model)):
        with bridge_process(Candidate.OURS, model.port) as bridge:
            phones = Phones(bridge.url, *tallies)
            with ticking(phones.beat) as lags:
                for call in range(calls * len(round_trips_ms)):
                    rtt_ms = round_trips_ms[call % len(round_trips_ms)]
                    phone = ExactPhone(call, *tallies, rtt_s=rtt_ms / 1000)
                    model.phones[call] = phone
                await phones.bring([*model.phones.values()], per_second=20)
                async with asyncio.timeout(60 + 12 * model.each):
                    await model.over.wait()
                await phones.hang_up()
    return Exactness(tuple(_line(rtt_ms, model.found, lags) for rtt_ms in round_trips_ms))


def _cells(one: Line) -> str:
    return (
        f"| {one.rtt_ms} ms | {one.interruptions} | {one.cuts} | {one.p50:.1f} / {one.p95:.1f} / {one.max:.1f} "
        f"| {one.bias:+.1f} | {one.clear_p50:.2f} / {one.clear_p99:.2f} | {one.lagged} | {one.faults or 'none'} |\n"
    )


def _line(rtt_ms: int, found: list[Interruption], lags: list[tuple[float, float]]) -> Line:
    errors: list[float] = []
    unlagged: list[float] = []
    faults: Counter[str] = Counter()
    mine = [one for one in found if one.rtt_ms == rtt_ms]
    lagged = 0
    for one in mine:
        verdict = judge(one)
        faults.update(verdict.faults)
        errors += verdict.errors_ms
        if any(until > one.spoke_at - 0.5 and since < one.settled_at for since, until in lags):
            lagged += 1
        else:
            unlagged += verdict.errors_ms
    sizes = sorted(map(abs, errors)) or [0.0]
    clears = sorted((one.watch.clear_came_at - one.spoke_at) * 1000 for one in mine if one.watch.clear_came_at) or [0.0]
    return Line(
        rtt_ms,
        len(mine),
        len(errors),
        _part(sizes, 0.5),
        _part(sizes, 0.95),
        max(map(abs, unlagged), default=0.0),
        sum(errors) / len(errors) if errors else 0.0,
        lagged,
        _part(clears, 0.5),
        _part(clears, 0.99),
        dict(faults),
    )


def _part(ordered: list[float], part: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]

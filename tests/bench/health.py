"""Does anything block the loop? A hundred calls talk over TLS, and everything else happens beside them.

The model calls tools (see busy_tools), calls come and go, and every event is written as a line. The bridge itself says
how late its loop was, by its last log line, and the collector's pauses are noted beside it.

The second load has tools that compute in pure Python too. Such a thread shares the interpreter with the loop in turns:
no single wait is long, but while it computes the calls have half of the core at most, and a hundred of them need more.
That load is shown and not judged by its lag. A thread that waits for its turn counts as waiting for the core.
"""

import asyncio
import json
import os
import re
from collections import Counter
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from tests.bench import meters, watched
from tests.bench.beat import ticking
from tests.bench.bridge_process import BridgeProcess
from tests.bench.certificates import Certificate
from tests.bench.feeling import feeling
from tests.bench.load import Rig
from tests.bench.meters import Span
from tests.bench.model import BenchModel, Talker, Talking
from tests.bench.pacing import paced
from tests.bench.phones import Phone
from tests.bench.stamps import APART
from tests.bench.tally import Latency, Tally
from tests.bench.twilio import signed_dial, signed_rig

CALLS = 100
SECONDS = 10.0
CHURN_PER_S = 5.0
STAYS_S = 1.0
"""how long a call lasts that comes and goes"""
TOOLS_PER_S = 12
BEATS_PER_CALL = round(5 * CALLS / TOOLS_PER_S)
"""of 200 ms: after so many, a call's model wants a tool"""
GENTLE = ("nap",) * 5 + ("megabyte",)
HARD = ("nap",) * 4 + ("megabyte", "burn")
MOST_MS = 20.0
_LAG = re.compile(r"loop lag p50 ([\d.]+) p99 ([\d.]+) max ([\d.]+) ms in the last minute, ([\d.]+) ms at worst")


class Working(Talking):
    """Talks, and now and then ends its answer with a function call; goes on when it has the output."""

    def __init__(self, model: BenchModel, tools: tuple[str, ...], serial: "count[int]") -> None:
        super().__init__(model)
        self._tools = tools
        self._turn = next(serial) * 7 % BEATS_PER_CALL  # so that calls do not want tools in the same moment
        self._wants = serial

    def beat(self) -> None:
        super().beat()
        self._turn += 1
        if self._turn % BEATS_PER_CALL == 0 and self.active is not None:
            self._call_tool(self._tools[next(self._wants) % len(self._tools)])

    def _call_tool(self, name: str) -> None:
        serial = self.next_serial()
        item = {"id": f"item_{serial}", "type": "function_call", "status": "completed", "call_id": f"tool_{serial}"}
        item |= {"name": name, "arguments": "{}"}
        self.say("response.output_item.added", response_id=self.active, output_index=1, item=item)
        self.say("response.output_item.done", response_id=self.active, output_index=1, item=item)
        self.stop_speaking()
        self.end_response("completed")

    def _take(self, raw: bytes, event: dict[str, Any]) -> None:
        if event["type"] != "conversation.item.create":
            super()._take(raw, event)
            return
        self.say("conversation.item.added", item=event["item"], previous_item_id=None)


@dataclass(frozen=True, slots=True)
class Healthy:
    """How the loop was under one load."""

    what: str
    p50: float
    p99: float
    worst: float
    bridge: Span
    generator: Span
    latency: Latency
    collections: tuple[watched.Collections, ...]
    tools: Counter[str]
    came: int
    """calls that came and went"""
    lost: int
    judged: bool
    """whether its lag is held to the limit"""

    @property
    def unblocked(self) -> bool:
        """Whether nothing blocked for long."""
        return self.worst <= MOST_MS

    @property
    def right(self) -> bool:
        """Whether everything arrived, and nothing blocked for long where that is judged."""
        return not self.lost and (self.unblocked or not self.judged)


@dataclass(frozen=True, slots=True)
class Health:
    """Both loads."""

    loads: tuple[Healthy, ...]

    def table(self) -> str:
        """For people."""
        head = (
            f"\n| {CALLS} calls, TLS, {CHURN_PER_S:g} come and go a second | loop lag p50 / p99 / worst ms "
            f"(at most {MOST_MS:.0f}) | frames p50 / p99 / max ms | longest collection of generation 0 / 1 / 2, ms "
            "| tool calls answered | came and went | lost | busy, waiting for the core %: bridge; generator "
            "| within the limit |\n"
        )
        return head + "|---" * 9 + "|\n" + "".join(map(_cells, self.loads))

    def as_json(self) -> dict[str, Any]:
        """For scripts."""
        loads = [
            {
                "what": one.what,
                "lag_ms": {"p50": one.p50, "p99": one.p99, "worst": one.worst},
                "frames_ms": {"p50": one.latency.p50, "p99": one.latency.p99, "max": one.latency.max},
                "longest_collection_ms": [round(each.longest_ms, 2) for each in one.collections],
                "waiting": [round(each.waiting, 4) for each in (one.bridge, one.generator)],
                "tools": one.tools,
                "lost": one.lost,
                "unblocked": one.unblocked,
            }
            for one in self.loads
        ]
        return {"right": all(one.right for one in self.loads), "loads": loads}


def _cells(one: Healthy) -> str:
    lag = f"{one.p50:.1f} / {one.p99:.1f} / {one.worst:.1f}"
    frames = f"{one.latency.p50:.2f} / {one.latency.p99:.2f} / {one.latency.max:.2f}"
    pauses = " / ".join(f"{each.longest_ms:.1f} ({each.count} ×)" for each in one.collections)
    tools = ", ".join(f"{number} {name}" for name, number in sorted(one.tools.items()))
    cores = "; ".join(f"{100 * each.busy:.0f}, {100 * each.waiting:.1f}" for each in (one.bridge, one.generator))
    cells = [one.what, lag, frames, pauses, tools, one.came, one.lost, cores]
    verdict = ("yes" if one.unblocked else "NO") + ("" if one.judged else ", not judged")
    return f"| {' | '.join(map(str, cells))} | {verdict} |\n"


async def health(certificate: Certificate, seconds: float = SECONDS) -> Health:
    """Without and with tools that compute. The first once more if it fails: somebody else may have had the core."""
    gentle = [await _under(GENTLE, certificate, seconds)]
    if not gentle[0].right:
        gentle.append(await _under(GENTLE, certificate, seconds))
    return Health((min(gentle, key=lambda one: one.worst), await _under(HARD, certificate, seconds)))


async def _under(tools: tuple[str, ...], certificate: Certificate, seconds: float) -> Healthy:
    talker = _talker(tools)
    settings = {"TOOLS": str(Path(__file__).with_name("busy_tools.py"))}
    async with signed_rig(CALLS, certificate=certificate, talker=talker, module=watched.__name__, **settings) as (
        one,
        _,
    ):
        with ticking(one.phones.beat, one.model.beat), feeling(one) as felt:
            before = meters.read(one.bridge.pid), meters.read(os.getpid())
            came = await _come_and_go(one, seconds)
            after = meters.read(one.bridge.pid), meters.read(os.getpid())
        await one.arrive()
        lost = sum(tally.lost + tally.altered + tally.reordered for tally in (one.phones.caller, one.phones.agent))
        one.bridge.stop()
        p50, p99, _, worst = _lag(one.bridge)
        bridge, generator = (meters.between(first, last) for first, last in zip(before, after, strict=True))
        return Healthy(
            "tools that wait or say much" if tools == GENTLE else "and tools that compute for 50 ms",
            p50,
            p99,
            worst,
            bridge=bridge,
            generator=generator,
            latency=felt.latency,
            collections=tuple(watched.read(one.bridge.folder)),
            tools=_answered(one.bridge),
            came=came,
            lost=lost,
            judged=tools == GENTLE,
        )


def _talker(tools: tuple[str, ...]) -> Talker:
    serial = count()
    return lambda model: Working(model, tools, serial)


async def _come_and_go(one: Rig, seconds: float) -> int:
    """Calls beside the others, each a second long; how many there were."""
    came = round(seconds * CHURN_PER_S)
    async with asyncio.TaskGroup() as group:
        async for number in paced(came, CHURN_PER_S):
            group.create_task(_visit(one, APART + number))
    return came


async def _visit(one: Rig, call: int) -> None:
    phone = Phone(call, Tally(), Tally())
    await signed_dial(one.bridge.url, phone)
    one.phones.beat.join(phone)
    await asyncio.sleep(STAYS_S)
    one.phones.beat.leave(phone)
    phone.hang_up()
    async with asyncio.timeout(10):
        await phone.closed.wait()


def _lag(bridge: BridgeProcess) -> tuple[float, ...]:
    """p50, p99 and max of the last minute, and the worst, from the bridge's last words."""
    found = _LAG.search((bridge.folder / "err").read_text())
    if found is None:
        raise RuntimeError("the bridge did not say how late its loop was")
    return tuple(map(float, found.groups()))


def _answered(bridge: BridgeProcess) -> Counter[str]:
    lines = map(json.loads, (bridge.folder / "out").read_text().splitlines())
    return Counter(line["name"] for line in lines if line["type"] == "call.tool" and line["state"] == "answered")

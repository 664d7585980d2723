"""The phases of a soak: warm up, many short calls, a few long ones; and what the bridge has after each."""

import asyncio
import gc
import re
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count, islice
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.beat import Beat, ticking
from tests.bench.bridge_process import BridgeProcess, Candidate, bridge_process
from tests.bench.stamps import noise, noise_text
from tests.soak.endings import Ending, deal
from tests.soak.lines import open_port
from tests.soak.long_calls import talk
from tests.soak.memory import Sample, sampled
from tests.soak.model import SoakModel
from tests.soak.short_call import ShortCall
from tests.soak.watch import Figures, Watch

AT_ONCE = 40
"""short calls"""
_IS_ERROR = re.compile(r" level=(error|critical) ")
_PEERS_FAULT = "WS parser error"
TOOLS = Path(__file__).with_name("slow_tools.py")
SAMPLE_S = 2.0
FORGET_EVERY = 500
"""calls after which this process forgets their noise"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be done."""

    calls: int
    long_calls: int
    minutes: float
    seed: int
    warm_up_calls: int = 5000
    """as many as the bridge's book remembers; from there on its memory is that of a bridge which ran for a day"""
    warm_up_s: float = 10.0
    """of the long calls; memory is as large as it becomes once all of them have talked"""
    webhooks: float = 0.5
    """how often Twilio asks what comes after a short call; of the others the book waits for it in vain"""
    patient: bool = True
    """with endings that wait for a time limit of the bridge"""


@dataclass(slots=True)
class Found:
    """What came of it."""

    plan: Plan
    fresh: Figures
    """just started"""
    base: Figures
    """warmed up"""
    after_short: Figures | None = None
    final: Figures | None = None
    endings: Counter[Ending] = field(default_factory=Counter)
    stuck: Counter[Ending] = field(default_factory=Counter)
    """calls of which something did not end"""
    early: Counter[Ending] = field(default_factory=Counter)
    """calls that the bridge ended before they were where they should end"""
    short_samples: list[Sample] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    """of the long calls"""
    interruptions: int = 0
    altered: int = 0
    """stretches of audio in long calls that arrived other than they were sent"""
    refused: dict[str, int] = field(default_factory=dict)
    lines_left: int = 0
    """connections still open at the model when all was over"""
    complaints: Counter[str] = field(default_factory=Counter)
    """errors in the bridge's log that no peer explains"""
    exit_code: int = 0


class Rig:
    """A watched bridge with its model, and short calls by their numbers."""

    def __init__(self, bridge: BridgeProcess, watch: Watch, model: SoakModel, beat: Beat, plan: Plan) -> None:
        self.bridge = bridge
        self.watch = watch
        self.model = model
        self._beat = beat
        self._plan = plan
        self._numbers = count()

    async def short_calls(self, endings: Iterator[Ending], found: Found | None = None) -> None:
        """One call for each, several at once; counted if something is given to count in."""
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(self._one_by_one(endings, found))

    async def _one_by_one(self, endings: Iterator[Ending], found: Found | None) -> None:
        for ending in endings:
            call = ShortCall(next(self._numbers), ending, self._plan.seed)
            self.model.short[call.number] = call
            try:
                await call.live(self.bridge.url, self._beat, self._plan.webhooks)
            except TimeoutError:
                if found is not None:
                    found.stuck[ending] += 1
            finally:
                del self.model.short[call.number]
            if found is not None:
                found.endings[ending] += 1
                found.early[ending] += call.lost_early
            if call.number % FORGET_EVERY == 0:
                noise.cache_clear()
                noise_text.cache_clear()

    async def long_calls(self, numbers: range, seconds: float) -> list[Sample]:
        """Long calls with these numbers."""
        every_s = min(10.0, max(1.0, seconds / 30))
        return await talk(self.bridge.url, self.bridge.pid, self.model, numbers, seconds=seconds, every_s=every_s)

    def complaints(self) -> Counter[str]:
        """Errors in the log, but for those about a peer's broken frames."""
        lines = (self.bridge.folder / "err").read_text().splitlines()
        bad = [line.partition(" ")[2] for line in lines if _IS_ERROR.search(line) and _PEERS_FAULT not in line]
        return Counter(line[:300] for line in bad)


@asynccontextmanager
async def rig(plan: Plan) -> AsyncIterator[Rig]:
    """The bridge, started."""
    model, beat = SoakModel(plan.seed), Beat(20)
    with TemporaryDirectory(prefix="soak-") as folder:
        answers = Path(folder) / "figures.json"
        async with open_port(model) as port:
            starting = bridge_process(
                Candidate.OURS,
                port,
                module="tests.soak.watched_serve",
                SOAK_FIGURES=str(answers),
                TOOLS=str(TOOLS),
            )
            with starting as bridge, ticking(beat, model.beat):
                yield Rig(bridge, Watch(bridge.pid, answers), model, beat, plan)


async def soak(plan: Plan) -> Found:
    """All of it. Raises TimeoutError or RuntimeError when the bridge does not answer, or hangs up long calls."""
    gc.disable()  # collections here would only show as calls out of time; next to no cycles are made
    try:
        async with rig(plan) as bridge:
            found = await _warm_up(bridge, plan)
            async with sampled(bridge.bridge.pid, SAMPLE_S) as found.short_samples:
                await bridge.short_calls(islice(deal(plan.seed, patient=plan.patient), plan.calls), found)
            found.after_short = found.final = await bridge.watch.settled(found.base)
            if plan.long_calls and plan.minutes:
                await _long(bridge, plan, found)
            found.lines_left = len(bridge.model.lines)
            found.exit_code = bridge.bridge.stop()
            found.complaints = bridge.complaints()
            return found
    finally:
        gc.enable()


async def _warm_up(bridge: Rig, plan: Plan) -> Found:
    fresh = await bridge.watch.figures()
    await bridge.short_calls(islice(deal(~plan.seed, patient=plan.patient), plan.warm_up_calls))
    if plan.long_calls and plan.minutes:
        await bridge.long_calls(range(plan.long_calls), plan.warm_up_s)
    return Found(plan, fresh, await bridge.watch.settled())


async def _long(bridge: Rig, plan: Plan, found: Found) -> None:
    model = bridge.model
    model.refused.clear()
    model.interruptions = model.agent.altered = 0
    found.samples = await bridge.long_calls(range(plan.long_calls, 2 * plan.long_calls), plan.minutes * 60)
    found.final = await bridge.watch.settled(found.base)
    found.interruptions, found.altered, found.refused = model.interruptions, model.agent.altered, dict(model.refused)

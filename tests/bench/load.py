"""One measured run: candidates side by side, taking turns of a second at the same load.

All calls of all candidates are open all the time, but only one candidate's phones and model speak at once. A machine's
speed drifts by a third within a minute (others share its cores and caches), so figures from different minutes say
nothing about each other; those of neighbouring seconds do.
"""

import asyncio
import gc
import os
import time
from array import array
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field

from tests.bench import meters
from tests.bench.beat import ticking
from tests.bench.bridge_process import OURS, BridgeProcess, Candidate, bridge_process
from tests.bench.certificates import Certificate
from tests.bench.meters import Span
from tests.bench.model import BenchModel, Talker, Talking, listening
from tests.bench.phones import Dial, Phones, connect
from tests.bench.tally import Latency, Tally, latency

WARM_UP_CALLS = 4
WARM_UP_S = 1.5
"""for the first calls, whatever a process loads with them, and for memory to settle when they are over"""
DIAL_PER_S = 60.0
DIAL_AT_ONCE = 50
TURN_S = 1.0
SETTLE_S = 0.5
"""at the beginning of a turn, not measured"""
SILENT_S = 10.0
"""how long the calls of a candidate may wait for their turn without a word: after 30 s their model is taken for dead"""
STIR_S = 0.25
"""in which each call has a delta"""
ARRIVE_S = 2.0
"""how long what is on its way may take when all have fallen silent"""
DISTURBED = 0.08
"""above this part of the time spent waiting for a core that others use, a turn is not clean"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What a run carries through each candidate."""

    calls: int
    turns: int = 4
    certificate: Certificate | None = None
    """TLS between bridge and model, of ours beside ours without"""
    lead_deltas: int = 2
    talker: Talker = Talking
    dial: Dial = connect
    module: str = OURS


@dataclass(slots=True)
class Turn:
    """One second of one candidate."""

    bridge: Span
    generator: Span
    late_ms: float
    """how late phones or model did something at worst"""
    caller_ns: "array[int]"
    agent_ns: "array[int]"

    @property
    def clean(self) -> bool:
        """Whether nobody else had much of the two cores."""
        return self.bridge.waiting <= DISTURBED and self.generator.waiting <= DISTURBED


@dataclass(frozen=True, slots=True)
class Figures:
    """What a run showed of one candidate; over its clean turns, or over all if none was."""

    candidate: Candidate
    calls: int
    tls: bool
    turns: tuple[Turn, ...]
    bridge: Span
    generator: Span
    generator_late_ms: float
    caller: Latency
    """phone → model"""
    agent: Latency
    """model → phone"""
    rss_kb_per_call: float
    lost: int
    altered: int
    reordered: int

    @property
    def ms_per_call_s(self) -> float:
        """CPU of the bridge, ms per second of one call."""
        return self.bridge.on_cpu_s * 1000 / (self.calls * self.bridge.seconds)

    @property
    def wakeups_per_call_s(self) -> float:
        """How often the bridge was put on its core, per second of one call."""
        return self.bridge.wakeups / (self.calls * self.bridge.seconds)

    @property
    def worst_p99(self) -> float:
        """p99 of the direction that is later, ms."""
        return max(self.caller.p99, self.agent.p99)

    @property
    def clean_turns(self) -> int:
        """Turns that nobody disturbed."""
        return sum(turn.clean for turn in self.turns)

    @property
    def faithful(self) -> bool:
        """Whether everything arrived as it was sent."""
        return not (self.lost or self.altered or self.reordered)


@dataclass(slots=True)
class Rig:
    """One candidate with its phones and its model."""

    candidate: Candidate
    bridge: BridgeProcess
    model: BenchModel
    phones: Phones
    tls: bool
    idle_kb: int = 0
    rss_kb: int = 0
    turns: list[Turn] = field(default_factory=list)
    spoke_at: float = 0.0

    async def dial(self, calls: int, per_second: float) -> None:
        """Warm up, open all calls at this rate, and let them speak for a moment."""
        await self.warm_up()
        await self.dial_more(calls, per_second)

    async def warm_up(self) -> None:
        """A few calls that come and go; what the bridge's memory is then, is its base."""
        with ticking(self.phones.beat, self.model.beat):
            await self.phones.call(WARM_UP_CALLS, per_second=20)
            await asyncio.sleep(WARM_UP_S)
            await self.phones.hang_up()
            await asyncio.sleep(WARM_UP_S)
            self.phones.caller.reset()
            self.phones.agent.reset()
            self.idle_kb = meters.resident_kb(self.bridge.pid)

    async def dial_more(self, calls: int, per_second: float) -> None:
        """So many more calls at this rate; all speak meanwhile, and for a moment after."""
        with ticking(self.phones.beat, self.model.beat):
            await self.phones.call(calls, per_second)
            await asyncio.sleep(SETTLE_S)
        await self.arrive()

    async def stir(self) -> None:
        """Say a word, if it is long since the last."""
        if time.monotonic() < self.spoke_at + SILENT_S:
            return
        with ticking(self.phones.beat, self.model.beat):
            await asyncio.sleep(STIR_S)
        await self.arrive()

    async def turn(self) -> None:
        """Speak for a second, and measure it."""
        tallies = self.phones.caller, self.phones.agent
        with ticking(self.phones.beat, self.model.beat):
            await asyncio.sleep(SETTLE_S)
            self.phones.beat.worst_late_s = self.model.beat.worst_late_s = 0.0
            for tally in tallies:
                tally.latencies_ns = array("q")
                tally.recording = True
            before = meters.read(self.bridge.pid), meters.read(os.getpid())
            await asyncio.sleep(TURN_S)
            after = meters.read(self.bridge.pid), meters.read(os.getpid())
            for tally in tallies:
                tally.recording = False
            late_s = max(self.phones.beat.worst_late_s, self.model.beat.worst_late_s)
            self.rss_kb = meters.resident_kb(self.bridge.pid)
        bridge, generator = (meters.between(first, last) for first, last in zip(before, after, strict=True))
        samples = tallies[0].latencies_ns, tallies[1].latencies_ns
        self.turns.append(Turn(bridge, generator, late_s * 1000, *samples))
        await self.arrive()
        if gone := sum(phone.closed.is_set() for phone in self.phones.phones):
            raise RuntimeError(f"{gone} calls of {self.candidate.value} ended by themselves")

    async def arrive(self) -> None:
        """Nobody speaks: wait for what is on its way."""
        self.spoke_at = time.monotonic()
        for _ in range(round(ARRIVE_S / 0.02)):
            if not (self.phones.caller.lost or self.phones.agent.lost):
                return
            await asyncio.sleep(0.02)

    def figures(self, calls: int) -> Figures:
        """What the turns showed."""
        turns = [turn for turn in self.turns if turn.clean] or self.turns
        tallies = self.phones.caller, self.phones.agent
        return Figures(
            self.candidate,
            calls,
            self.tls,
            tuple(self.turns),
            meters.total(turn.bridge for turn in turns),
            meters.total(turn.generator for turn in turns),
            max(turn.late_ms for turn in turns),
            latency([turn.caller_ns for turn in turns]),
            latency([turn.agent_ns for turn in turns]),
            (self.rss_kb - self.idle_kb) / calls,
            *(sum(getattr(tally, name) for tally in tallies) for name in ("lost", "altered", "reordered")),
        )


@asynccontextmanager
async def rig(candidate: Candidate, load: Load, certificate: Certificate | None, **settings: str) -> AsyncIterator[Rig]:
    """A candidate that listens, nobody connected yet. `settings` as of `bridge_process`."""
    tallies = Tally(), Tally()
    model = BenchModel(*tallies, load.lead_deltas)
    ca_file = certificate.certificate if certificate else None
    tls = certificate.server_context() if certificate else None
    async with listening(model, tls=tls, talker=load.talker):
        with bridge_process(candidate, model.port, ca_file=ca_file, module=load.module, **settings) as bridge:
            phones = Phones(bridge.url, *tallies, dial=load.dial)
            yield Rig(candidate, bridge, model, phones, tls=certificate is not None)


async def measure(candidates: Sequence[Candidate], load: Load) -> list[Figures]:
    """Carry the load through the candidates in turns; with a certificate, through ours with TLS too.

    Raises RuntimeError or TimeoutError if that cannot be done.
    """
    async with AsyncExitStack() as stack:
        stack.enter_context(no_garbage_collection())
        rigs = []
        for candidate in candidates:
            rigs.append(await stack.enter_async_context(rig(candidate, load, None)))
            if load.certificate is not None and candidate is Candidate.OURS:
                rigs.append(await stack.enter_async_context(rig(candidate, load, load.certificate)))
        await dial_all(rigs, load.calls)
        for _ in range(load.turns):
            for one in rigs:
                await one.turn()
                await stir_all(rigs)
        for one in rigs:
            await one.phones.hang_up()
        return [one.figures(load.calls) for one in rigs]


async def dial_all(rigs: Sequence[Rig], calls: int) -> None:
    """A few of each in turn."""
    for one in rigs:
        await one.warm_up()
    for dialled in range(0, calls, DIAL_AT_ONCE):
        for one in rigs:
            await one.dial_more(min(DIAL_AT_ONCE, calls - dialled), DIAL_PER_S)
            await stir_all(rigs)


async def stir_all(rigs: Sequence[Rig]) -> None:
    """Who waited for long, and said nothing, would be taken for dead."""
    for one in rigs:
        if one.phones.phones:
            await one.stir()


@contextmanager
def no_garbage_collection() -> Iterator[None]:
    """The generator makes next to no cycles; its collections would only show up as somebody's latency."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()

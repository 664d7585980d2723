"""SIGTERM with fifty calls talking: who notices?

Three stories, each with a bridge of its own. In the first, callers go on for some seconds after the signal and then
hang up one after the other. In the others they talk until the bridge ends them at its deadline; then they ask what
comes next, as Twilio does, or nobody asks. The last call is over when its caller hung up, when its `/stream-ended` was
answered, or 5 s after our close.
"""

import asyncio
import json
import signal
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

from tests.bench.beat import ticking
from tests.bench.bridge_process import BridgeProcess
from tests.bench.load import Rig
from tests.bench.phones import Phone
from tests.bench.twilio import BUSY, FALLBACK, Answer, Twilio, call_sid, signed_rig

CALLS = 50
GO_ON_S = 3.0
HANG_UP_S = 1.5
"""in which all callers hang up"""
DRAIN_S = 3.0
TAIL_S = 5.0
"""how long after its close a call waits for `/stream-ended`"""
MOST_BUSY_MS, MOST_EXIT_S = 200.0, 1.0
EARLY_S = 0.05
"""a close this much before the deadline is none: the two processes read the clock at different moments"""
STRANGER = 500_000
"""the number of a call that comes too late"""


@dataclass(frozen=True, slots=True)
class Signalled:
    """What a new call was told after the signal."""

    at: float
    ready: int
    """status of /readyz"""
    busy: Answer


@dataclass(frozen=True, slots=True)
class End:
    """How a call went that the bridge ended."""

    closed_at: float
    answered_at: float
    """when `/stream-ended` was answered"""
    right: bool
    """whether its caller heard what we owe"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What one drain showed."""

    what: str
    signalled: Signalled
    cut: int
    """calls whose socket closed too early"""
    lost: int
    """frames and deltas that did not arrive, or not as they were sent"""
    closed_s: tuple[float, float]
    """first and last close after the signal"""
    ends: Counter[str]
    """why calls ended"""
    wanted: str
    """why each should have ended"""
    exit_s: float
    """from the end of the last call to the end of the process"""
    exit_code: int
    wrong: int = 0
    """callers who asked what comes next and did not hear what we owe"""

    @property
    def right(self) -> bool:
        """Whether all of it is as it should be."""
        ready, busy = self.signalled.ready, self.signalled.busy
        told = ready == 503 and busy.status == 200 and BUSY in busy.text and busy.took_ms <= MOST_BUSY_MS
        whole = not (self.cut or self.lost or self.wrong) and self.ends == {self.wanted: CALLS}
        return whole and told and self.exit_code == 0 and 0 <= self.exit_s <= MOST_EXIT_S


@dataclass(frozen=True, slots=True)
class Drain:
    """All stories."""

    stories: tuple[Story, ...]

    def table(self) -> str:
        """For people."""
        head = (
            f"\n| SIGTERM with {CALLS} calls talking | cut too early | lost | a new call hears BUSY after ms | /readyz "
            "| first, last close after s | calls ended | exit code, s after the last call | right |\n"
        )
        return head + "|---" * 9 + "|\n" + "".join(map(_cells, self.stories))

    def as_json(self) -> dict[str, Any]:
        """For scripts."""
        fields = ("what", "cut", "lost", "wrong", "ends", "closed_s", "exit_s", "exit_code", "right")
        stories = [
            {name: getattr(one, name) for name in fields} | {"busy_ms": one.signalled.busy.took_ms}
            for one in self.stories
        ]
        return {"right": all(one.right for one in self.stories), "stories": stories}


def _cells(one: Story) -> str:
    ends = ", ".join(f"{count} {reason}" for reason, count in one.ends.items())
    closed = " – ".join(f"{at:.2f}" for at in one.closed_s)
    busy_ms = f"{one.signalled.busy.took_ms:.1f}"
    cells = [one.what, one.cut, one.lost, busy_ms, one.signalled.ready, closed, ends]
    return f"| {' | '.join(map(str, cells))} | {one.exit_code}, {one.exit_s:.2f} | {'yes' if one.right else 'NO'} |\n"


async def drain() -> Drain:
    """All stories in turn."""
    return Drain((await _they_hang_up(), await _deadline(asks=True), await _deadline(asks=False)))


async def _they_hang_up() -> Story:
    async with signed_rig(CALLS, DRAIN_SECONDS="60") as (one, twilio):
        with ticking(one.phones.beat, one.model.beat):
            signalled = await _signal(one, twilio)
            await asyncio.sleep(GO_ON_S)
        await one.arrive()
        lost, cut = _faults(one), sum(phone.closed.is_set() for phone in one.phones.phones)
        with ticking(one.phones.beat, one.model.beat):
            first_at = time.monotonic()
            for phone in one.phones.phones:
                one.phones.beat.leave(phone)
                phone.hang_up()
                over_at = time.monotonic()
                await asyncio.sleep(HANG_UP_S / CALLS)
            exit_s = await _exit_at(one.bridge) - over_at
        return Story(
            what="callers hang up later",
            signalled=signalled,
            cut=cut,
            lost=lost,
            closed_s=(first_at - signalled.at, over_at - signalled.at),
            ends=_ends(one),
            wanted="caller_hung_up",
            exit_s=exit_s,
            exit_code=one.bridge.process.wait(),
        )


async def _deadline(*, asks: bool) -> Story:
    async with signed_rig(CALLS, DRAIN_SECONDS=str(DRAIN_S)) as (one, twilio):
        with ticking(one.phones.beat, one.model.beat):
            signalled = await _signal(one, twilio)
            await asyncio.sleep(DRAIN_S / 2)
        await one.arrive()
        lost = _faults(one)
        with ticking(one.phones.beat, one.model.beat):
            ends = await asyncio.gather(*(_end_of(phone, twilio if asks else None) for phone in one.phones.phones))
            last_at = max(end.closed_at for end in ends)
            over_at = max(end.answered_at for end in ends) if asks else last_at + TAIL_S
            exit_s = await _exit_at(one.bridge) - over_at
        return Story(
            what=f"deadline after {DRAIN_S:g} s, {'Twilio asks what comes next' if asks else 'nobody asks'}",
            signalled=signalled,
            cut=sum(end.closed_at < signalled.at + DRAIN_S - EARLY_S for end in ends),
            lost=lost,
            closed_s=(min(end.closed_at for end in ends) - signalled.at, last_at - signalled.at),
            ends=_ends(one),
            wanted="drained",
            exit_s=exit_s,
            exit_code=one.bridge.process.wait(),
            wrong=sum(not end.right for end in ends),
        )


async def _signal(one: Rig, twilio: Twilio) -> Signalled:
    """Send it after a second of talk, and see what a new call is told."""
    await asyncio.sleep(1.0)
    at = time.monotonic()
    one.bridge.process.send_signal(signal.SIGTERM)
    ready = await twilio.ask(twilio.get("/readyz"))
    while ready.status == 200 and time.monotonic() - at < 1.0:  # the signal may still be on its way
        ready = await twilio.ask(twilio.get("/readyz"))
    return Signalled(at, ready.status, await twilio.ask(twilio.form("/incoming-call", STRANGER)))


async def _end_of(phone: Phone, twilio: Twilio | None) -> End:
    """The end of a call that the bridge ends; without a Twilio nobody asks what comes next."""
    async with asyncio.timeout(30):
        await phone.closed.wait()
    closed_at = time.monotonic()
    if twilio is None:
        return End(closed_at, closed_at, True)
    answer = await twilio.ask(twilio.form("/stream-ended", phone.call))
    return End(closed_at, time.monotonic(), answer.status == 200 and FALLBACK in answer.text.replace("&apos;", "'"))


async def _exit_at(bridge: BridgeProcess) -> float:
    """When the process is gone."""
    async with asyncio.timeout(30):
        while bridge.process.poll() is None:  # noqa: ASYNC110  # there is no event to wait for: the kernel tells
            await asyncio.sleep(0.005)
    return time.monotonic()


def _faults(one: Rig) -> int:
    tallies = one.phones.caller, one.phones.agent
    return sum(tally.lost + tally.altered + tally.reordered for tally in tallies)


def _ends(one: Rig) -> Counter[str]:
    """Why the calls of these phones ended, by the bridge's own lines."""
    lines = map(json.loads, (one.bridge.folder / "out").read_text().splitlines())
    talked = {call_sid(phone.call) for phone in one.phones.phones}
    return Counter(line["reason"] for line in lines if line["type"] == "call.ended" and line["call"] in talked)

"""Many calls at full rate for minutes: both sides talk all the time, with barge-ins, tools and marks."""

import asyncio

from tests.bench.beat import ticking
from tests.bench.phones import AgentAudio, Phone, Phones
from tests.soak.memory import Sample, sampled
from tests.soak.model import SoakModel

FIRST = 500_000
"""their numbers begin here: short calls are below"""
DIAL_PER_S = 40.0


class LongPhone(Phone):
    """After a clear the rest of a stretch never comes: it listens afresh."""

    def take(self, raw: bytes) -> None:
        super().take(raw)
        if raw.startswith(b'{"event":"clear"'):
            self._ears = AgentAudio(self.call, self._agent)


async def talk(
    url: str, pid: int, model: SoakModel, calls: range, *, seconds: float, every_s: float = 10.0
) -> list[Sample]:
    """Calls with these numbers (counted from FIRST), and the bridge's memory from when the last was dialled.

    The model's beat must be driven. Raises what the phones raise when they cannot be dialled or closed.
    """
    phones = Phones(url, model.caller, model.agent)
    with ticking(phones.beat):
        await phones.bring([LongPhone(FIRST + number, model.caller, model.agent) for number in calls], DIAL_PER_S)
        async with sampled(pid, every_s) as samples:
            await asyncio.sleep(seconds)
        lost = sum(phone.closed.is_set() for phone in phones.phones)
        await phones.hang_up()
    if lost:
        raise RuntimeError(f"{lost} of {len(calls)} long calls were closed by the bridge")
    return samples

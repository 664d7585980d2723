"""Where a barge-in cuts, over real sockets: against what the phone had played when it applied the clear."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import pytest

from tests.live_phone import LivePhone, live_phone
from tests.open_bridge import PLAN, open_bridge
from tests.scripted_model import PER_MS, Answer, Connection, Speech, scripted_model

CALLS = 6
ROUNDS = 10
NEAR_MS = 45


@dataclass(frozen=True)
class Round:
    """One interruption: what was true and what the model was told."""

    items: tuple[str, ...]
    lengths_ms: tuple[int, ...]
    heard_ms: float
    truncated: tuple[tuple[str, int], ...]
    deleted: tuple[str, ...]

    @property
    def decided_ms(self) -> float:
        """Where on the answer the model believes it was cut."""
        for item, audio_end_ms in self.truncated:
            return sum(self.lengths_ms[: self.items.index(item)]) + audio_end_ms
        if self.deleted:
            return sum(self.lengths_ms[: min(map(self.items.index, self.deleted))])
        return sum(self.lengths_ms)

    @property
    def error_ms(self) -> float:
        return abs(self.decided_ms - self.heard_ms)


@asynccontextmanager
async def call(seed: int) -> AsyncIterator[tuple[Connection, LivePhone]]:
    async with scripted_model() as model, open_bridge(model.url, plan=replace(PLAN, greeting="")) as url:
        async with live_phone(url, buffer_delay_ms=seed % 3 * 40) as phone:
            connection = await model.connected()
            yield connection, phone
        assert phone.phone.violations == []
        assert connection.refused == []


async def interrupt(connection: Connection, phone: LivePhone, dice: random.Random, items: int) -> Round:
    assert phone.media_after_cut == 0 or not phone.cuts  # nor came any later, after the last cut
    lengths = tuple(dice.randrange(300, 1500) for _ in range(items))
    gap_ms = dice.choice([0, 0, dice.randrange(0, 600)])
    speeches = tuple(Speech(ms, gap_ms if number else 0) for number, ms in enumerate(lengths))
    known, truncated, deleted = set(connection.audio_samples), len(connection.truncated), len(connection.deleted)
    base, cuts = phone.phone.position(asyncio.get_running_loop().time() + 60), len(phone.cuts)
    await connection.speech(answer=Answer(speeches, pace=dice.uniform(2, 8), delta_ms=dice.choice([40, 100, 200])))
    await asyncio.sleep(dice.uniform(0.15, sum(lengths) * 0.95 / 1000))  # the caller's own moment to speak
    await connection.speech()
    cut = await phone.cut(cuts + 1)
    told = truncated + deleted + 1
    await connection.until(lambda one: len(one.truncated) + len(one.deleted) >= told)
    assert phone.media_after_cut == 0
    begun = tuple(item for item in connection.audio_samples if item not in known)
    return Round(
        begun,
        lengths[: len(begun)],
        (cut.position - base) / PER_MS,
        tuple(connection.truncated[truncated:]),
        tuple(connection.deleted[deleted:]),
    )


async def rounds(seed: int) -> list[Round]:
    dice = random.Random(seed)
    async with call(seed) as (connection, phone):
        return [await interrupt(connection, phone, dice, items=1 + number % 2) for number in range(ROUNDS)]


@pytest.mark.acceptance
def test_sixty_interruptions_are_cut_where_the_caller_was() -> None:
    async def test() -> list[Round]:
        return [one for many in await asyncio.gather(*(rounds(seed) for seed in range(CALLS))) for one in many]

    found = asyncio.run(test())
    errors = sorted(one.error_ms for one in found)
    spread = " ".join(f"{name} {errors[len(errors) * part // 100]:.1f}" for name, part in (("p50", 50), ("p95", 95)))
    print(f"\nbarge-in error ms: {spread} max {errors[-1]:.1f}; {len(errors)} interruptions, half of two items")
    for one in found:
        assert one.error_ms <= NEAR_MS, one
        assert len(one.truncated) <= 1, one
        for item, audio_end_ms in one.truncated:
            assert audio_end_ms <= one.lengths_ms[one.items.index(item)], one

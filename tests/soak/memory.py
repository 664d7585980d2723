"""The bridge's memory over time: samples, and what they show."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tests.bench.meters import resident_kb


@dataclass(frozen=True, slots=True)
class Sample:
    """Resident memory at a moment."""

    at_s: float
    rss_kb: int


@asynccontextmanager
async def sampled(pid: int, every_s: float) -> AsyncIterator[list[Sample]]:
    """Samples of this process as long as the context lasts; at least one at its end."""
    samples: list[Sample] = []
    began_at = time.monotonic()

    def take() -> None:
        samples.append(Sample(time.monotonic() - began_at, resident_kb(pid)))

    async def go_on() -> None:
        while True:
            take()
            await asyncio.sleep(every_s)

    async with asyncio.TaskGroup() as group:
        sampling = group.create_task(go_on())
        yield samples
        sampling.cancel()
        take()


def thirds(samples: Sequence[Sample]) -> list[list[int]]:
    """Memory in the three parts of the time, in kB; none of them empty."""
    size = max(1, len(samples) // 3)
    memory = [sample.rss_kb for sample in samples]
    return [memory[:size], memory[size:-size] or memory[-1:], memory[-size:]]


def slope_kb_per_min(samples: Sequence[Sample]) -> float:
    """By least squares."""
    at = [sample.at_s / 60 for sample in samples]
    mean_at, mean_kb = sum(at) / len(at), sum(sample.rss_kb for sample in samples) / len(samples)
    spread = sum((one - mean_at) ** 2 for one in at)
    together = sum((one - mean_at) * (sample.rss_kb - mean_kb) for one, sample in zip(at, samples, strict=True))
    return together / spread if spread else 0.0

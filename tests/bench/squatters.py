"""Thousands of connections that want nothing: how long do they stay, what do they leave, what do calls feel of them?

A thousand sockets with valid tokens that never say `start` and do not answer our close either, a thousand silent TCP
connections, and a thousand heads of requests that break off. They open in turn, five hundred a second, so that
opening them costs little of this process, which also has the phones.
"""

import asyncio
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Any

from tests.bench import meters
from tests.bench.beat import ticking
from tests.bench.feeling import feeling
from tests.bench.load import Rig
from tests.bench.pacing import paced
from tests.bench.tally import Latency
from tests.bench.twilio import Twilio, signed_rig

EACH = 1000
PER_S = 500.0
TOKENS_PER_S = 250.0
LIVE = 4
"""calls that talk beside them: several, for more frames to judge by"""
ALONE_S = 5.0
FIRST_SQUATTER = 800_000
TOLERANCE_S = 0.5
"""for a loop that ticks ten times a second, and for this process"""
MOST_MORE_MS = 10.0
MOST_MORE_KB = 4096
"""that a second wave may add to the first. What connections took is free again, but an allocator keeps the most of it
for the next ones instead of giving it back to the kernel; a leak would show as the same again"""
SETTLE_S = 7.0
"""after the last is gone: the places of calls without `/stream-ended` are free five seconds later"""
DESCRIPTORS = 8192
_CLOSE = b"\x88"


class Sort(Enum):
    """What is wrong with a connection: its name, and the seconds until it must be closed."""

    NO_START = ("a valid token, no `start`", 6.0)
    SILENT = ("a silent TCP connection", 10.0)
    HALF_HEAD = ("half a head", 10.0)

    def __init__(self, title: str, limit_s: float) -> None:
        self.title = title
        self.limit_s = limit_s


class Squatter(asyncio.Protocol):
    """One connection: says its opening, and waits for the other side to close."""

    def __init__(self, sort: Sort, opening: bytes) -> None:
        self.sort = sort
        self.since = time.monotonic()
        self.gone_at = 0.0
        self.code: int | None = None
        """of the close frame that came"""
        self.gone = asyncio.Event()
        self._opening = opening

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.since = time.monotonic()
        if self._opening:
            transport.write(self._opening)  # type: ignore[attr-defined]  # a TCP transport writes

    def data_received(self, data: bytes) -> None:
        if data.startswith(b"HTTP/1.1 101"):
            self.since = time.monotonic()
            data = data.partition(b"\r\n\r\n")[2]
        if data.startswith(_CLOSE):
            self.code = int.from_bytes(data[2:4])

    def connection_lost(self, exc: Exception | None) -> None:
        self.gone_at = time.monotonic()
        self.gone.set()

    @property
    def stayed_s(self) -> float:
        """From the connection, or from 101, until it was closed."""
        return self.gone_at - self.since

    @property
    def right(self) -> bool:
        """Whether it was closed in time, and said why where it can be said."""
        in_time = self.stayed_s <= self.sort.limit_s + TOLERANCE_S
        return in_time and (self.sort is not Sort.NO_START or self.code == 1008)


@dataclass(slots=True)
class Kept:
    """What the bridge has of the machine."""

    rss_kb: int
    descriptors: int


@dataclass(frozen=True, slots=True)
class Squatting:
    """What they did."""

    squatters: tuple[Squatter, ...]
    fresh: Kept
    first: Kept
    """after a first wave"""
    most: Kept
    second: Kept
    """after a second one, which is the one that is judged"""
    alone: Latency
    beside: Latency
    lost: int

    def of(self, sort: Sort) -> list[Squatter]:
        """Those of one sort."""
        return [one for one in self.squatters if one.sort is sort]

    @property
    def returned(self) -> bool:
        """Whether memory and descriptors are back."""
        more_kb = self.second.rss_kb - self.first.rss_kb
        return more_kb <= MOST_MORE_KB and self.second.descriptors <= self.fresh.descriptors

    @property
    def unfelt(self) -> bool:
        """Whether live calls went on as before."""
        return self.beside.p99 <= self.alone.p99 + MOST_MORE_MS and not self.lost

    def table(self) -> str:
        """For people."""
        head = f"\n| connections, {PER_S:.0f} a second | closed after s | limit | right |\n" + "|---" * 4 + "|\n"
        lines = [self._line(sort) for sort in Sort]
        kept = ", ".join(f"{one.rss_kb / 1024:.1f} MB" for one in (self.fresh, self.first, self.second))
        files = ", ".join(str(one.descriptors) for one in (self.fresh, self.most, self.second))
        alone, beside = (f"{one.p50:.2f} / {one.p99:.2f} / {one.max:.2f}" for one in (self.alone, self.beside))
        what = "memory fresh, after one wave, after two; descriptors fresh, at most, after"
        limit = f"the second wave adds {MOST_MORE_KB // 1024} MB at most; descriptors as fresh"
        lines.append(f"| {what} | {kept}; {files} | {limit} |{_yes(self.returned)}")
        lines.append(f"| {LIVE} live calls alone, p50 / p99 / max ms | {alone} | | |\n")
        felt = f"| the same beside them | {beside}, {self.lost} lost | p99 +{MOST_MORE_MS:.0f} ms |"
        return head + "".join(lines) + felt + _yes(self.unfelt)

    def _line(self, sort: Sort) -> str:
        every = self.of(sort)
        stayed = sorted(one.stayed_s for one in every)
        codes = f", {sum(one.code == 1008 for one in every)} with 1008" if sort is Sort.NO_START else ""
        found = f"{stayed[0]:.2f} – {stayed[-1]:.2f}{codes}"
        return f"| {len(every)} × {sort.title} | {found} | {sort.limit_s:g} |{_yes(all(one.right for one in every))}"

    def as_json(self) -> dict[str, Any]:
        """For scripts."""
        closed = {sort.name.lower(): max(one.stayed_s for one in self.of(sort)) for sort in Sort}
        kept = {
            name: {"rss_kb": one.rss_kb, "descriptors": one.descriptors}
            for name in ("fresh", "first", "most", "second")
            for one in [getattr(self, name)]
        }
        right = all(one.right for one in self.squatters) and self.returned and self.unfelt
        felt = {"alone_p99": self.alone.p99, "p99": self.beside.p99, "max": self.beside.max, "lost": self.lost}
        return {"right": right, "closed_s": closed, "kept": kept, **felt}


def _yes(right: bool) -> str:
    return f" {'yes' if right else 'NO'} |\n"


async def squatters(each: int = EACH) -> Squatting:
    """All sorts at once, beside calls that talk; twice."""
    with _many_descriptors():
        async with signed_rig(LIVE) as (one, twilio):
            with ticking(one.phones.beat, one.model.beat):
                fresh = _kept(one)
                await _squat(one, twilio, each, FIRST_SQUATTER)
                first = _kept(one)
                with feeling(one) as alone:
                    await asyncio.sleep(ALONE_S)
                with feeling(one) as beside:
                    found, most = await _squat(one, twilio, each, FIRST_SQUATTER + each)
                second = _kept(one)
            await one.arrive()
            lost = sum(tally.lost + tally.altered + tally.reordered for tally in (one.phones.caller, one.phones.agent))
    return Squatting(tuple(found), fresh, first, most, second, alone.latency, beside.latency, lost)


async def _squat(one: Rig, twilio: Twilio, each: int, first: int) -> tuple[list[Squatter], Kept]:
    """Open so many of each sort, wait until all are closed and their places free; what the bridge had at most."""
    tokens = await _tokens(twilio, each, first)
    loop = asyncio.get_running_loop()
    half = twilio.get("/")[:-2]
    found: list[Squatter] = []
    async for number in paced(3 * each, PER_S):
        sort = list(Sort)[number % 3]
        opening = {Sort.NO_START: twilio.upgrade(tokens[number // 3]), Sort.SILENT: b"", Sort.HALF_HEAD: half}[sort]
        squatting = partial(Squatter, sort, opening)
        _, squatter = await loop.create_connection(squatting, *twilio.address)
        found.append(squatter)
    most = _kept(one)
    async with asyncio.timeout(60):
        for squatter in found:
            await squatter.gone.wait()
    await asyncio.sleep(SETTLE_S)
    return found, most


async def _tokens(twilio: Twilio, count: int, first: int) -> list[str]:
    tasks: list[asyncio.Task[str]] = []
    async with asyncio.TaskGroup() as group:
        async for number in paced(count, TOKENS_PER_S):
            tasks.append(group.create_task(twilio.token(first + number)))
    return [task.result() for task in tasks]


def _kept(one: Rig) -> Kept:
    pid = one.bridge.pid
    return Kept(meters.resident_kb(pid), len(list(Path(f"/proc/{pid}/fd").iterdir())))


@contextmanager
def _many_descriptors() -> Iterator[None]:
    """Raise the soft limit of this process and of those it starts, as far as it goes. Raises OSError if not enough."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = DESCRIPTORS if hard == resource.RLIM_INFINITY else min(DESCRIPTORS, hard)
    if wanted < 3 * EACH + 500:
        raise OSError(f"{hard} open files are allowed, too few: see `ulimit -Hn`")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

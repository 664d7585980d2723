"""A phone line in simulated time: Twilio's playout buffer behind a delayed line, and a model that speaks in items
with gaps.

It knows the truth (what was played when the clear arrived), so that `Playout`'s answer can be held against it.
"""

import heapq
import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from twilio_rt_cli.call.commands import ClearPlayout, PhoneCommand, SendMark, SendMedia
from twilio_rt_cli.call.generation import Heard
from twilio_rt_cli.call.playout import Playout
from twilio_rt_cli.protocol.realtime import ItemId

PER_S = 8000


@dataclass
class Buffer:
    """Twilio's playout buffer: plays in order in real time; starts `late_s` after audio meets it empty."""

    late_s: float
    segments: list[tuple[float, int]] = field(default_factory=list)
    """when a stretch begins to play, and its samples"""
    marks: list[tuple[float, str]] = field(default_factory=list)
    ends_at: float = 0.0

    def media(self, samples: int, now: float) -> None:
        begins_at = self.ends_at if self.ends_at > now else now + self.late_s
        self.segments.append((begins_at, samples))
        self.ends_at = begins_at + samples / PER_S

    def played(self, now: float) -> int:
        return sum(max(0, min(samples, round((now - at) * PER_S))) for at, samples in self.segments)


@dataclass(frozen=True)
class BargeIn:
    """One cut: what was decided, and what was true."""

    decided: list[Heard]
    true_position: int
    items: list[tuple[ItemId, int, int]]
    """id, start, end in samples of the answer"""
    received: int
    """samples of the answer that had come when it was cut"""

    @property
    def decided_position(self) -> int:
        """Where the cut lies on the answer; items that were heard to their end long ago are no longer listed."""
        starts = {item: start for item, start, _ in self.items}
        for one in reversed(self.decided):
            if one.heard:
                return starts[one.item_id] + one.heard
        return starts[self.decided[0].item_id] if self.decided else self.received


class Line:
    """Runs one call of one answer that is interrupted; `rtt_s` is split evenly over both ways."""

    def __init__(self, seed: int, rtt_s: float, late_s: float, *, echoes: bool = True, jitter_s: float = 0.0) -> None:
        self._random = random.Random(seed)
        self._one_way_s = rtt_s / 2
        self._buffer = Buffer(late_s)
        self._echoes = echoes
        self._jitter_s = jitter_s
        self._queue: list[tuple[float, int, str, object]] = []
        self._serial = itertools.count()
        self._arrived_at = 0.0
        self._true: int | None = None
        self.playout = Playout(0.0)
        self._decided: list[Heard] | None = None
        self._received = 0

    def at(self, when: float, kind: str, value: object = None) -> None:
        heapq.heappush(self._queue, (when, next(self._serial), kind, value))

    def barge_in(self, items: int) -> BargeIn:
        """The answer of so many items, interrupted at a random moment."""
        for frame in range(1500):
            self.at(0.005 + frame * 0.020, "media")
        self._perform(self.playout.probe(0.0), 0.0)
        speech_at, layout = self._answer(items)
        self.at(speech_at, "speech", speech_at)
        while self._queue and self._decided is None:
            when, _, kind, value = heapq.heappop(self._queue)
            self._step(when, kind, value)
        assert self._decided is not None
        assert self._true is not None
        return BargeIn(self._decided, self._true, layout, self._received)

    def _answer(self, items: int) -> tuple[float, list[tuple[ItemId, int, int]]]:
        begin = when = 1.0 + self._random.random()
        position, layout = 0, []
        for number in range(items):
            item = ItemId(f"item_{number}")
            samples = self._random.randrange(2400, 24000)
            layout.append((item, position, position + samples))
            position += samples
            for size in _deltas(samples):
                self.at(when, "delta", (item, size))
                when += size / PER_S / self._random.uniform(1.5, 6)
            self.at(when, "done", item)
            when += self._random.choice([0.0, self._random.uniform(0, 1.2)])
        length_s = position / PER_S + self._random.uniform(0.0, 0.6)
        return begin + 0.05 + self._random.random() * max(length_s, when - begin), layout

    def _step(self, now: float, kind: str, value: object) -> None:
        playout = self.playout
        match kind, value:
            case "media", _:
                self.at(self._towards_us(now), "media arrives")
            case "media arrives", _:
                self._perform(playout.media(now), now)
            case "delta", (str(item), int(size)):
                self._received += size
                self._perform(playout.append(ItemId(item), bytes(size), now), now)
            case "done", str(item):
                self._perform(playout.item_done(ItemId(item), now), now)
            case "speech", _:
                self._queue = [one for one in self._queue if one[2] not in ("delta", "done")]
                heapq.heapify(self._queue)
                self._perform(playout.clear(now), now)
            case "command", command:
                self._at_twilio(command, now)
            case "echo due", (name, cleared):
                self._echo_due(str(name), cleared, now)
            case "echo arrives", name:
                commands, found = playout.echo(str(name), now)
                self._perform(commands, now)
                self._decided = found if found is not None else self._decided
            case "wake", _:
                commands, cuts = playout.wake(now)
                self._perform(commands, now)
                self._decided = cuts[0] if cuts else self._decided
        deadline = playout.deadline()
        if deadline is not None and self._decided is None:
            self.at(max(deadline, now), "wake") if not any(one[2] == "wake" for one in self._queue) else None

    def _perform(self, commands: Sequence[PhoneCommand], now: float) -> None:
        for command in commands:
            self.at(now + self._one_way_s, "command", command)

    def _towards_us(self, now: float) -> float:
        """Arrival of what leaves Twilio now: delayed, jittered, never overtaking."""
        self._arrived_at = max(self._arrived_at, now + self._one_way_s + self._random.random() * self._jitter_s)
        return self._arrived_at

    def _at_twilio(self, command: object, now: float) -> None:
        buffer = self._buffer
        match command:
            case SendMedia(payload):
                buffer.media(len(payload), now)
            case SendMark(name):
                due = max(now, buffer.ends_at)
                buffer.marks.append((due, name))
                self.at(due, "echo due", (name, None))
            case ClearPlayout():
                self._true = buffer.played(now)
                pending = [name for due, name in buffer.marks if due > now]
                buffer.marks = [one for one in buffer.marks if one[0] <= now]
                buffer.ends_at = now
                for name in pending:
                    self.at(now, "echo due", (name, True))

    def _echo_due(self, name: str, cleared: object, now: float) -> None:
        if cleared is None and not any(one == name for _, one in self._buffer.marks):
            return  # flushed by a clear before it was played
        self._buffer.marks = [one for one in self._buffer.marks if one[1] != name]
        if self._echoes:
            self.at(self._towards_us(now), "echo arrives", name)


def _deltas(samples: int) -> Iterator[int]:
    while samples > 0:
        size = min(samples, 1600)
        yield size
        samples -= size

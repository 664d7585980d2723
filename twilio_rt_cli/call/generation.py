"""The stream between two clears: what was queued of which item, which marks were echoed, and the clock between them.

All times are those at which an echo arrives here, or would: one way of the line is in every one of them alike.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from twilio_rt_cli.audio.rate import PER_S
from twilio_rt_cli.protocol.realtime import ItemId

NOT_ECHOING_AFTER_S = 2.0
"""How far the clock may pass an unechoed mark before the far end counts as one that echoes nothing"""


@dataclass(slots=True)
class Interval:
    """Where an item's audio lies on the stream."""

    item_id: ItemId
    start: int
    end: int
    complete: bool = False
    """no more audio of this item will come"""
    late: bool = False
    """more of it came after it was cut: it was longer than what we have"""


@dataclass(frozen=True, slots=True)
class Heard:
    """How much of one item reached the caller, at a cut."""

    item_id: ItemId
    heard: int
    """samples"""
    received: int
    """samples"""
    complete: bool


@dataclass(slots=True)
class Run:
    """Audio that plays without a pause: what met an empty buffer, and all that followed before it ran dry again."""

    start: int
    """position of its first sample"""
    arrives_at: float
    """when its first sample reaches the far end; told in the time of echoes, as all times here"""
    begins_at: float
    """when its first sample is heard"""
    first_mark: int | None = None
    """position of its first mark, until that is echoed"""
    teaches: bool = True
    """whether the buffer was empty when it came, so that its first mark shows how late the buffer starts"""


class Generation:
    """The stream between two clears: what was queued, what was echoed, and the clock that fills the space between."""

    def __init__(self, number: int, sent: int, now: float, *, echoing: bool = True) -> None:
        self.number = number
        self.name = str(number)
        """what the names of its marks begin with"""
        self.sent = sent
        self.intervals: list[Interval] = []
        self._marks: deque[int] = deque()
        self._echoed = sent
        self._runs: deque[Run] = deque((Run(sent, now, now),))
        self.echoing = echoing
        """False once a mark was left unechoed for long: the clock alone tells then what was heard"""
        self.cut_at: int | None = None
        """position at which a clear cut it, once that is settled"""

    @property
    def echoed(self) -> int:
        """Position of the last mark that was played."""
        return self._echoed

    @property
    def runs(self) -> Sequence[Run]:
        """What is being heard, or was last, and all that is still to come; an echo corrects a run in place."""
        return self._runs

    def heard(self, now: float, *, looks: bool = False) -> int:
        """Position that reached the caller at this moment; never falls, never beyond what was sent.

        Who only `looks` concludes nothing about the far end.
        """
        bound = self.sent
        position = self._runs[0].start
        for run in reversed(self._runs):
            if run.begins_at <= now:
                position = run.start + round((now - run.begins_at) * PER_S)
                break
            bound = run.start
        if self._marks and self.echoing:
            next_mark = self._marks[0]
            if now > self._due_at(next_mark) + NOT_ECHOING_AFTER_S:
                self.echoing = looks
            elif next_mark < bound:
                bound = next_mark
        return max(self._echoed, min(position, bound))

    def dry_by(self, arrival: float, now: float) -> bool:
        """Whether audio that is sent now, and arrives then, will find that all before it was played."""
        run = self._runs[-1]
        ends_at = run.begins_at + (self.sent - run.start) / PER_S
        if ends_at > arrival:
            return False
        if self._marks and self.echoing and self._due_at(self._marks[0]) < now:
            # Its echo is overdue: it was not played yet, nor was anything behind it.
            return now + (self.sent - self._marks[0]) / PER_S <= arrival
        return True

    def begin_run(self, now: float, rtt_s: float, lag_s: float) -> None:
        """Audio will meet an empty buffer: its first sample is heard when it has arrived and the buffer has started."""
        runs = self._runs
        if runs[-1].start == self.sent:
            runs.pop()
        while len(runs) > 1 and runs[1].begins_at <= now:
            runs.popleft()
        runs.append(Run(self.sent, now + rtt_s, now + rtt_s + lag_s))

    def mark(self, position: int) -> str:
        """A mark is sent; answers its name."""
        self._marks.append(position)
        run = self._runs[-1]
        if run.first_mark is None and position > run.start:
            run.first_mark = position
        return f"{self.name}:{position}"

    def echo(self, position: int, now: float, lag_s: float) -> tuple[float, float | None]:
        """A mark was played. Answers by how many seconds it is late, by the clock as it was before; and by how many its
        run began late, when this echo shows it."""
        marks, runs = self._marks, self._runs
        while marks and marks[0] <= position:
            marks.popleft()
        while len(runs) > 1 and runs[1].start < position:
            runs.popleft()
        self.echoing = True
        run = runs[0]
        begins_at = now - (position - run.start) / PER_S
        mark_late_s, run_late_s = max(0.0, begins_at - run.begins_at), None
        if position < self._echoed:
            return mark_late_s, None
        self._echoed = position
        if run.start < position:
            run.begins_at = begins_at
            if run.first_mark == position and run.teaches:
                run_late_s = max(0.0, begins_at - run.arrives_at)
        if len(runs) > 1:
            self._follow(position, now, lag_s)
        return mark_late_s, run_late_s

    def _follow(self, position: int, now: float, lag_s: float) -> None:
        """Correct the runs behind a position that was heard now."""
        at, at_s = position, now
        for run in self._runs:
            if run.start < position:
                continue
            played_at = at_s + (run.start - at) / PER_S  # when all before this run was played
            run.teaches = played_at <= run.arrives_at
            run.begins_at = run.arrives_at + lag_s if run.teaches else played_at
            at, at_s = run.start, run.begins_at

    def overdue_s(self, now: float) -> float:
        """By how much the next echo is overdue; 0: it is not, or the far end echoes nothing."""
        return max(0.0, now - self._due_at(self._marks[0])) if self._marks and self.echoing else 0.0

    def _due_at(self, position: int) -> float:
        """When the echo of a mark comes, by the clock."""
        run = self._runs[0]
        return run.begins_at + (position - run.start) / PER_S

    def heard_by_item(self, position: int) -> list[Heard]:
        """How much of each item lies before a position."""
        return [
            Heard(one.item_id, max(0, min(position, one.end) - one.start), one.end - one.start, one.complete)
            for one in self.intervals
        ]

    def forget_heard(self) -> None:
        """Drop the intervals that were heard to their end, so that a long call does not collect them."""
        self.intervals = [one for one in self.intervals if not one.complete or one.end > self._echoed]

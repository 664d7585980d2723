"""What the caller has heard of the agent, and what of it need not be at Twilio yet.

The model speaks faster than real time and Twilio plays from a buffer of its own, so agent audio runs ahead of the
caller's ear. A position counts samples (µ-law bytes) queued on the stream since it began; each conversation item is
an interval on it. Twilio echoes a mark when playout reaches it; between echoes a clock runs on from the last one. All
times are those at which a frame arrived here, or would: one way of the line is in every one of them alike.

A clear ends a *generation*: its intervals and marks are frozen and only asked where the cut was. Twilio echoes all
marks that are still pending when it clears, although nobody heard that audio; so a fence mark follows each clear, and
an old echo counts as played only if a media frame lies between it and the fence's echo. (Twilio Media Streams,
"clear" and "mark")
"""

from collections import deque
from dataclasses import dataclass, field

from twilio_rt_cli.call.commands import ClearPlayout, PhoneCommand, SendMark, SendMedia
from twilio_rt_cli.protocol.realtime import ItemId
from twilio_rt_cli.protocol.wire import payload_bytes

PER_MS = 8
PER_S = 8000
LEAD = 3000 * PER_MS
"""Most audio that may be unheard at Twilio; the rest waits here"""
REFILL = 200 * PER_MS
"""Room that must be free before waiting audio is released, so that it goes in few large frames"""
MARK_EVERY = 200 * PER_MS
BURST_MARKS = (20 * PER_MS, 60 * PER_MS)
"""Where the first marks of a burst lie: they show early when the buffer started late"""
NOT_ECHOING_AFTER = 2 * PER_S
"""How far the clock may pass an unechoed mark before the far end counts as one that echoes nothing"""
MAX_WAITING = 8 * 60 * PER_S
FENCE_WAIT_S = 0.150
PROBE = "probe"
LONGEST_POSITION = 18
"""Digits; a mark that is not ours may name anything"""


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


class Generation:
    """The stream between two clears: what was queued, what was echoed, and the clock that fills the space between."""

    def __init__(self, number: int, sent: int, now: float) -> None:
        self.number = number
        self.sent = sent
        self.intervals: list[Interval] = []
        self._marks: deque[int] = deque()
        self._echoed = sent
        self._anchor_position = sent
        self._anchor_at = now
        self._burst_start = sent
        self._first_mark: tuple[int, float] | None = None
        self._echoing = True

    def heard(self, now: float) -> int:
        """Position that reached the caller at this moment; never falls, never beyond what was sent."""
        ahead = self._anchor_position + round((now - self._anchor_at) * PER_S)
        bound = self.sent
        if self._marks:
            next_mark = self._marks[0]
            if ahead > next_mark + NOT_ECHOING_AFTER:
                self._echoing = False
            if self._echoing and next_mark < bound:
                bound = next_mark
        return max(self._echoed, min(ahead, bound))

    def burst(self, now: float, rtt_s: float, lag_s: float) -> None:
        """Audio follows an empty buffer: the clock starts over when its first sample can have reached the ear."""
        self._echoed = self.sent
        self._burst_start = self._anchor_position = self.sent
        self._anchor_at = now + rtt_s + lag_s
        # A mark still unechoed means that the buffer may not have been empty: nothing to learn from this burst's start.
        self._first_mark = (-1, now) if self._marks else None

    def mark(self, position: int, expected_at: float) -> None:
        """A mark was sent; `expected_at` is when its echo comes if the buffer starts without delay."""
        self._marks.append(position)
        if self._first_mark is None:
            self._first_mark = (position, expected_at)

    def echo(self, position: int, now: float) -> float | None:
        """A mark was played. Answers by how many seconds the burst began late, when this echo shows it."""
        while self._marks and self._marks[0] <= position:
            self._marks.popleft()
        self._echoing = True
        if position <= self._burst_start:
            # Of audio before this burst: the burst starts no earlier than the rest of that audio takes.
            self._anchor_at = max(self._anchor_at, now + (self._burst_start - position) / PER_S)
            return None
        if position < self._echoed:
            return None
        self._echoed = position
        self._anchor_position, self._anchor_at = position, now
        if self._first_mark is not None and self._first_mark[0] == position:
            return max(0.0, now - self._first_mark[1])
        return None

    def heard_by_item(self, position: int) -> list[Heard]:
        """How much of each item lies before a position."""
        return [
            Heard(one.item_id, max(0, min(position, one.end) - one.start), one.end - one.start, one.complete)
            for one in self.intervals
        ]

    def forget_heard(self) -> None:
        """Drop the intervals that were heard to their end, so that a long call does not collect them."""
        self.intervals = [one for one in self.intervals if not one.complete or one.end > self._echoed]


@dataclass(slots=True)
class Cut:
    """A clear on its way: the frozen generation, and echoes of which we do not know yet whether they were played."""

    generation: Generation
    fence: str
    sent_at: float
    limit_at: float
    held: list[tuple[int, float]] = field(default_factory=list)

    def settle_held(self) -> None:
        """A media frame followed: the held echoes were real."""
        for position, echoed_at in self.held:
            self.generation.echo(position, echoed_at)
        self.held.clear()


class Playout:
    """Position, marks, lead and cuts of one stream. Call `probe` once, before any audio."""

    def __init__(self, now: float) -> None:
        self._current = Generation(0, 0, now)
        self._cuts: deque[Cut] = deque()
        self._waiting: deque[tuple[str, int]] = deque()
        """payload and its samples; an empty payload stands for the mark at an item's end"""
        self._received = 0
        self._next_mark = 0
        self._last_mark = -1
        self._burst_marks = 0
        self._probe_sent_at = now
        self._rtt_s: float | None = None
        self._lag_s = 0.0
        self._checked_at = now
        self._paused = False

    @property
    def rtt_ms(self) -> float | None:
        """Least round trip seen by a mark, in ms; None before the first."""
        return None if self._rtt_s is None else self._rtt_s * 1000

    @property
    def waiting(self) -> int:
        """Samples that wait here."""
        return self._received - self._current.sent

    @property
    def unfinished(self) -> bool:
        """Whether more audio of an item that was begun may still come."""
        return any(not one.complete for one in self._current.intervals)

    def probe(self, now: float) -> tuple[PhoneCommand, ...]:
        """A mark before any audio: its echo measures the round trip."""
        self._probe_sent_at = now
        return (SendMark(PROBE),)

    def unheard(self, now: float) -> int:
        """Samples received that the caller has not heard yet, waiting ones included."""
        return self._received - self._current.heard(now)

    def append(self, item_id: ItemId, payload: str, now: float) -> list[PhoneCommand]:
        """Queue a stretch of an item's audio (valid base64); answers what goes to Twilio now."""
        samples = payload_bytes(payload)
        if not samples:
            return []
        intervals = self._current.intervals
        if intervals and intervals[-1].item_id == item_id:
            intervals[-1].end += samples
        else:
            self._current.forget_heard()
            self._current.intervals.append(Interval(item_id, self._received, self._received + samples))
        self._received += samples
        self._waiting.append((payload, samples))
        return self._release(now, room=1)

    def item_done(self, item_id: ItemId, now: float) -> list[PhoneCommand]:
        """No more audio of this item comes: a mark goes to its end."""
        for one in self._current.intervals:
            if one.item_id == item_id and not one.complete:
                one.complete = True
                self._waiting.append(("", 0))
                return self._release(now, room=1)
        for cut in self._cuts:
            for one in cut.generation.intervals:
                one.complete |= one.item_id == item_id and not one.late
        return []

    def late_audio(self, item_id: ItemId) -> bool:
        """More audio of an interrupted answer came. Whether the item is one of a cut that is not settled yet."""
        found = [one for cut in self._cuts for one in cut.generation.intervals if one.item_id == item_id]
        for one in found:
            one.late, one.complete = True, False
        return bool(found)

    def media(self, now: float) -> list[PhoneCommand]:
        """Caller audio arrived: settles which old echoes were played, and time went on."""
        for cut in self._cuts:
            if cut.held:
                cut.settle_held()
        return self._release(now, room=REFILL) if self._waiting else []

    def echo(self, name: str, now: float) -> tuple[list[PhoneCommand], list[Heard] | None]:
        """One of our marks came back. Answers what may be sent now, and what a cut found if this was its fence."""
        if name == PROBE:
            self._measure(now - self._probe_sent_at)
            return [], None
        kind, _, rest = name.partition(":")
        if not rest.isdecimal() or len(rest) > LONGEST_POSITION:
            return [], None
        if kind == "fence":
            return [], self._fence(name, now)
        self._mark_echoed(kind, int(rest), now)
        return (self._release(now, room=REFILL) if self._waiting else []), None

    def pause(self) -> None:
        """Twilio's socket is full: audio waits here, where a barge-in can still drop it."""
        self._paused = True

    def resume(self, now: float) -> list[PhoneCommand]:
        """Twilio's socket takes data again."""
        self._paused = False
        return self._release(now, room=1)

    def clear(self, now: float) -> list[PhoneCommand]:
        """The caller barged in: empty both buffers. Where the cut was follows by `echo`, or by `wake` at the limit."""
        frozen = self._current
        fence = f"fence:{frozen.number}"
        limit_s = max(FENCE_WAIT_S, 2 * (self._rtt_s or 0.0))
        self._cuts.append(Cut(frozen, fence, now, now + limit_s))
        self._waiting.clear()
        self._received = frozen.sent
        self._current = Generation(frozen.number + 1, frozen.sent, now)
        return [ClearPlayout(), SendMark(fence)]

    def deadline(self) -> float | None:
        """When to call `wake`: the next limit of a cut, or the next look at audio that waits."""
        times = [cut.limit_at for cut in self._cuts]
        if self._waiting:
            times.append(self._checked_at + REFILL / PER_S / 2)
        return min(times, default=None)

    def wake(self, now: float) -> tuple[list[PhoneCommand], list[list[Heard]]]:
        """Time passed: release what may go, and settle cuts whose fence did not come back."""
        found: list[list[Heard]] = []
        while self._cuts and self._cuts[0].limit_at <= now:
            cut = self._cuts.popleft()
            position = cut.generation.heard(cut.sent_at + (self._rtt_s or 0.0))
            found.append(cut.generation.heard_by_item(position))
        return (self._release(now, room=REFILL) if self._waiting else []), found

    def _measure(self, rtt_s: float) -> None:
        self._rtt_s = rtt_s if self._rtt_s is None else min(self._rtt_s, rtt_s)

    def _fence(self, name: str, now: float) -> list[Heard] | None:
        for cut in self._cuts:
            if cut.fence == name:
                self._measure(now - cut.sent_at)
                self._cuts.remove(cut)
                return cut.generation.heard_by_item(cut.generation.heard(now))
        return None  # settled at its limit already

    def _mark_echoed(self, generation: str, position: int, now: float) -> None:
        if generation == str(self._current.number):
            lag_s = self._current.echo(position, now)
            if lag_s is not None and self._rtt_s is not None:
                self._lag_s = lag_s
            return
        for cut in self._cuts:
            if generation == str(cut.generation.number):
                cut.held.append((position, now))

    def _release(self, now: float, room: int) -> list[PhoneCommand]:
        """Send what waits while less than the lead is unheard; with less than `room` samples free, wait for more."""
        self._checked_at = now
        commands: list[PhoneCommand] = []
        heard = self._current.heard(now)
        free = LEAD - (self._current.sent - heard)
        if free < room or self._paused:
            return commands
        while self._waiting:
            payload, samples = self._waiting[0]
            if samples > free:
                keep = free // 3 * 3
                if not keep:
                    break
                chars = keep // 3 * 4
                self._waiting[0] = (payload[chars:], samples - keep)
                payload, samples = payload[:chars], keep
            else:
                self._waiting.popleft()
            free -= samples
            if samples:
                self._send(payload, samples, now, commands)
            elif self._last_mark != self._current.sent:
                self._send_mark(now, commands)
        return commands

    def _send(self, payload: str, samples: int, now: float, commands: list[PhoneCommand]) -> None:
        """Send one stretch, cut where marks are due; base64 can be cut after every third byte without decoding it."""
        current = self._current
        if current.sent <= current.heard(now):
            current.burst(now, self._rtt_s or 0.0, self._lag_s)
            self._burst_marks = 0
            self._next_mark = current.sent + BURST_MARKS[0]
        while samples:
            take = max(0, -(-(self._next_mark - current.sent) // 3)) * 3
            if take >= samples:
                take, chars = samples, len(payload)
            else:
                chars = take // 3 * 4
            if take:
                commands.append(SendMedia(payload[:chars]))
                payload, samples = payload[chars:], samples - take
                current.sent += take
            if current.sent >= self._next_mark:
                self._send_mark(now, commands)

    def _send_mark(self, now: float, commands: list[PhoneCommand]) -> None:
        current = self._current
        self._last_mark = current.sent
        offset_s = (current.sent - current._burst_start) / PER_S
        current.mark(current.sent, now + (self._rtt_s or 0.0) + offset_s)
        commands.append(SendMark(f"{current.number}:{current.sent}"))
        self._burst_marks += 1
        if self._burst_marks < len(BURST_MARKS):
            self._next_mark = current._burst_start + BURST_MARKS[self._burst_marks]
        else:
            self._next_mark = current.sent + MARK_EVERY

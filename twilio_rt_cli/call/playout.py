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
from collections.abc import Sequence
from dataclasses import dataclass, field

from twilio_rt_cli.audio.rate import PER_MS, PER_S
from twilio_rt_cli.call.commands import ClearPlayout, PhoneCommand, SendMark, SendMedia
from twilio_rt_cli.call.figures.statistics import CallStatistics
from twilio_rt_cli.call.generation import NOT_ECHOING_AFTER_S, Generation, Heard, Interval
from twilio_rt_cli.protocol.realtime import ItemId

LEAD = 3000 * PER_MS
"""Most audio that may be unheard at Twilio; the rest waits here"""
REFILL = 200 * PER_MS
"""Room that must be free before waiting audio is released, so that it goes in few large frames"""
MARK_EVERY = 200 * PER_MS
RUN_MARKS = (20 * PER_MS, 60 * PER_MS, MARK_EVERY)
"""Where the first marks of a run lie: two show early when the buffer started late, from the third they keep step"""
MAX_WAITING = 8 * 60 * PER_S
FENCE_WAIT_S = 0.150
PROBE = "probe"
LONGEST_POSITION = 18
"""Digits; a mark that is not ours may name anything"""
_NOTHING: Sequence[PhoneCommand] = ()


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
            self.generation.echo(position, echoed_at, 0.0)
        self.held.clear()

    def settle(self, at: float) -> list[Heard]:
        """What was heard until this moment is what was heard."""
        self.generation.cut_at = self.generation.heard(at)
        return self.generation.heard_by_item(self.generation.cut_at)


class Playout:
    """Position, marks, lead and cuts of one stream.

    Counts what goes to Twilio, and how late its marks come back, in `counted`.
    """

    def __init__(self, now: float, counted: CallStatistics | None = None) -> None:
        self._counted = counted or CallStatistics()
        self._current = Generation(0, 0, now)
        self.cuts: deque[Cut] = deque()
        """clears that are not settled yet"""
        self.queue: deque[bytes] = deque()
        """stretches of audio; an empty one stands for the mark at an item's end"""
        self._received = 0
        self._next_mark = 0
        self._last_mark = -1
        self._run_start = 0
        self._run_marks = 0
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
    def current(self) -> Generation:
        """The stream since the last clear."""
        return self._current

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
        assert self._received == 0, "a mark behind audio comes back when that was played"
        self._probe_sent_at = now
        self._counted.marks_sent += 1
        return (SendMark(PROBE),)

    def unheard(self, now: float) -> int:
        """Samples received that the caller has not heard yet, waiting ones included."""
        return self._received - self._current.heard(now)

    def at_twilio(self, now: float) -> int:
        """Samples sent to Twilio that the caller has not heard yet."""
        return self._current.sent - self._current.heard(now)

    def overdue_s(self, now: float) -> float:
        """By how much the next mark is overdue."""
        return self._current.overdue_s(now)

    def break_off(self, now: float) -> tuple[list[list[Heard]], list[Heard]]:
        """The stream ends now: what the cuts not settled yet found, and what was heard of the rest."""
        found = [cut.generation.heard_by_item(cut.generation.heard(self._limit_of(cut))) for cut in self.cuts]
        self.cuts.clear()
        return found, self._current.heard_by_item(self._current.heard(now))

    def append(self, item_id: ItemId, audio: bytes, now: float) -> list[PhoneCommand]:
        """Queue a stretch of an item's audio; answers what goes to Twilio now."""
        if not audio:
            return []
        begin = self._received
        self._received = end = begin + len(audio)
        intervals = self._current.intervals
        if intervals and intervals[-1].item_id == item_id:
            intervals[-1].end = end
        else:
            self._current.forget_heard()
            self._current.intervals.append(Interval(item_id, begin, end))
        self.queue.append(audio)
        return self._release(now, room=1)

    def item_done(self, item_id: ItemId, now: float) -> list[PhoneCommand]:
        """No more audio of this item comes: a mark goes to its end."""
        for one in self._current.intervals:
            if one.item_id == item_id and not one.complete:
                one.complete = True
                self.queue.append(b"")
                return self._release(now, room=1)
        for cut in self.cuts:
            for one in cut.generation.intervals:
                one.complete |= one.item_id == item_id and not one.late
        return []

    def late_audio(self, item_id: ItemId) -> bool:
        """More audio of an interrupted answer came. Whether the item is one of a cut that is not settled yet."""
        found = [one for cut in self.cuts for one in cut.generation.intervals if one.item_id == item_id]
        for one in found:
            one.late, one.complete = True, False
        return bool(found)

    def media(self, now: float) -> Sequence[PhoneCommand]:
        """Caller audio arrived: settles which old echoes were played, and time went on."""
        if self.cuts:
            for cut in self.cuts:
                if cut.held:
                    cut.settle_held()
        return self._release(now, room=REFILL) if self.queue else _NOTHING

    def echo(self, name: str, now: float) -> tuple[Sequence[PhoneCommand], list[Heard] | None]:
        """One of our marks came back. Answers what may be sent now, and what a cut found if this was its fence."""
        kind, _, rest = name.partition(":")
        if not rest.isdecimal() or len(rest) > LONGEST_POSITION:
            if name == PROBE:
                self._measure(now - self._probe_sent_at)
            return _NOTHING, None
        if kind == "fence":
            return _NOTHING, self._fence(name, now)
        if (position := int(rest)) > self._current.sent:
            return _NOTHING, None  # none of ours: nobody heard what was not sent
        if kind == self._current.name:
            self._mark_played(position, now)
        else:
            self._old_mark_echoed(kind, position, now)
        return (self._release(now, room=REFILL) if self.queue else _NOTHING), None

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
        self.cuts.append(Cut(frozen, fence, now, now + limit_s))
        self.queue.clear()
        self._received = frozen.sent
        self._current = Generation(frozen.number + 1, frozen.sent, now, echoing=frozen.echoing)
        self._counted.marks_sent += 1
        return [ClearPlayout(), SendMark(fence)]

    def deadline(self) -> float | None:
        """When to call `wake`: the next limit of a cut, or the next look at audio that waits."""
        times = [cut.limit_at for cut in self.cuts]
        if self.queue:
            times.append(self._checked_at + REFILL / PER_S / 2)
        return min(times, default=None)

    def wake(self, now: float) -> tuple[list[PhoneCommand], list[list[Heard]]]:
        """Time passed: release what may go, and settle cuts whose fence did not come back."""
        found: list[list[Heard]] = []
        while self.cuts and self.cuts[0].limit_at <= now:
            cut = self.cuts.popleft()
            found.append(cut.settle(self._limit_of(cut)))
        return (self._release(now, room=REFILL) if self.queue else []), found

    def _limit_of(self, cut: Cut) -> float:
        """When a clear whose fence did not come back reached the far end."""
        return cut.sent_at + (self._rtt_s or 0.0)

    def _measure(self, rtt_s: float) -> None:
        self._rtt_s = rtt_s if self._rtt_s is None else min(self._rtt_s, rtt_s)
        self._counted.round_trip_ms = self.rtt_ms

    def _fence(self, name: str, now: float) -> list[Heard] | None:
        for cut in self.cuts:
            if cut.fence == name:
                self._measure(now - cut.sent_at)
                self._current.echoing = True
                self.cuts.remove(cut)
                return cut.settle(now)
        return None  # settled at its limit already

    def _mark_played(self, position: int, now: float) -> None:
        late_s, run_late_s = self._current.echo(position, now, self._lag_s)
        counted = self._counted
        counted.mark_lag.take(late_s)
        counted.playout_lag_ms = late_ms = late_s * 1000
        counted.playout_lag_max_ms = max(counted.playout_lag_max_ms, late_ms)
        if run_late_s is not None and self._rtt_s is not None:
            self._lag_s = run_late_s

    def _old_mark_echoed(self, generation: str, position: int, now: float) -> None:
        for cut in self.cuts:
            if generation == cut.generation.name:
                cut.held.append((position, now))

    def _release(self, now: float, room: int) -> list[PhoneCommand]:
        """Send what waits while less than the lead is unheard; with less than `room` samples free, wait for more."""
        self._checked_at = now
        commands: list[PhoneCommand] = []
        current, queue = self._current, self.queue
        free = LEAD - current.sent + current.heard(now)
        if free < room or self._paused:
            return commands
        dry = bool(queue) and current.dry_by(now + (self._rtt_s or 0.0), now)
        while queue:
            audio = queue[0]
            samples = len(audio)
            if samples <= free:
                queue.popleft()
            elif free:
                audio, queue[0] = audio[:free], audio[free:]
                samples = free
            else:
                break
            free -= samples
            if samples:
                if dry:
                    dry = False
                    self._begin_run(now)
                self._send(audio, commands)
            elif self._last_mark != current.sent:
                self._send_mark(commands)
        return commands

    def _begin_run(self, now: float) -> None:
        """Audio goes to an empty buffer, or to one that will be empty when it comes."""
        current = self._current
        if self._rtt_s is None and now > self._probe_sent_at + NOT_ECHOING_AFTER_S:
            current.echoing = False
        current.begin_run(now, self._rtt_s or 0.0, self._lag_s)
        self._run_start, self._run_marks = current.sent, 0
        self._next_mark = current.sent + RUN_MARKS[0]

    def _send(self, audio: bytes, commands: list[PhoneCommand]) -> None:
        """Send one stretch, cut where marks are due."""
        current, counted = self._current, self._counted
        counted.bytes_out += len(audio)
        while audio:
            samples, room = len(audio), self._next_mark - current.sent
            if room > 0:
                if samples <= room:
                    stretch, audio = audio, b""
                else:
                    stretch, audio, samples = audio[:room], audio[room:], room
                commands.append(SendMedia(stretch))
                counted.frames_out += 1
                current.sent += samples
            if samples >= room:
                self._send_mark(commands)

    def _send_mark(self, commands: list[PhoneCommand]) -> None:
        current = self._current
        self._last_mark = position = current.sent
        commands.append(SendMark(current.mark(position)))
        self._counted.marks_sent += 1
        self._run_marks += 1
        if self._run_marks < len(RUN_MARKS):
            self._next_mark = self._run_start + RUN_MARKS[self._run_marks]
        else:
            self._next_mark = position + MARK_EVERY

"""The buffer from which Twilio plays agent audio to the caller, modelled to the sample.

Audio of any length is taken at once, kept in order and played in real time, eight bytes a millisecond, from the
moment it arrives (or `start_delay_ms` later when nothing was being played). Position counts the bytes played since
the stream began: what a clear threw away was never played and has no position. A mark lies between bytes and is
reached when all audio before it was played, or at once when nothing waits. A clear empties the buffer and reaches
every mark. Source: Twilio Media Streams, "WebSocket messages" (media, mark, clear); warning 31931 (at most ten
minutes wait). Pure: time is an argument and never goes back.
"""

from collections import deque
from dataclasses import dataclass, field

from twilio_rt_cli.audio.rate import PER_S

MOST_WAITING_BYTES = 600 * PER_S
"""Ten minutes; Twilio drops what comes above (31931)."""


@dataclass(slots=True)
class PlayedRun:
    """Agent audio played without a gap: from when, and what."""

    start_at: float
    audio: bytearray = field(default_factory=bytearray)


@dataclass(frozen=True, slots=True)
class Cleared:
    """A clear was applied: when, at which position, and how much it threw away."""

    at: float
    position: int
    dropped_bytes: int


class PlayoutBuffer:
    """What has been played at any moment, and which marks were reached."""

    def __init__(self, start_delay_ms: int = 0) -> None:
        self._delay_s = start_delay_ms / 1000
        self._runs: list[PlayedRun] = []
        self._run_position = 0
        self._end = self._cleared = 0
        self._marks: deque[tuple[int, str]] = deque()

    def append(self, audio: bytes, now: float) -> int:
        """Queues audio; answers how many bytes found no room within the ten minutes."""
        position = self.position(now)
        taken = audio[: max(0, MOST_WAITING_BYTES - (self._end - position))]
        if position == self._end:
            self._runs.append(PlayedRun(now + self._delay_s))
            self._run_position = position
        self._runs[-1].audio += taken
        self._end += len(taken)
        return len(audio) - len(taken)

    def mark(self, name: str, now: float) -> bool:
        """Places a mark; True when nothing waits before it, so that it is reached now."""
        if self.position(now) == self._end and not self._marks:
            return True
        self._marks.append((self._end, name))
        return False

    def reached(self, now: float) -> tuple[str, ...]:
        """Marks whose audio was played since the last call, in order."""
        position = self.position(now)
        names: list[str] = []
        while self._marks and self._marks[0][0] <= position:
            names.append(self._marks.popleft()[1])
        return tuple(names)

    def clear(self, now: float) -> tuple[Cleared, tuple[str, ...]]:
        """Throws away what was not played; with it come all outstanding marks, in order."""
        cut = Cleared(now, self.position(now), self._end - self.position(now))
        if cut.dropped_bytes:
            del self._runs[-1].audio[cut.position - self._run_position :]
        self._end = self._cleared = cut.position
        names = tuple(name for _, name in self._marks)
        self._marks.clear()
        return cut, names

    def position(self, now: float) -> int:
        """Bytes played since the stream began."""
        if not self._runs:
            return 0
        # The thousandth of a byte makes up for a float that fell just short of a whole one.
        played = int((now - self._runs[-1].start_at) * PER_S + 1e-3)
        return min(self._end, self._run_position + max(0, played))

    @property
    def end(self) -> int:
        """Position at which the buffer will be empty."""
        return self._end

    def deadline(self) -> float | None:
        """When the next outstanding mark is reached; None without one."""
        if not self._marks or not self._runs:
            return None
        return self._runs[-1].start_at + (self._marks[0][0] - self._run_position) / PER_S

    def recent(self, now: float, length: int) -> bytes:
        """The audio of the last `length` bytes of time, as far as anything was played then and since the last clear."""
        if not self._runs:
            return b""
        run = self._runs[-1]
        until = int((now - run.start_at) * PER_S + 1e-3)
        return bytes(run.audio[max(0, until - length, self._cleared - self._run_position) : max(0, until)])

    def runs(self, now: float) -> tuple[tuple[float, bytes], ...]:
        """Everything played until now: when each gapless stretch began, and its audio."""
        if not self._runs:
            return ()
        *earlier, last = self._runs
        played = last.audio[: self.position(now) - self._run_position]
        return (*((run.start_at, bytes(run.audio)) for run in earlier), (last.start_at, bytes(played)))

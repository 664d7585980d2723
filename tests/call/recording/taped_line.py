"""A phone line in simulated time with a tape at our end, and the truth about what was said and heard at the other.

Twilio's clock may run faster or slower than ours, what it sends may be late (never overtaking), and its buffer may
start late. The truth is kept on Twilio's clock, whose zero is the beginning of the caller's audio.
"""

import heapq
import itertools
import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from twilio_rt_cli.call.commands import ClearPlayout, PhoneCommand, SendMark, SendMedia
from twilio_rt_cli.call.playout import Playout
from twilio_rt_cli.call.recording.tape import Piece, Tape
from twilio_rt_cli.protocol.realtime import ItemId

PER_S = 8000
FRAME = 160
SILENCE = b"\xff"


@dataclass
class Buffer:
    """Twilio's: plays in real time what it has, `late` samples after audio meets it empty."""

    late: int = 0
    track: bytearray = field(default_factory=bytearray)
    """what was heard, from the beginning of the caller's audio on; beyond now, what waits"""
    marks: deque[tuple[int, str]] = field(default_factory=deque)

    def media(self, audio: bytes, at: int) -> None:
        if len(self.track) <= at:
            self.track += SILENCE * (at + self.late - len(self.track))
        self.track += audio

    def clear(self, at: int) -> list[str]:
        del self.track[max(at, 0) :]
        names = [name for _, name in self.marks]
        self.marks.clear()
        return names


class TapedLine:
    """Runs a call in simulated time; `said` and `heard` are true, `caller` and `agent` what the tape says."""

    def __init__(
        self, *, ppm: float = 0, way_s: float = 0.0, jitter_s: float = 0.0, late_ms: int = 0, echoes: bool = True
    ) -> None:
        self._random = random.Random(1)
        self._rate = 1 + ppm / 1e6
        self._way_s = way_s
        self._jitter_s = jitter_s
        self._echoes = echoes
        self._buffer = Buffer(late_ms * 8)
        self._queue: list[tuple[float, int, str, object]] = []
        self._serial = itertools.count()
        self._arrived_at = 0.0
        self._frame = 0
        self._items = 0
        self.now = 0.0
        self.lost: set[int] = set()
        """numbers of the caller's frames that the line swallows"""
        self.playout = Playout(0.0)
        self.tape = Tape(self.playout, 0.0)
        self.said = bytearray()
        self.pieces: list[Piece] = []
        self._perform(self.playout.probe(0.0))
        self._at(self._ours(FRAME), "frame")

    @property
    def heard(self) -> bytes:
        return bytes(self._buffer.track[: self._theirs(self.now)])

    @property
    def caller(self) -> bytes:
        return b"".join(SILENCE * one if isinstance(one, int) else one[::2] for one in self.pieces)

    @property
    def agent(self) -> bytes:
        return b"".join(SILENCE * one if isinstance(one, int) else one[1::2] for one in self.pieces)

    def answer(self, ms: int, pace: float = 4.0) -> bytes:
        """The model begins to say something, in deltas of 200 ms; its audio."""
        self._items += 1
        item, audio = ItemId(f"item_{self._items}"), _noise(self._random, ms * 8)
        when = self.now
        for at in range(0, len(audio), 1600):
            self._at(when, "delta", (item, audio[at : at + 1600]))
            when += 0.2 / pace
        self._at(when, "done", item)
        return audio

    def barge_in(self) -> None:
        """The caller interrupts: what the model still has to say is not said."""
        self._queue = [one for one in self._queue if one[2] not in ("delta", "done")]
        heapq.heapify(self._queue)
        self._perform(self.playout.clear(self.now))
        self.tape.look(self.now)

    def run(self, seconds: float) -> "TapedLine":
        """Let time pass."""
        until = self.now + seconds
        while self._queue and self._queue[0][0] <= until:
            when, _, kind, value = heapq.heappop(self._queue)
            self.now = max(self.now, when)
            self._step(kind, value)
            if kind in _OURS:
                self.tape.look(self.now)
                self.pieces += self.tape.take()
        self.now = until
        return self

    def hang_up(self) -> "TapedLine":
        self.pieces += self.tape.finish(self.now)
        return self

    def _step(self, kind: str, value: object) -> None:
        now, playout = self.now, self.playout
        match kind, value:
            case "frame", _:
                self._make_frame()
            case "frame arrives", (int(number), bytes(audio)):
                commands = playout.media(now)
                self.tape.caller(audio, number * 20, now)
                self._perform(commands)
            case "delta", (str(item), bytes(audio)):
                self._perform(playout.append(ItemId(item), audio, now))
            case "done", str(item):
                self._perform(playout.item_done(ItemId(item), now))
            case "command", command:
                self._at_twilio(command)
            case "echo due", str(name):
                if any(name == one for _, one in self._buffer.marks):
                    self._buffer.marks.popleft()
                    self._echo(name)
            case "echo arrives", str(name):
                self._perform(playout.echo(name, now)[0])
        deadline = playout.deadline()
        if kind == "wake":
            self._perform(playout.wake(now)[0])
        elif deadline is not None and not any(one[2] == "wake" for one in self._queue):
            self._at(max(deadline, now), "wake")

    def _make_frame(self) -> None:
        audio = _noise(self._random, FRAME) if self._frame // 100 % 2 else SILENCE * FRAME
        self.said += audio
        if self._frame not in self.lost:
            self._at(self._towards_us(), "frame arrives", (self._frame, audio))
        self._frame += 1
        self._at(self._ours((self._frame + 1) * FRAME), "frame")

    def _perform(self, commands: Sequence[PhoneCommand]) -> None:
        for command in commands:
            if isinstance(command, SendMedia):
                self.tape.agent(command.payload)
            self._at(self.now + self._way_s, "command", command)

    def _at_twilio(self, command: object) -> None:
        buffer, at = self._buffer, self._theirs(self.now)
        match command:
            case SendMedia(payload):
                buffer.media(payload, at)
            case SendMark(name):
                if len(buffer.track) <= at:
                    self._echo(name)
                else:
                    buffer.marks.append((len(buffer.track), name))
                    self._at(self._ours(len(buffer.track)), "echo due", name)
            case ClearPlayout():
                for name in buffer.clear(at):
                    self._echo(name)

    def _echo(self, name: str) -> None:
        if self._echoes:
            self._at(self._towards_us(), "echo arrives", name)

    def _towards_us(self) -> float:
        self._arrived_at = max(self._arrived_at, self.now + self._way_s + self._random.random() * self._jitter_s)
        return self._arrived_at

    def _theirs(self, now: float) -> int:
        return round(now * PER_S * self._rate)

    def _ours(self, position: int) -> float:
        return position / PER_S / self._rate

    def _at(self, when: float, kind: str, value: object = None) -> None:
        heapq.heappush(self._queue, (when, next(self._serial), kind, value))


_OURS = frozenset({"frame arrives", "delta", "done", "echo arrives", "wake"})


def _noise(dice: random.Random, samples: int) -> bytes:
    return dice.randbytes(samples).replace(SILENCE, b"\x80")

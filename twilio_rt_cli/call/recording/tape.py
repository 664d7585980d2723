"""The recording of a call while it is made: the caller, and the agent as the caller heard it, on one time line.

A position on the tape counts samples since the call began. The caller's audio lies where its own timestamps put it,
and those are also the clock for the agent's: a moment of ours is as far along the tape as the caller's audio was when
it was on time. So both channels follow Twilio's clock, and no drift of ours comes between them.

What is on the tape is given away two seconds late, since only later marks tell where audio was heard (`agent_track`).
Timestamps are believed as long as they agree with our clock: the tape never gets longer than the call lasts, and a few
seconds. What waits here is bounded, whatever the far end says.
"""

from collections.abc import Sequence

from twilio_rt_cli.audio.rate import PER_MS, PER_S
from twilio_rt_cli.call.playout import Playout
from twilio_rt_cli.call.recording.agent_track import PATIENCE, SILENCE, AgentTrack, TapeClock

HOLD = 2 * PER_S
"""How late the tape is given away"""
PIECE = PER_S // 2
"""What is given away at a time"""
AHEAD = 5 * PER_S
"""How far timestamps may be ahead of our clock: the first frame may itself have been late"""
JOIN = 10 * PER_MS
"""A timestamp so near the end of the frame before it says that it follows that frame"""
LOOSE_JOIN = 60 * PER_MS
"""The same where the arrival has to do, which jitters"""

Piece = bytes | int
"""A stretch of both channels, µ-law, sample by sample left and right; or how long both are silent, in samples"""


class Tape:
    """Both channels of one call. Tell it what happens in the order it happens; `take` what is ready now and then."""

    def __init__(self, playout: Playout, now: float) -> None:
        self._clock = TapeClock(now)
        self._agent = AgentTrack(playout, self._clock)
        self._written = 0
        """position up to which the tape was given away"""
        self._left = bytearray()
        """the caller from there on"""
        self._left_end = 0
        self._shift: int | None = None
        """position of the timestamp 0"""
        self._late = 0
        """how far the tape had gone on when the last frame came"""
        self._ready: list[Piece] = []
        self._ended_at: float | None = None

    def caller(self, audio: bytes, timestamp_ms: int, now: float) -> None:
        """A frame of caller audio has arrived."""
        if self._ended_at is not None:
            return
        self._advance(now)
        passed = self._clock.passed(now)
        begin, believed = self._begin(timestamp_ms * PER_MS, len(audio), passed)
        end = begin + len(audio)
        if end > passed + AHEAD:
            return  # more audio than time
        if believed:
            self._clock.saw(end, passed)
        self._put(begin, audio)
        self._left_end = end
        self._agent.frame_ended(end)

    def agent(self, audio: bytes) -> None:
        """Agent audio was sent to the phone."""
        if self._ended_at is None:
            self._agent.sent(audio)

    def look(self, now: float) -> None:
        """Something happened that the playout may have learned from."""
        if self._ended_at is None:
            self._agent.look(now)
            self._advance(now)

    def end(self, at: float) -> None:
        """The caller hears and says nothing after this moment."""
        if self._ended_at is None:
            self._agent.look(at)
            self._ended_at = at

    def take(self) -> Sequence[Piece]:
        """What is ready, in order; each piece once."""
        if not self._ready:
            return ()
        ready, self._ready = self._ready, []
        return ready

    def finish(self, now: float) -> Sequence[Piece]:
        """The rest. Ends the tape if nothing has."""
        self.end(now)
        assert self._ended_at is not None
        self._give(max(self._left_end, self._clock.at(self._ended_at)), self._ended_at)
        return self.take()

    # The caller's channel

    def _begin(self, claimed: int, samples: int, passed: int) -> tuple[int, bool]:
        """Where a frame begins, and whether its timestamp was believed."""
        end = self._left_end
        arrived = passed + self._clock.ahead - samples
        if self._shift is None:
            begin = max(0, arrived)
            self._shift = begin - claimed
            return begin, True
        begin = claimed + self._shift
        if abs(begin - end) <= JOIN:
            begin = end
        if end <= begin <= passed + AHEAD and not self._too_late(begin + samples):
            return begin, True
        begin = end if arrived - end <= LOOSE_JOIN else arrived
        self._shift = begin - claimed
        return begin, False

    def _too_late(self, end: int) -> bool:
        """Whether the tape has gone on without this frame, and will without the next: it does not catch up."""
        before, self._late = self._late, max(0, self._written - end)
        return 0 < before <= self._late

    def _put(self, begin: int, audio: bytes) -> None:
        if begin < self._written:  # the tape has gone on without it
            audio, begin = audio[self._written - begin :], self._written
        self._left.extend(SILENCE * (begin - self._written - len(self._left)))
        self._left += audio

    # Giving away

    def _advance(self, now: float) -> None:
        """Give away what is old enough."""
        until = max(self._left_end, self._clock.at(now) - PATIENCE) - HOLD
        if until - self._written >= PIECE:
            self._give(self._written + (until - self._written) // PIECE * PIECE, now)

    def _give(self, until: int, now: float) -> None:
        while self._written < until:
            samples = min(PIECE, until - self._written)
            left = bytes(self._left[:samples])
            del self._left[:samples]
            right = self._agent.heard(self._written, self._written + samples, now)
            self._written += samples
            if left or right is not None:
                self._ready.append(_woven(left.ljust(samples, SILENCE), right or SILENCE * samples))
            elif self._ready and isinstance(self._ready[-1], int):
                self._ready[-1] += samples
            else:
                self._ready.append(samples)


def _woven(left: bytes, right: bytes) -> bytes:
    both = bytearray(2 * len(left))
    both[::2], both[1::2] = left, right
    return bytes(both)

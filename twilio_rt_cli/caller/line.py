"""A bad telephone line: what it loses, how late the rest arrives. Seeded, so that a bad call can be placed again. Pure.

Loss happens where the caller's voice travels as packets of 20 ms, before Twilio makes messages of them and after Twilio
has played its buffer; messages and their order are never lost, since the Media Stream itself runs over TCP. Delay and
jitter are those of the way between Twilio and the server: jitter delays, but nothing overtakes, and what is sent in one
go arrives together.
"""

from dataclasses import dataclass

from twilio_rt_cli.audio.rate import FRAME_BYTES
from twilio_rt_cli.caller.loudness import SILENCE

TOGETHER_S = 0.001
"""Messages no further apart travel in one packet"""


@dataclass(frozen=True, slots=True)
class LineQuality:
    """How bad the line is; the defaults are a perfect one."""

    loss_percent: float = 0.0
    """frames lost, each way"""
    jitter_ms: float = 0.0
    """largest extra delay"""
    latency_ms: float = 0.0
    """one way, each direction"""


class PhoneLine:
    """One direction of a line."""

    def __init__(self, quality: LineQuality, seed: int) -> None:
        self._quality = quality
        self._state = seed & _MASK
        self._last_at = 0.0
        self._last_sent_at = -1.0
        self.lost = 0
        """frames lost until now"""

    def loses(self) -> bool:
        """Whether the next frame is lost."""
        if self._quality.loss_percent <= 0:
            return False
        lost = self._random() * 100 < self._quality.loss_percent
        self.lost += lost
        return lost

    def arrival(self, sent_at: float) -> float:
        """When what is sent at `sent_at` arrives: never before what was sent earlier."""
        together = sent_at - self._last_sent_at < TOGETHER_S
        self._last_sent_at = sent_at
        late_ms = self._quality.latency_ms
        if self._quality.jitter_ms > 0 and not together:
            late_ms += self._random() * self._quality.jitter_ms
        self._last_at = max(self._last_at, sent_at + late_ms / 1000)
        return self._last_at

    def through(self, mulaw: bytes) -> bytes:
        """The audio as it comes out at the other end: lost frames of 20 ms are silent."""
        if self._quality.loss_percent <= 0:
            return mulaw
        frames = (mulaw[at : at + FRAME_BYTES] for at in range(0, len(mulaw), FRAME_BYTES))
        return b"".join(SILENCE * len(frame) if self.loses() else frame for frame in frames)

    def _random(self) -> float:
        """The next number in [0, 1): splitmix64 (Steele, Lea, Flood 2014), since a pure module has no `random`."""
        self._state = (self._state + 0x9E3779B97F4A7C15) & _MASK
        mixed = ((self._state ^ self._state >> 30) * 0xBF58476D1CE4E5B9) & _MASK
        mixed = ((mixed ^ mixed >> 27) * 0x94D049BB133111EB) & _MASK
        return ((mixed ^ mixed >> 31) >> 11) / (1 << 53)


_MASK = (1 << 64) - 1

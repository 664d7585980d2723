"""What listens to one client: a turn detector by the session's settings, and short pauses within a turn beside it."""

import numpy as np
from numpy.typing import NDArray

from twilio_rt_cli.engine.session.orders import Heard, Paused, Tune
from twilio_rt_cli.engine.session.turns import WINDOW_MS, TurnDetector, VoiceActivity

PAUSE_MS = 190
"""So much silence may be the end of a turn: recognising begins, and is mostly done when the turn has ended."""
_HYSTERESIS = 0.15
_LOWEST_THRESHOLD = 0.01


class TurnListener:
    """Listens by one order's settings, with its own memory of what it heard."""

    def __init__(self, activity: VoiceActivity, order: Tune) -> None:
        activity.reset()
        self._epoch = order.epoch
        self._activity = _TrackedActivity(activity, order.threshold)
        self._detector = TurnDetector(
            self._activity, order.threshold, order.prefix_padding_ms, order.silence_duration_ms
        )

    def listen(self, audio: bytes) -> list[Heard | Paused]:
        """What is noticed in µ-law audio at 8 kHz. Blocks for some 0.2 ms per 32 ms of audio."""
        noticed: list[Heard | Paused] = []
        if turns := self._detector.feed(audio):
            noticed.append(Heard(self._epoch, tuple(turns)))
        activity = self._activity
        if (
            self._detector.speaking
            and not activity.is_reported
            and activity.heard_ms - activity.spoke_until_ms >= PAUSE_MS
        ):
            activity.is_reported = True
            noticed.append(Paused(self._epoch, activity.spoke_until_ms, activity.heard_ms))
        return noticed


class _TrackedActivity:
    """Voice activity that remembers when there was speech last; speech is what the turn detector takes for it."""

    def __init__(self, activity: VoiceActivity, threshold: float) -> None:
        self._activity = activity
        self._least = max(threshold - _HYSTERESIS, _LOWEST_THRESHOLD)
        self.heard_ms = 0
        self.spoke_until_ms = 0
        self.is_reported = False

    def probability(self, pcm8k: NDArray[np.int16]) -> float:
        """How likely the next 256 samples are speech."""
        probability = self._activity.probability(pcm8k)
        self.heard_ms += WINDOW_MS
        if probability >= self._least:
            self.spoke_until_ms, self.is_reported = self.heard_ms, False
        return probability

    def reset(self) -> None:
        """Forget what came before."""
        self._activity.reset()

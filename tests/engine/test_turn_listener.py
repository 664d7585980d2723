"""A listener notices turns, and once for each pause within a turn that it may be over."""

import numpy as np
from numpy.typing import NDArray

from twilio_rt_cli.engine.session.orders import Heard, Paused, Tune
from twilio_rt_cli.engine.session.turns import SpeechStarted, SpeechStopped
from twilio_rt_cli.engine.turn_listener import TurnListener

WINDOW = b"\xff" * 256


class Planned:
    """Voice activity by a plan: a letter per window, "s" for speech."""

    def __init__(self, plan: str) -> None:
        self._plan = plan

    def probability(self, pcm8k: NDArray[np.int16]) -> float:
        """The plan's next word on it."""
        here, self._plan = self._plan[:1], self._plan[1:]
        return 0.9 if here == "s" else 0.1

    def reset(self) -> None:
        """Nothing to forget."""


def noticed(plan: str, silence_ms: int = 500) -> list[Heard | Paused]:
    """What a listener notices of a plan, window by window."""
    listener = TurnListener(Planned(plan), Tune(1, 0.5, 0, silence_ms))
    return [one for _ in plan for one in listener.listen(WINDOW)]


def test_a_turn_and_its_last_pause() -> None:
    assert noticed("..ssss" + "." * 20) == [
        Heard(1, (SpeechStarted(64),)),
        Paused(1, 192, 384),
        Heard(1, (SpeechStopped(692, 128),)),
    ]


def test_each_pause_is_told_once_and_a_short_one_not_at_all() -> None:
    plan = "ssss" + "." * 8 + "ss" + ".." + "ss" + "." * 9
    assert [one for one in noticed(plan) if isinstance(one, Paused)] == [
        Paused(1, 128, 320),
        Paused(1, 576, 768),
    ]


def test_a_turn_that_has_ended_is_no_pause() -> None:
    assert not [one for one in noticed("ssss" + "." * 20, silence_ms=150) if isinstance(one, Paused)]

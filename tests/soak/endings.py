"""The table of endings: at which point a short call ends, and by what.

A stage is where the call stands, a cause what one of the two sides does there. Not every pair makes sense; those that
do are `ENDINGS`, each by its name.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum


class Stage(Enum):
    """Where a call stands when it ends."""

    UPGRADING = "within the upgrade"
    OPEN = "before connected"
    CONNECTED = "before start"
    STARTED = "right after start"
    DIALLING = "the model is dialled"
    CONFIGURING = "the session is asked for"
    AGENT_SPEAKS = "the agent speaks"
    CALLER_SPEAKS = "the caller speaks"
    TOOL_RUNS = "a tool runs"
    CLEARED = "after a clear"
    ENDING = "the farewell is played"


class Cause(Enum):
    """What one side does."""

    PHONE_STOPS = "stop"
    PHONE_CLOSES = "close"
    PHONE_CUTS = "cut"
    PHONE_RESETS = "reset"
    PHONE_BABBLES = "garbage"
    PHONE_WAITS = "silence"
    MODEL_CLOSES = "1000"
    MODEL_FAILS = "1011"
    MODEL_CUTS = "cut by model"
    MODEL_RESETS = "reset by model"
    MODEL_BABBLES = "garbage of model"
    MODEL_FORBIDS = "HTTP 401"
    MODEL_BREAKS = "HTTP 500"
    MODEL_WAITS = "silent model"

    @property
    def of_phone(self) -> bool:
        """Whose doing it is."""
        return self.name.startswith("PHONE")


@dataclass(frozen=True, slots=True)
class Ending:
    """One row of the table."""

    stage: Stage
    cause: Cause

    @property
    def name(self) -> str:
        """For people."""
        return f"{self.stage.value}: {self.cause.value}"

    @property
    def patient(self) -> bool:
        """Whether it takes until one of the bridge's time limits: five seconds and more."""
        return self.cause in (Cause.PHONE_WAITS, Cause.MODEL_WAITS)


_HANGS_UP = (Cause.PHONE_STOPS, Cause.PHONE_CLOSES, Cause.PHONE_CUTS, Cause.PHONE_RESETS, Cause.PHONE_BABBLES)
_LEAVES = (Cause.MODEL_CLOSES, Cause.MODEL_FAILS, Cause.MODEL_CUTS, Cause.MODEL_RESETS, Cause.MODEL_BABBLES)
_NO_SESSION = (Cause.MODEL_CUTS, Cause.MODEL_RESETS, Cause.MODEL_FORBIDS, Cause.MODEL_BREAKS, Cause.MODEL_WAITS)
_CAUSES: dict[Stage, tuple[Cause, ...]] = {
    Stage.UPGRADING: (Cause.PHONE_CUTS, Cause.PHONE_RESETS),
    Stage.OPEN: (*_HANGS_UP, Cause.PHONE_WAITS),
    Stage.CONNECTED: (*_HANGS_UP, Cause.PHONE_WAITS),
    Stage.STARTED: _HANGS_UP,
    Stage.DIALLING: (*_HANGS_UP, *_NO_SESSION),
    Stage.CONFIGURING: (*_HANGS_UP, *_LEAVES, Cause.MODEL_WAITS),
    Stage.AGENT_SPEAKS: (*_HANGS_UP, *_LEAVES),
    Stage.CALLER_SPEAKS: (*_HANGS_UP, *_LEAVES),
    Stage.TOOL_RUNS: (*_HANGS_UP, *_LEAVES),
    Stage.CLEARED: (*_HANGS_UP, *_LEAVES),
    Stage.ENDING: _HANGS_UP,  # the model has left already
}
ENDINGS = {
    ending.name: ending for stage, causes in _CAUSES.items() for ending in (Ending(stage, cause) for cause in causes)
}


def deal(seed: int, *, patient: bool = True) -> Iterator[Ending]:
    """Endings without end: the whole table, shuffled, again and again."""
    dice = random.Random(seed)
    deck = [ending for ending in ENDINGS.values() if patient or not ending.patient]
    while True:
        dice.shuffle(deck)
        yield from deck

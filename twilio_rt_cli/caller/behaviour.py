"""How the caller behaves: when to listen, when to speak, when to give up. Pure; ticked every 20 ms.

It walks through a script. Each tick says whether the agent can be heard, whether more of it waits
to be played, and whether the caller is still speaking; it answers with orders. The agent has *answered* when it was
audible after the caller's words began, and is *done* when it was then silent for `quiet_ms` with nothing waiting.
What the agent was already saying when the caller cut in belongs to the old answer until it falls silent or is cut; a
cut also takes back an answer that had begun too early (in a pause of the caller's own sentence). Impossible: two
steps at once, a step taken back, any order after `Leave`.
"""

from dataclasses import dataclass
from typing import TypeAlias, assert_never

from twilio_rt_cli.caller.script import (
    BargeIn,
    Dtmf,
    HangUp,
    Pause,
    Say,
    Script,
    Step,
    Utterance,
    WaitAnswer,
    WaitGreeting,
)

_TICK_MS = 20


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the caller waits."""

    quiet_ms: int = 900
    """silence after which the agent counts as done"""
    answer_s: float = 90.0
    """longest answer"""
    talk_over_ms: int = 2500
    """how long an agent may talk on over the caller"""
    between_keys_ms: int = 300


@dataclass(frozen=True, slots=True)
class Speak:
    """Say this now."""

    utterance: Utterance


@dataclass(frozen=True, slots=True)
class Press:
    """Press this key now."""

    digit: str


@dataclass(frozen=True, slots=True)
class Fail:
    """The call did not go as the script demands."""

    text: str


@dataclass(frozen=True, slots=True)
class Leave:
    """Hang up."""


Order: TypeAlias = Speak | Press | Fail | Leave


class CallerBehaviour:
    """One walk through a script."""

    def __init__(self, script: Script, patience: Patience | None = None) -> None:
        self._script = script
        self._patience = patience or Patience()
        self._index = 0
        self._now = 0.0
        self._entered_at: float | None = None
        self._spoken = False  # the current step's words were ordered
        self._keys_pressed = 0
        self._speaking = False
        self._said = ""
        self._words_over_at = 0.0
        self._old_answer = False  # what is audible now began before the caller's words
        self._audible = False
        self._audible_ms = 0
        self._last_audible_at = 0.0
        self._talked_over_ms = 0
        self._must_cut = False

    def tick(self, now: float, *, audible: bool, more: bool, speaking: bool) -> tuple[Order, ...]:
        """What to do now.

        `audible`: the agent could be heard in the last 20 ms; `more`: there is agent audio left to be heard;
        `speaking`: our own words are not all said.
        """
        self._now = now
        if self._entered_at is None:
            self._entered_at = now
        self._listen(audible=audible, more=more, speaking=speaking)
        orders: list[Order] = list(self._object())
        while (step := self._step()) is not None:
            done, ordered = self._take(step)
            orders += ordered
            if not done:
                break
            self._enter_next()
        return tuple(orders)

    def agent_cut(self) -> None:
        """The server threw away what the agent had left to say: the answer is still to come."""
        self._old_answer = False
        self._audible_ms = 0
        self._must_cut = False

    @property
    def all_said(self) -> bool:
        """Whether nothing of the script's words is left to say: the agent may end the call now."""
        words = any(isinstance(step, Say | BargeIn) for step in self._script[self._index + self._spoken :])
        return not words and not self._speaking

    # Listening

    def _listen(self, *, audible: bool, more: bool, speaking: bool) -> None:
        if self._speaking and not speaking:
            self._words_over_at = self._now
        self._speaking = speaking
        self._audible = audible
        if audible or more:
            self._last_audible_at = self._now
        if self._now - self._last_audible_at > 0.3:
            self._old_answer = False
        if not audible:
            return
        if self._old_answer:
            self._talked_over_ms += _TICK_MS
        else:
            self._audible_ms += _TICK_MS

    def _object(self) -> tuple[Order, ...]:
        """The agent talks on although the caller speaks: said once per interruption."""
        if not self._must_cut or self._talked_over_ms < self._patience.talk_over_ms:
            return ()
        self._must_cut = False
        return (Fail(f"the agent talked on for {self._talked_over_ms} ms when it was interrupted by “{self._said}”"),)

    def _agent_done(self) -> bool:
        """The agent has said something since the caller's words began, and nothing for a while."""
        quiet_since = max(self._last_audible_at, self._words_over_at)
        quiet = not self._speaking and self._now - quiet_since >= self._patience.quiet_ms / 1000
        return quiet and self._audible_ms > 0

    # Walking

    def _step(self) -> Step | None:
        return self._script[self._index] if self._index < len(self._script) else None

    def _enter_next(self) -> None:
        self._index += 1
        self._entered_at = self._now
        self._spoken = False
        self._keys_pressed = 0

    def _elapsed_s(self) -> float:
        return self._now - (self._now if self._entered_at is None else self._entered_at)

    def _take(self, step: Step) -> tuple[bool, tuple[Order, ...]]:
        """Whether the step is done, and what it orders."""
        match step:
            case WaitGreeting():
                return self._wait(step.limit_s, required=step.required, missing="no greeting")
            case WaitAnswer():
                return self._wait(step.limit_s, required=step.required, missing=f"no answer to “{self._said}”")
            case Say():
                return self._say(step.utterance)
            case BargeIn():
                return self._barge_in(step)
            case Dtmf():
                return self._dial(step.digits)
            case Pause():
                return self._elapsed_s() * 1000 >= step.ms, ()
            case HangUp():
                return True, (Leave(),)
            case _:
                assert_never(step)

    def _wait(self, limit_s: float, *, required: bool, missing: str) -> tuple[bool, tuple[Order, ...]]:
        if self._agent_done():
            return True, ()
        waited_s = self._now - max(self._entered_at or 0.0, self._words_over_at)
        if self._audible_ms > 0:
            if waited_s < limit_s + self._patience.answer_s:
                return False, ()
            return True, (Fail(f"the answer to “{self._said}” did not end within {self._patience.answer_s:g} s"),)
        if waited_s < limit_s or (self._audible and waited_s < limit_s + self._patience.answer_s):
            return False, ()
        if not required:
            return True, ()
        self._index = len(self._script)
        return False, (Fail(f"{missing} within {limit_s:g} s"), Leave())

    def _say(self, utterance: Utterance) -> tuple[bool, tuple[Order, ...]]:
        if not self._spoken:
            return False, self._speak(utterance)
        return not self._speaking, ()

    def _barge_in(self, step: BargeIn) -> tuple[bool, tuple[Order, ...]]:
        if self._spoken:
            return self._say(step.utterance)
        if self._audible and self._audible_ms >= step.after_ms:
            self._must_cut = step.must_cut
            return False, self._speak(step.utterance)
        done, orders = self._wait(step.limit_s, required=True, missing=f"no answer to “{self._said}”")
        return (False, self._speak(step.utterance)) if done else (False, orders)

    def _speak(self, utterance: Utterance) -> tuple[Order, ...]:
        self._spoken = self._speaking = True
        self._said = utterance.text
        self._old_answer = self._audible
        self._audible_ms = self._talked_over_ms = 0
        return (Speak(utterance),)

    def _dial(self, digits: str) -> tuple[bool, tuple[Order, ...]]:
        if self._keys_pressed == len(digits):
            self._audible_ms = 0
            return True, ()
        if self._elapsed_s() * 1000 < self._keys_pressed * self._patience.between_keys_ms:
            return False, ()
        self._keys_pressed += 1
        return False, (Press(digits[self._keys_pressed - 1]),)

"""What the caller of a test call does, as data: steps, and the scripts that the command line can ask for. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Utterance:
    """Words to say: the text as people read it, and its µ-law audio."""

    text: str
    audio: bytes


@dataclass(frozen=True, slots=True)
class WaitGreeting:
    """Listens until the agent has greeted. Nothing heard in time: a failure if required, else the script goes on."""

    limit_s: float = 10.0
    required: bool = True


@dataclass(frozen=True, slots=True)
class Say:
    """Speaks, and goes on when the words are said."""

    utterance: Utterance


@dataclass(frozen=True, slots=True)
class WaitAnswer:
    """Listens until the agent has answered and is silent again. Nothing heard in time: as in WaitGreeting."""

    limit_s: float = 20.0
    required: bool = True


@dataclass(frozen=True, slots=True)
class BargeIn:
    """Waits until the answer was audible for `after_ms`, then speaks over it; after a shorter answer simply speaks."""

    utterance: Utterance
    after_ms: int = 1200
    limit_s: float = 20.0
    must_cut: bool = True
    """an agent that talks on over the caller is a failure"""


@dataclass(frozen=True, slots=True)
class Dtmf:
    """Presses keys, one every 300 ms."""

    digits: str


@dataclass(frozen=True, slots=True)
class Pause:
    """Does nothing for a while."""

    ms: int


@dataclass(frozen=True, slots=True)
class HangUp:
    """Ends the call. A script without it stays on the line until the call's time is up."""


Step: TypeAlias = WaitGreeting | Say | WaitAnswer | BargeIn | Dtmf | Pause | HangUp
Script: TypeAlias = tuple[Step, ...]

ASK_FOR_SLOT = "Is there a free appointment on Thursday at two in the afternoon?"
ASK_AT_LENGTH = "What are your opening hours, and what do you charge?"
ASK_OVER_ANSWER = "Sorry, is Friday at ten in the morning free as well?"
GOODBYE = "Thank you very much, goodbye."


def default_script(speak: Callable[[str], bytes]) -> Script:
    """The whole of a call: greeting, a question for the tool, an interruption, goodbye. `speak`: text to µ-law."""

    def utterance(text: str) -> Utterance:
        return Utterance(text, speak(text))

    return (
        WaitGreeting(),
        Say(utterance(ASK_FOR_SLOT)),
        WaitAnswer(),
        Say(utterance(ASK_AT_LENGTH)),
        BargeIn(utterance(ASK_OVER_ANSWER)),
        WaitAnswer(),
        Say(utterance(GOODBYE)),
        WaitAnswer(limit_s=10),
        HangUp(),
    )


def turns_script(turns: Sequence[Utterance]) -> Script:
    """Says the turns one after another and hears each answer.

    The greeting is waited for, not demanded: an agent may wait for the caller to begin.
    """
    said = [step for turn in turns for step in (Say(turn), WaitAnswer())]
    return (WaitGreeting(limit_s=6, required=False), *said, HangUp())


def with_keys(script: Script, digits: str) -> Script:
    """The script with keys pressed after the greeting, and a moment for the agent to say something about it."""
    return (script[0], Dtmf(digits), WaitAnswer(limit_s=3, required=False), *script[1:])


def with_interruptions(script: Script, interjection: Utterance | None = None) -> Script:
    """The script with every answer to words interrupted by the words that follow it.

    The last answer is interrupted by the interjection; what the agent says to that is heard, not demanded.
    """
    steps: list[Step] = []
    for step in script:
        match step:
            case Say() if _answers_words(steps):
                steps[-1] = BargeIn(step.utterance)
            case HangUp() if interjection is not None and _answers_words(steps):
                steps[-1:] = [BargeIn(interjection), WaitAnswer(limit_s=8, required=False), step]
            case _:
                steps.append(step)
    return tuple(steps)


def staying_on(script: Script) -> Script:
    """The script without its hang-up: the caller stays, silent, until the call's time is up."""
    return tuple(step for step in script if not isinstance(step, HangUp))


def _answers_words(steps: Sequence[Step]) -> bool:
    """Whether the steps end with an answer to something the caller said (not to keys)."""
    return len(steps) >= 2 and isinstance(steps[-1], WaitAnswer) and isinstance(steps[-2], Say | BargeIn)

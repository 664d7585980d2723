"""The figures of a call, taken as it goes: how soon the agent answers, how soon it stops, what was heard of it. Pure.

All on the phone's clock and at the phone's ear, so whatever the line adds is in them. A turn begins with the caller.
Its answer begins with the first audible agent audio that arrives after the caller's last sample while nothing older
is left to play; what comes earlier, in a pause of the caller's sentence, starts the answer but gives no figure unless
it is cut. The silence that an answer opens with is part of it: what was heard of a cut answer
counts from its first byte.
Figures in milliseconds are rounded here, once, to tenths: whoever shows them shows the same.
"""

from dataclasses import dataclass

from twilio_rt_cli.audio.rate import PER_S
from twilio_rt_cli.caller.phone import AgentAudio, AgentCut, Spoken

_LONGEST_LEAD_BYTES = PER_S  # a server that sends more silence than a second fills its pauses with it


@dataclass(slots=True)
class Turn:
    """One stretch of the caller's words and the answer to it."""

    text: str
    spoken: Spoken
    answer_at: float | None = None
    answer_position: int | None = None
    """of the answer's first byte among all agent audio played"""
    keys: str = ""
    """what was pressed, of a turn without words"""

    @property
    def v2v_ms(self) -> float | None:
        """From the end of the caller's speech to the first audio of the answer; None of keys, which are no voice."""
        return None if self.answer_at is None or self.keys else tenths(self.answer_at - self.spoken.end_at)


@dataclass(slots=True)
class Interruption:
    """The caller spoke over the agent."""

    onset_at: float
    turn: int
    """number of the turn that speaks over the agent"""
    answer_position: int
    """where the answer that is spoken over began"""
    stop_ms: float | None = None
    """from the onset of the caller's speech to the clear"""
    heard_ms: float | None = None
    """what was played of the answer when the clear was applied"""


def tenths(seconds: float) -> float:
    """Seconds as milliseconds, to a tenth."""
    return round(seconds * 1000, 1)


class Figures:
    """Takes down what happens on one stream."""

    def __init__(self, started_at: float) -> None:
        """`started_at`: when `start` was sent."""
        self._started_at = started_at
        self._answer_position = 0
        self._lead_position: int | None = None  # where silence began that an answer may open with
        self._greeted = False
        self.first_audio_ms: float | None = None
        self.turns: list[Turn] = []
        self.interruptions: list[Interruption] = []

    def caller_spoke(self, text: str, spoken: Spoken, *, over_agent: bool) -> None:
        """The caller says something; `over_agent`: while the agent still had something to say."""
        self._lead_position = None
        self.turns.append(Turn(text, spoken))
        if over_agent:
            turn = len(self.turns) - 1
            self.interruptions.append(Interruption(spoken.onset_at, turn, self._answer_position))

    def key_pressed(self, digit: str, at: float) -> None:
        """The caller presses a key; those before an answer begins are one turn."""
        if not self.turns or not self.turns[-1].keys or self.turns[-1].answer_position is not None:
            self.turns.append(Turn("", Spoken(at, at)))
        turn = self.turns[-1]
        turn.keys += digit
        turn.text = f"(keys {turn.keys})"

    def agent_audio(self, audio: AgentAudio) -> bool:
        """Agent audio arrived; True when an answer, or the greeting, begins with it."""
        if self.first_audio_ms is None:
            self.first_audio_ms = tenths(audio.at - self._started_at)
        position = self._begins(audio)
        if position is None:
            return False
        if not self.turns:
            return self._greeting()
        return self._answer(self.turns[-1], position, audio.at)

    def agent_cut(self, cut: AgentCut) -> Interruption | None:
        """A clear was applied; the interruption that it ends, if it ends one."""
        self._lead_position = None
        if self.turns and self.turns[-1].answer_at is None:
            self.turns[-1].answer_position = None
        latest = self.interruptions[-1] if self.interruptions else None
        if latest is None or latest.stop_ms is not None or latest.turn != len(self.turns) - 1:
            return None
        latest.stop_ms = tenths(cut.cut.at - latest.onset_at)
        latest.heard_ms = tenths((cut.cut.position - latest.answer_position) / PER_S)
        return latest

    def _begins(self, audio: AgentAudio) -> int | None:
        """The first byte of the answer that becomes audible with this audio, if one does."""
        lead, self._lead_position = self._lead_position, None
        if not audio.fresh:
            return None
        if lead is None or audio.position - lead > _LONGEST_LEAD_BYTES:
            lead = audio.position
        if audio.audible:
            return lead
        self._lead_position = lead
        return None

    def _greeting(self) -> bool:
        first, self._greeted = not self._greeted, True
        return first

    def _answer(self, turn: Turn, position: int, at: float) -> bool:
        if turn.answer_position is not None:
            return False
        turn.answer_position = self._answer_position = position
        if at >= turn.spoken.end_at:
            turn.answer_at = at
        return True

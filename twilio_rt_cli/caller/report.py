"""What one simulated call came to: figures, counts, breaches, failures, and the audio of both sides."""

from dataclasses import dataclass, field

from twilio_rt_cli.caller.figures import Figures
from twilio_rt_cli.caller.phone import Phone, PhoneCounters, Violation
from twilio_rt_cli.caller.playout import Cleared
from twilio_rt_cli.errors import TwilioRtError


@dataclass(slots=True)
class TurnReport:
    """The caller's words and what was heard of the answer."""

    caller: str
    v2v_ms: float | None
    audio: bytes
    """the answer as the caller heard it, µ-law; empty when there was none"""
    agent: str | None = None
    """what a recogniser understood of it; None when nobody listened"""


@dataclass(frozen=True, slots=True)
class BargeInReport:
    """The caller spoke over the agent; None: no clear came."""

    stop_ms: float | None
    heard_ms: float | None


@dataclass(slots=True)
class CallReport:
    """One call, from dialling to hanging up. What was not observed is None."""

    call_sid: str
    webhook_ms: float | None = None
    connect_ms: float | None = None
    first_audio_ms: float | None = None
    greeting: TurnReport | None = None
    """what the agent said before the caller first spoke; its `v2v_ms` is None"""
    turns: list[TurnReport] = field(default_factory=list)
    barge_ins: list[BargeInReport] = field(default_factory=list)
    cuts: list[Cleared] = field(default_factory=list)
    """every clear, to the byte"""
    counters: PhoneCounters = field(default_factory=PhoneCounters)
    frames_lost: int = 0
    """frames the simulated line swallowed, both directions"""
    violations: list[Violation] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    trouble: TwilioRtError | None = None
    """why there was no call at all: unreachable, or our credentials were refused; also among the failures"""
    executed: list[str] = field(default_factory=list)
    """TwiML verbs other than the stream, in words, in order"""
    stopped: bool = False
    """we were told to hang up before the script was over; also among the failures"""
    ended: str = ""
    """who ended the call, and why"""
    caller_track: bytes = b""
    """what the caller said, µ-law, from dialling on"""
    agent_track: bytes = b""
    """what the caller heard, on the same clock and of the same length"""

    def answers(self) -> tuple[TurnReport, ...]:
        """Greeting and turns in which the agent was heard."""
        greeting = () if self.greeting is None else (self.greeting,)
        return tuple(answer for answer in (*greeting, *self.turns) if answer.audio)

    def fail(self, text: str) -> None:
        """Notes that the call did not go as it should; the same text once."""
        if text not in self.failures:
            self.failures.append(text)

    def stop(self) -> None:
        """Notes that we hung up before the script was over."""
        self.stopped = True
        self.fail("stopped before the script was over")


def take_down(report: CallReport, phone: Phone, figures: Figures, heard: bytes) -> None:
    """Adds a stream that is over to the report of its call. `heard`: all agent audio that was played, without gaps."""
    report.first_audio_ms = figures.first_audio_ms
    starts = [turn.answer_position for turn in figures.turns]
    begun = [start for start in starts if start is not None]
    if greeting := heard[: begun[0] if begun else len(heard)]:
        report.greeting = TurnReport("", None, greeting)
    for number, turn in enumerate(figures.turns):
        later = [start for start in starts[number + 1 :] if start is not None]
        start = starts[number]
        audio = b"" if start is None else heard[start : later[0] if later else len(heard)]
        report.turns.append(TurnReport(turn.text, turn.v2v_ms, audio))
    report.barge_ins += [BargeInReport(one.stop_ms, one.heard_ms) for one in figures.interruptions]
    report.cuts += phone.cuts
    report.violations += phone.violations
    _add(report.counters, phone.counters)


def _add(total: PhoneCounters, more: PhoneCounters) -> None:
    total.frames_sent += more.frames_sent
    total.frames_received += more.frames_received
    total.marks_received += more.marks_received
    total.marks_echoed += more.marks_echoed

"""How a call stands, for somebody who watches it."""

from dataclasses import dataclass
from typing import Protocol

from twilio_rt_cli.call.figures.statistics import CallStatistics


@dataclass(frozen=True, slots=True)
class CallStatus:
    """What cannot be counted: it is so now."""

    state: str
    """connecting, listening, caller (is speaking), thinking, speaking, tool:NAME, ending or over"""
    buffered_ms: int
    """agent audio received from the model that the caller has not heard yet"""
    at_twilio_ms: int
    """the part of it that was sent to Twilio: sent − heard"""
    overdue_ms: int
    """by how much the next mark is overdue; 0: none is"""


NO_STATUS = CallStatus("over", 0, 0, 0)


class RunningCall(Protocol):
    """A call that runs: its counters are live, and it can be looked at."""

    @property
    def statistics(self) -> CallStatistics: ...

    @property
    def waiting_ms(self) -> float:
        """How long the caller has been waiting for an answer; 0: is not."""

    def status(self) -> CallStatus: ...

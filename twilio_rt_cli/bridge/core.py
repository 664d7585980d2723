"""What a bridge needs of the core of a call."""

from collections.abc import Callable, Sequence
from typing import Protocol

from twilio_rt_cli.call.commands import Command
from twilio_rt_cli.call.events import Event
from twilio_rt_cli.call.figures.statistics import CallStatistics
from twilio_rt_cli.call.figures.status import CallStatus
from twilio_rt_cli.call.notices import CallOver
from twilio_rt_cli.protocol.twilio import Media


class Core(Protocol):
    """A `Call`, or one that somebody stands around: what its methods do is written there."""

    @property
    def statistics(self) -> CallStatistics: ...

    @property
    def passes(self) -> Callable[[Media, Callable[[], float]], bool]: ...

    def receive(self, event: Event, now: float) -> Sequence[Command]: ...
    def waiting_ms(self, now: float) -> float: ...
    def status(self, now: float) -> CallStatus: ...
    def deadline(self) -> float | None: ...
    def break_off(self) -> None: ...
    def over(self, now: float) -> CallOver: ...

"""Barge-ins: the caller speaks over the agent.

An answer ends at the very moment of `speech_started`: its late audio is dropped by response id. What the caller heard
of it is settled when the fence comes back, or its time is up, and only then is the model told.
"""

from collections import deque
from collections.abc import Mapping

from twilio_rt_cli.call.answers import Answer, cut_of
from twilio_rt_cli.call.commands import Command
from twilio_rt_cli.call.figures.statistics import CallStatistics
from twilio_rt_cli.call.generation import Heard
from twilio_rt_cli.call.notices import BargedIn
from twilio_rt_cli.call.playout import Playout
from twilio_rt_cli.protocol.realtime import AudioDelta, ItemId, ResponseId
from twilio_rt_cli.protocol.realtime_client import DeleteItem, TruncateItem


class BargeIns:
    """Those of one call. Marks the answers it interrupts, of those that run."""

    def __init__(self, playout: Playout, answers: Mapping[ResponseId, Answer], statistics: CallStatistics) -> None:
        self._playout = playout
        self._answers = answers
        self._statistics = statistics
        self._stops_ms: deque[float | None] = deque()
        """of each clear that is not settled: how long after the caller's first sound it went out"""
        self._dropped: deque[ResponseId] = deque(maxlen=32)
        self._cut_items: deque[ItemId] = deque(maxlen=64)
        self._playing: ResponseId | None = None

    def playing(self, response_id: ResponseId) -> None:
        """The first audio of this response goes out: it is the one to interrupt, though the model may be done."""
        self._playing = response_id

    def begin(self, active: ResponseId | None, stop_ms: float | None, now: float) -> list[Command]:
        """The caller spoke, so many ms ago: ends the running response and the one being heard."""
        for response_id in {active, self._playing} - {None}:
            self.interrupt(response_id)
        self._playing = None
        if not self._playout.unheard(now) and not (active is not None and self._playout.unfinished):
            return []
        self._statistics.agent_audio_dropped_bytes += self._playout.waiting
        self._stops_ms.append(stop_ms)
        return [*self._playout.clear(now)]

    def interrupt(self, response_id: ResponseId | None) -> None:
        """What still comes of this response is not sent any more."""
        if response_id is None:
            return
        self._dropped.append(response_id)
        if (answer := self._answers.get(response_id)) is not None:
            answer.interrupted = True

    def drops(self, response_id: ResponseId) -> bool:
        """Whether a response was interrupted, of which nothing else is known any more."""
        return response_id in self._dropped

    def drop(self, event: AudioDelta, answer: Answer) -> None:
        """More audio of an interrupted answer came."""
        self._statistics.agent_audio_dropped_bytes += len(event.delta)
        if not self._playout.late_audio(event.item_id) and event.item_id not in self._cut_items:
            answer.late_items.add(event.item_id)

    def settle(self, found: list[Heard]) -> list[Command]:
        """Tell the model what was heard: cut the item being heard, leave those heard to the end, take out the rest."""
        self._cut_items.extend(one.item_id for one in found)
        stop_ms = self._stops_ms.popleft() if self._stops_ms else None
        cuts = tuple(cut_of(one) for one in found if not (one.complete and one.heard >= one.received))
        if not cuts:
            return []
        self._statistics.barge_ins += 1
        if stop_ms is not None:
            self._statistics.barge_in_stop_ms.append(stop_ms)
        first = cuts[0]
        commands: list[Command] = [BargedIn(first.heard_ms, first.received_ms, first.item_id, stop_ms, cuts)]
        for cut in cuts:
            item_id = ItemId(cut.item_id)
            commands.append(TruncateItem(item_id, cut.heard_ms) if cut.heard_ms else DeleteItem(item_id))
        return commands

"""What was said and is not told yet: a running answer of the agent, and turns of the caller not written down."""

from dataclasses import dataclass, field

from twilio_rt_cli.audio.rate import PER_MS
from twilio_rt_cli.call.generation import Heard
from twilio_rt_cli.call.notices import AgentTurn, CallerTurn, ItemCut, SpokenItem
from twilio_rt_cli.protocol.realtime import ItemId, TranscriptDelta, TranscriptDone, TranscriptionCompleted

MOST_UNWRITTEN = 64
"""Turns of the caller whose transcripts are still to come"""


MOST_TEXT = 50_000
"""Characters of one item that are kept, whatever a model writes"""


@dataclass(slots=True)
class Answer:
    """One response while it runs."""

    texts: dict[ItemId, str] = field(default_factory=dict)
    v2v_ms: float | None = None
    spoken_at_ms: float | None = None
    """when its first audio went out, since the call began"""
    interrupted: bool = False
    late_items: set[ItemId] = field(default_factory=set)
    """items of which audio came only after the barge-in: nobody heard anything of them"""

    @property
    def voiced(self) -> bool:
        """Whether any of its audio went out."""
        return self.spoken_at_ms is not None

    def words(self, event: TranscriptDelta) -> None:
        """The next words of an item's audio."""
        text = self.texts.get(event.item_id, "")
        if len(text) < MOST_TEXT:
            self.texts[event.item_id] = text + event.delta

    def written(self, event: TranscriptDone) -> None:
        """An item's whole text."""
        self.texts[event.item_id] = event.transcript[:MOST_TEXT]

    def turn(self) -> AgentTurn | None:
        """What the agent said in it, without words where the model wrote none; None when it made no sound."""
        items = tuple(SpokenItem(item_id, text) for item_id, text in self.texts.items() if text)
        if not items and not self.voiced:
            return None
        text = " ".join(item.text for item in items)
        unheard = tuple(sorted(self.late_items))
        return AgentTurn(text, self.v2v_ms, self.interrupted, self.spoken_at_ms, items, unheard)


class Unwritten:
    """When the caller began each turn that the model has still to write down."""

    def __init__(self) -> None:
        self._began_ms: dict[ItemId, float] = {}

    def began(self, item_id: ItemId, at_ms: float) -> None:
        """The caller began a turn, in ms since the call began; the first word on it counts."""
        if not item_id or item_id in self._began_ms:
            return
        while len(self._began_ms) >= MOST_UNWRITTEN:
            del self._began_ms[next(iter(self._began_ms))]
        self._began_ms[item_id] = at_ms

    def written(self, event: TranscriptionCompleted) -> CallerTurn | None:
        """The turn as it was understood; None for one without words."""
        began_ms, said = self._began_ms.pop(event.item_id, None), event.transcript.strip()
        return CallerTurn(said, event.item_id, began_ms) if said else None


def cut_of(heard: Heard) -> ItemCut:
    """An item that was cut, in ms."""
    return ItemCut(heard.item_id, heard.heard // PER_MS, heard.received // PER_MS)

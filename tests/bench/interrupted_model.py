"""A talker that is interrupted at random moments, and remembers what it had said.

Each answer has one to three items with gaps between them, at a random pace above real time. At a moment drawn before
the answer begins the caller "speaks": `speech_started`, the answer is cancelled as turn detection does it (now and then
after one more delta), the turn ends, and the next answer comes.
"""

import asyncio
import random
import time
from dataclasses import dataclass, field

from picows import WSTransport

from tests.bench.exact_phone import CutWatch, ExactPhone
from tests.bench.model import DELTA_MS, BenchModel, ModelSocket, SpokenItem
from tests.bench.stamps import BYTES_PER_MS
from tests.bench.tally import Tally

MOST_GAP_MS = 1200
PACES = (1.3, 2.0, 4.0, 10.0)
LATE_DELTA = 0.3
"""how often one more delta follows `speech_started`"""
ANSWER_S = 0.1
"""from the end of the caller's turn to the next answer"""


@dataclass(slots=True)
class Interruption:
    """One, with everything that can be known about it."""

    rtt_ms: int
    items: list[SpokenItem]
    numbers: dict[int, str]
    """delta → item"""
    watch: CutWatch
    spoke_at: float
    settled_at: float
    truncated: list[tuple[str, int]] = field(default_factory=list)
    """item and audio_end_ms, as they came"""
    deleted: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


class InterruptedModel(BenchModel):
    """All calls of an exactness run; each is interrupted `each` times."""

    def __init__(self, caller: Tally, agent: Tally, each: int) -> None:
        super().__init__(caller, agent)
        self.each = each
        self.phones: dict[int, ExactPhone] = {}
        self.found: list[Interruption] = []
        self.over = asyncio.Event()
        self._done = 0

    def done(self) -> None:
        """A call has had its interruptions."""
        self._done += 1
        if self._done == len(self.phones):
            self.over.set()


class Interrupted(ModelSocket):
    """One call's model."""

    def __init__(self, model: InterruptedModel) -> None:
        super().__init__(model)
        self._all = model
        self._dice = random.Random()
        self._number = 0
        self._numbers: dict[int, str] = {}
        self._items: list[SpokenItem] = []
        self._stop_at = 0.0
        self._conversation: asyncio.Task[None] | None = None

    def answer(self) -> None:
        """The greeting was asked for: the conversation begins."""
        if self._conversation is None:
            self._conversation = asyncio.get_running_loop().create_task(self._converse())

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        super().on_ws_disconnected(transport)
        if self._conversation is not None:
            self._conversation.cancel()

    async def _converse(self) -> None:
        while self.ears.call is None:  # noqa: ASYNC110  # the first frame is on its way
            await asyncio.sleep(0.02)
        phone = self._all.phones[self.ears.call]
        self._dice = random.Random(self.ears.call)
        for _ in range(self._all.each):
            await self._answer(phone.rtt_s)
            await self._interrupt(phone)
        self._all.done()

    async def _answer(self, rtt_s: float) -> None:
        """Speak until the moment of the interruption."""
        dice = self._dice
        lengths_ms = [dice.randint(20, 150) * 20 for _ in range(dice.randint(1, 3))]
        gaps_ms = [0.0, *(dice.uniform(0, MOST_GAP_MS) for _ in lengths_ms[1:])]
        pace = dice.choice(PACES)
        longest_s = 0.2 + rtt_s / 2 + (sum(lengths_ms) + sum(gaps_ms) / 2) / 1000
        self._stop_at = time.monotonic() + dice.uniform(0.05, longest_s)
        self._numbers, self._items = {}, []
        response_id = self.begin_response()
        for gap_ms, length_ms in zip(gaps_ms, lengths_ms, strict=True):
            if not (await self._pause(gap_ms / 1000) and await self._speak(response_id, length_ms, pace)):
                return
        self.end_response("completed")
        await self._pause(60)

    async def _speak(self, response_id: str, length_ms: int, pace: float) -> bool:
        """One item; False when the moment came before its end."""
        item = self.begin_item(response_id)
        self._items.append(item)
        while length_ms:
            delta_ms = min(length_ms, DELTA_MS)
            length_ms -= delta_ms
            self._say_delta(item, delta_ms)
            if not await self._pause(delta_ms / 1000 / pace):
                return False
        ids = {"response_id": response_id, "item_id": item.item_id, "output_index": 0, "content_index": 0}
        self.say("response.output_audio.done", **ids)
        self.say("response.output_audio_transcript.done", transcript="and so on", **ids)
        item.complete = True
        return True

    def _say_delta(self, item: SpokenItem, delta_ms: int) -> None:
        self._numbers[self._number] = item.item_id
        self.speak(item, self._number, delta_ms * BYTES_PER_MS)
        self._number += 1

    async def _pause(self, seconds: float) -> bool:
        """Wait; False when the moment of the interruption came."""
        left_s = self._stop_at - time.monotonic()
        await asyncio.sleep(max(0.0, min(seconds, left_s)))
        return seconds < left_s

    async def _interrupt(self, phone: ExactPhone) -> None:
        """The caller speaks; keep what came of it."""
        before = len(self.truncated), len(self.deleted), len(self.refused)
        watch = phone.watch = CutWatch(self._number - 1)
        caller_item = f"item_caller_{self.next_serial()}"
        spoke_at = time.monotonic()
        self.say("input_audio_buffer.speech_started", audio_start_ms=0, item_id=caller_item)
        unfinished = self.active is not None and self._items and not self._items[-1].complete
        if unfinished and self._dice.random() < LATE_DELTA:
            self._say_delta(self._items[-1], 60)
            watch.last_number = self._number - 1
        self.end_response("cancelled")
        await asyncio.sleep(phone.rtt_s / 2 + 0.005)
        if watch.truth is None:
            watch.unheard_ms = phone.unheard_ms()
        await asyncio.sleep(0.25 + 2.5 * phone.rtt_s)
        found = Interruption(round(phone.rtt_s * 1000), self._items, self._numbers, watch, spoke_at, time.monotonic())
        found.truncated = self.truncated[before[0] :]
        found.deleted = self.deleted[before[1] :]
        found.refused = self.refused[before[2] :]
        self._all.found.append(found)
        self.say("input_audio_buffer.speech_stopped", audio_end_ms=500, item_id=caller_item)
        self.say("input_audio_buffer.committed", item_id=caller_item, previous_item_id=None)
        await asyncio.sleep(ANSWER_S)

"""The scripted model of a soak: what it says in a short call, and how it chats in a long one."""

import random
from typing import Any

from picows import WSListener, WSTransport

from tests.bench.model import DELTA_MS, BenchModel, ModelSocket, Pace, SpokenItem
from tests.bench.stamps import BYTES_PER_MS
from tests.bench.tally import Tally
from tests.soak.endings import Stage
from tests.soak.lines import Line, Owner
from tests.soak.short_call import ShortCall

GREETING_DELTAS = 4
"""800 ms, sent at once: something is left to be heard when a short call ends"""
REST_BEATS = 4
"""from the end of the caller's turn to the next answer, in beats of 200 ms"""
TOOLS = ("wait_on_loop", "wait_in_thread")


class SoakModel(BenchModel):
    """Everything that dials in. Short calls are entered in `short` while they live; all others chat."""

    def __init__(self, seed: int) -> None:
        super().__init__(Tally(), Tally())
        self.dice = random.Random(seed)
        self.short: dict[int, ShortCall] = {}
        self.lines: set[Line] = set()
        self.refused: dict[str, int] = {}
        """errors that chats had to be answered with"""
        self.interruptions = 0

    # The switchboard of the port

    def owner_of(self, number: int) -> Owner:
        return _Entered(self.lines, self.short.get(number))

    def talker_for(self, number: int, line: Line) -> WSListener | None:
        call = self.short.get(number)
        if call is None:
            return Chat(self, line, number)
        return None if call.ending.stage is Stage.DIALLING else ShortTalk(self, line, call)


class _Entered:
    """A line in the model's own book, and in its call's."""

    def __init__(self, lines: set[Line], call: ShortCall | None) -> None:
        self._lines = lines
        self._call = call

    def line_made(self, line: Line) -> None:
        self._lines.add(line)
        if self._call is not None:
            self._call.line_made(line)

    def line_dialled(self, line: Line) -> None:
        if self._call is not None:
            self._call.line_dialled(line)

    def line_lost(self, line: Line) -> None:
        self._lines.discard(line)
        if self._call is not None:
            self._call.line_lost(line)


class Talk(ModelSocket):
    """What both kinds of calls say."""

    def __init__(self, model: SoakModel, line: Line, number: int) -> None:
        super().__init__(model)
        self._line = line
        self.ears.call = number
        self._deltas = 0
        line.talker = self

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._line.ws = transport
        super().on_ws_connected(transport)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self._line.ws = None
        self.model.sockets.remove(self)
        super().on_ws_disconnected(transport)

    def say_delta(self, item: SpokenItem) -> None:
        """200 ms more."""
        self.speak(item, self._deltas, DELTA_MS * BYTES_PER_MS)
        self._deltas += 1

    def end_item(self, item: SpokenItem) -> None:
        """Nothing more of this one."""
        ids = {"response_id": item.response_id, "item_id": item.item_id, "output_index": 0, "content_index": 0}
        self.say("response.output_audio.done", **ids)
        self.say("response.output_audio_transcript.done", transcript="and so on", **ids)
        item.complete = True

    def barge_in(self) -> None:
        """The caller speaks: turn detection cancels what runs."""
        item_id = f"item_caller_{self.next_serial()}"
        self.say("input_audio_buffer.speech_started", audio_start_ms=0, item_id=item_id)
        self.stop_speaking()
        self.end_response("cancelled")

    def end_turn(self) -> None:
        """The caller stopped."""
        item_id = f"item_caller_{self.next_serial()}"
        self.say("input_audio_buffer.speech_stopped", audio_end_ms=500, item_id=item_id)
        self.say("input_audio_buffer.committed", item_id=item_id, previous_item_id=None)

    def call_tool(self, name: str) -> None:
        """A response that wants this tool."""
        response_id = self.begin_response()
        ids = {"id": f"item_{self.next_serial()}", "call_id": f"call_{self.next_serial()}"}
        item = {**ids, "type": "function_call", "status": "completed", "name": name, "arguments": "{}"}
        self.say("response.output_item.added", response_id=response_id, output_index=0, item=item)
        self.say("response.output_item.done", response_id=response_id, output_index=0, item=item)
        self.end_response("completed")


class ShortTalk(Talk):
    """As far as the call's stage wants it."""

    def __init__(self, model: SoakModel, line: Line, call: ShortCall) -> None:
        super().__init__(model, line, call.number)
        self._of = call

    def agree(self, session: dict[str, Any]) -> None:
        if self._of.ending.stage is Stage.CONFIGURING:
            self._of.at(Stage.CONFIGURING)
        else:
            super().agree(session)

    def answer(self) -> None:
        if self._of.ending.stage is Stage.TOOL_RUNS:
            self.call_tool(self._of.dice.choice(TOOLS))
            self._of.at(Stage.TOOL_RUNS)
        elif self._of.ending.stage is Stage.CALLER_SPEAKS:
            self._greet(1)
            self.barge_in()
            self._of.at(Stage.CALLER_SPEAKS)
        else:
            self._greet(GREETING_DELTAS)

    def _greet(self, deltas: int) -> None:
        item = self.begin_item(self.begin_response())
        for _ in range(deltas):
            self.say_delta(item)


class Chat(Talk):
    """Two to eight seconds of answer, which the caller interrupts or hears out; a pause; the next answer, or a tool."""

    def __init__(self, model: SoakModel, line: Line, number: int) -> None:
        super().__init__(model, line, number)
        self._of_all = model
        self._pace = Pace(model.lead_deltas)
        self._item: SpokenItem | None = None
        self._left = 0
        """deltas of this answer"""
        self._rest = 0
        """beats until the server answers the caller; 0: it waits for somebody to ask"""
        self._cut_short = False

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        super().on_ws_disconnected(transport)
        self.model.beat.leave(self)
        for code in self.refused:
            self._of_all.refused[code] = self._of_all.refused.get(code, 0) + 1

    def agree(self, session: dict[str, Any]) -> None:
        super().agree(session)
        self.model.beat.join(self)

    def answer(self) -> None:
        self._rest = 0
        self._left = self._of_all.dice.randint(10, 40)
        self._cut_short = self._of_all.dice.random() < 0.5
        self._item = self.begin_item(self.begin_response())

    def stop_speaking(self) -> None:
        self._item = None

    def beat(self) -> None:
        if self._item is not None:
            self._go_on(self._item)
        elif self._rest:
            self._rest -= 1
            if not self._rest:
                self._next()

    def _go_on(self, item: SpokenItem) -> None:
        for _ in range(min(self._pace.due(), self._left)):
            self.say_delta(item)
            self._left -= 1
        if self._left:
            return
        if self._cut_short:
            self._of_all.interruptions += 1
            self.barge_in()
        else:
            self.end_item(item)
            self.end_response("completed")
        self._item = None
        self.end_turn()
        self._rest = REST_BEATS

    def _next(self) -> None:
        if self._of_all.dice.random() < 0.2:
            self.call_tool(self._of_all.dice.choice(TOOLS))  # the bridge asks for an answer when it is back
        else:
            self.answer()

"""The function calls of each response: run in parallel, answered together when the last one is back.

A call is answered even when its response was interrupted: the conversation must not keep a question without an
answer. All answers of one response become items at once; then one response is wanted for them (`turns` decides when).
"""

from dataclasses import dataclass, field

from twilio_rt_cli.call.events import ToolFinished
from twilio_rt_cli.protocol.realtime import Item, ItemId, ResponseId, ToolCallId
from twilio_rt_cli.protocol.realtime_client import CreateItem, FunctionCallOutput


@dataclass(slots=True)
class Batch:
    """The calls of one response."""

    calls: dict[ToolCallId, str] = field(default_factory=dict)
    """tool call → tool name, in the order the model made them"""
    outputs: dict[ToolCallId, str] = field(default_factory=dict)
    response_done: bool = False
    interrupted: bool = False

    @property
    def ready(self) -> bool:
        """Whether all answers are there and no further call can come."""
        return self.response_done and len(self.outputs) == len(self.calls)


@dataclass(frozen=True, slots=True)
class Answers:
    """Items to add to the conversation, and whether a response is wanted for them."""

    items: tuple[CreateItem, ...]
    wanted: bool


NO_ANSWERS = Answers((), wanted=False)


class ToolCalls:
    """All function calls of a call that were not answered yet."""

    def __init__(self) -> None:
        self._batches: dict[ResponseId, Batch] = {}
        self._seen: set[ToolCallId] = set()
        self._items = 0

    @property
    def running(self) -> str:
        """Name of the tool that has been running longest; empty when none does."""
        for batch in self._batches.values():
            for tool_call_id, name in batch.calls.items():
                if tool_call_id not in batch.outputs:
                    return name
        return ""

    def begin(self, response_id: ResponseId, item: Item) -> bool:
        """The model called a tool; False for what must not run: a call cut short, or one that is known already."""
        # A cut-off call holds half of its arguments. Some servers of the same shape leave the status out.
        whole = item.status not in ("incomplete", "in_progress")
        runnable = item.type == "function_call" and whole and item.call_id and item.name
        if not runnable or item.call_id is None or item.call_id in self._seen:
            return False
        self._seen.add(item.call_id)
        self._batches.setdefault(response_id, Batch()).calls[item.call_id] = item.name or ""
        return True

    def finished(self, event: ToolFinished) -> tuple[str, Answers]:
        """A tool is back. Answers its name, and what to add if it was the last one of its response."""
        for response_id, batch in self._batches.items():
            if event.tool_call_id in batch.calls:
                batch.outputs[event.tool_call_id] = event.output
                return batch.calls[event.tool_call_id], self._answers(response_id)
        return "", NO_ANSWERS

    def response_done(self, response_id: ResponseId, *, interrupted: bool) -> Answers:
        """A response ended: no further call of it comes. Answers what to add if all are back."""
        batch = self._batches.get(response_id)
        if batch is None:
            return NO_ANSWERS
        batch.response_done = True
        batch.interrupted = interrupted
        return self._answers(response_id)

    def _answers(self, response_id: ResponseId) -> Answers:
        batch = self._batches[response_id]
        if not batch.ready:
            return NO_ANSWERS
        del self._batches[response_id]
        items = tuple(self._item(tool_call_id, batch.outputs[tool_call_id]) for tool_call_id in batch.calls)
        return Answers(items, wanted=not batch.interrupted)

    def _item(self, tool_call_id: ToolCallId, output: str) -> CreateItem:
        self._items += 1
        return CreateItem(
            FunctionCallOutput(id=ItemId(f"item_tool_{self._items}"), call_id=tool_call_id, output=output)
        )

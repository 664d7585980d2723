"""Whose turn it is, and when our own `response.create` may be sent.

The server creates responses too: after each caller's turn (turn detection). Only one may run at a time. So whoever
wants a response (the greeting, the answer to a tool, a pressed key) says so here, and one request goes out when the
line is free: no response runs, none was asked for, and the caller is neither speaking nor about to be answered.

A request that meets a response of the server's is refused with `conversation_already_has_active_response`, matched by
event_id; what it wanted is kept, and asked for again after `response.done` if it is still wanted. A response
satisfies a wish about items if it was created after all of them were added to the conversation: the server says both
in one order.
"""

from dataclasses import dataclass, field

from msgspec import UNSET

from twilio_rt_cli.protocol.realtime import ItemId, ResponseId
from twilio_rt_cli.protocol.realtime_client import CreateResponse, ResponseOverrides

ANSWER_DUE_S = 3.0
"""How long after the caller's turn the server may take to create its response before we believe that none comes"""
REQUEST_DUE_S = 10.0
"""How long a request of ours may stay unanswered before the model counts as stalled"""


@dataclass(slots=True)
class Wish:
    """Somebody wants a response."""

    items: frozenset[ItemId] = frozenset()
    """items it must have seen"""
    instructions: str | None = None
    opening: bool = False
    """a greeting: not wanted any more once the caller has spoken"""


@dataclass(slots=True)
class Request:
    """A `response.create` on its way."""

    event_id: str
    wishes: list[Wish]
    due_at: float
    taken_by: ResponseId | None = None
    """a response that began since; ours unless a refusal follows"""


@dataclass(slots=True)
class Turns:
    """The arbiter of one call."""

    active: ResponseId | None = None
    caller_speaking: bool = False
    _answer_due_at: float | None = None
    _request: Request | None = None
    _wishes: list[Wish] = field(default_factory=list)
    _added: set[ItemId] = field(default_factory=set)
    _asked: int = 0

    @property
    def agent_busy(self) -> bool:
        """Whether a response runs or was asked for."""
        return self.active is not None or self._request is not None

    def want(self, wish: Wish, now: float) -> list[CreateResponse]:
        """Ask for a response, now or when the line is free."""
        self._wishes.append(wish)
        return self._ask(now)

    def speech_started(self) -> None:
        """The caller speaks: the server will answer that, and a greeting is late."""
        self.caller_speaking = True
        self._wishes = [wish for wish in self._wishes if not wish.opening]

    def speech_stopped(self, now: float) -> None:
        """The caller stopped: the server's response is due."""
        self.caller_speaking = False
        self._answer_due_at = now + ANSWER_DUE_S

    def item_added(self, item_id: ItemId) -> None:
        """The server has put an item into the conversation."""
        if self._waits_for(item_id):
            self._added.add(item_id)

    def created(self, response_id: ResponseId) -> bool:
        """A response began, whoever asked for it. Whether it is one of ours that came while the caller speaks."""
        self.active = response_id
        self._answer_due_at = None
        self._wishes = [wish for wish in self._wishes if not wish.items or not wish.items <= self._added]
        self._added = {item for item in self._added if self._waits_for(item)}
        if self._request is not None and self._request.taken_by is None:
            self._request.taken_by = response_id
            return self.caller_speaking
        self.caller_speaking = False  # the server answers the caller: the turn is over, said or not
        return False

    def done(self, response_id: ResponseId, now: float) -> list[CreateResponse]:
        """A response ended."""
        if self._request is not None and self._request.taken_by == response_id:
            self._request = None
        if self.active == response_id:
            self.active = None
        return self._ask(now)

    def refused(self, event_id: str | None, now: float) -> list[CreateResponse] | None:
        """Our request met another response; None when it was not ours. What it wanted is kept for later."""
        request = self._request
        if request is None or request.event_id != event_id:
            return None
        self._request = None
        kept = [wish for wish in request.wishes if not (wish.opening and self.caller_speaking)]
        self._wishes = kept + self._wishes
        return self._ask(now)

    def failed(self, event_id: str | None) -> bool:
        """Our request was refused for another reason; whether it was ours."""
        if self._request is None or self._request.event_id != event_id:
            return False
        self._request = None
        return True

    def deadline(self) -> float | None:
        """When to call `wake`."""
        times = [self._answer_due_at] if self._answer_due_at is not None and self._wishes else []
        if self._request is not None and self._request.taken_by is None:
            times.append(self._request.due_at)
        return min(times, default=None)

    def wake(self, now: float) -> tuple[list[CreateResponse], bool]:
        """Time passed. Answers what to ask for now, and whether the model left a request without any answer."""
        request = self._request
        stalled = request is not None and request.taken_by is None and request.due_at <= now
        if self._answer_due_at is not None and self._answer_due_at <= now:
            self._answer_due_at = None
        return self._ask(now), stalled

    def _ask(self, now: float) -> list[CreateResponse]:
        busy = self.agent_busy or self.caller_speaking or self._answer_due_at is not None
        if busy or not self._wishes:
            return []
        first, *rest = self._wishes
        # Wishes about items are met by one response; one with words of its own needs a response of its own.
        together = [first] if first.instructions else [first, *(wish for wish in rest if not wish.instructions)]
        self._wishes = [wish for wish in self._wishes if wish not in together]
        self._asked += 1
        self._request = Request(f"ask_{self._asked}", together, now + REQUEST_DUE_S)
        overrides = ResponseOverrides(instructions=first.instructions) if first.instructions else UNSET
        return [CreateResponse(event_id=self._request.event_id, response=overrides)]

    def _waits_for(self, item_id: ItemId) -> bool:
        wishes = self._wishes + (self._request.wishes if self._request else [])
        return any(item_id in wish.items for wish in wishes)

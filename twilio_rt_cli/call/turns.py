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
SILENCE_S = 30.0
"""How long a response may run without a sign of life, and how long we believe in a caller's turn that never ends"""
RETRY_S = 0.5
MOST_REFUSALS = 5
"""So many refusals in a row, with no response begun in between, are a stalled model"""


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
    stirred_at: float = 0.0
    """when the model last said anything of the running response"""
    _speech_due_at: float | None = None
    _answer_due_at: float | None = None
    _retry_at: float | None = None
    _refusals: int = 0
    _request: Request | None = None
    _wishes: list[Wish] = field(default_factory=list)
    _added: set[ItemId] = field(default_factory=set)
    _asked: int = 0

    @property
    def answering(self) -> bool:
        """Whether a response runs, or one is due after the caller's turn."""
        return self.active is not None or self._answer_due_at is not None

    def want(self, wish: Wish, now: float) -> list[CreateResponse]:
        """Ask for a response, now or when the line is free."""
        self._wishes.append(wish)
        return self._ask(now)

    def speech_started(self, now: float) -> None:
        """The caller speaks: the server will answer that, and a greeting is late."""
        self.caller_speaking = True
        self._speech_due_at = now + SILENCE_S
        self._wishes = [wish for wish in self._wishes if not wish.opening]
        if self._request is not None:
            self._request.wishes = [wish for wish in self._request.wishes if not wish.opening]

    def speech_stopped(self, now: float) -> None:
        """The caller stopped, or the turn was committed: the server's response is due."""
        self.caller_speaking = False
        self._speech_due_at = None
        self._answer_due_at = now + ANSWER_DUE_S

    def item_added(self, item_id: ItemId) -> None:
        """The server has put an item into the conversation."""
        if self._waits_for(item_id):
            self._added.add(item_id)

    def created(self, response_id: ResponseId, now: float) -> bool:
        """A response began, whoever asked for it. Whether it is one of ours that came while the caller speaks."""
        self.active = response_id
        self.stirred_at = now
        self._answer_due_at = self._retry_at = None
        self._refusals = 0
        self._wishes = [wish for wish in self._wishes if not wish.items or not wish.items <= self._added]
        self._added = {item for item in self._added if self._waits_for(item)}
        if self._request is not None and self._request.taken_by is None:
            self._request.taken_by = response_id
            return self.caller_speaking
        self.caller_speaking = False  # the server answers the caller: the turn is over, said or not
        self._speech_due_at = None
        return False

    def done(self, response_id: ResponseId, now: float) -> list[CreateResponse]:
        """A response ended."""
        if self._request is not None and self._request.taken_by == response_id:
            self._request = None
        if self.active == response_id:
            self.active = None
        return self._ask(now)

    def wish_of(self, response_id: ResponseId) -> Wish:
        """What a response was asked for, to ask for it once more; anything, if the server began it."""
        request = self._request
        asked = request.wishes if request is not None and request.taken_by == response_id else []
        return asked[0] if asked else Wish()

    def refused(self, event_id: str | None, now: float) -> bool:
        """Our request was not taken: what it wanted is kept for later. Whether it was ours.

        It is sent again after `response.done` of the response that it met, or, with none running, after a moment.
        """
        request = self._request
        if request is None or request.event_id != event_id:
            return False
        self._request = None
        self._wishes = request.wishes + self._wishes
        self._refusals += 1
        if self.active is None:
            self._retry_at = now + RETRY_S
        return True

    def deadline(self) -> float | None:
        """When to call `wake`."""
        times = [self.stirred_at + SILENCE_S] if self.active is not None else []
        if self._wishes:
            times += [at for at in (self._answer_due_at, self._speech_due_at, self._retry_at) if at is not None]
        if self._request is not None and self._request.taken_by is None:
            times.append(self._request.due_at)
        return min(times, default=None)

    def wake(self, now: float) -> tuple[list[CreateResponse], bool]:
        """Time passed. Answers what to ask for now, and whether the model has fallen silent."""
        request = self._request
        unanswered = request is not None and request.taken_by is None and request.due_at <= now
        silent = self.active is not None and self.stirred_at + SILENCE_S <= now
        if self._answer_due_at is not None and self._answer_due_at <= now:
            self._answer_due_at = None
        if self._retry_at is not None and self._retry_at <= now:
            self._retry_at = None
        if self._speech_due_at is not None and self._speech_due_at <= now:
            self.caller_speaking, self._speech_due_at = False, None
        return self._ask(now), unanswered or silent or self._refusals > MOST_REFUSALS

    def _ask(self, now: float) -> list[CreateResponse]:
        agent_busy = self.active is not None or self._request is not None
        waiting = self._answer_due_at is not None or self._retry_at is not None
        if agent_busy or self.caller_speaking or waiting or not self._wishes:
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

"""How a server stops: no new calls, the current ones may end, then it is over. Time is an argument.

    serving ──asked──► draining ──last call over, or its time up──► over
                          └─────────asked again─────────────────► over, forced

At the deadline calls are ended; what was queued for their callers is heard, and callers may still ask what next. So it
takes a little longer than `drain_s` at most. A server that is over can not be asked any more.
"""

import asyncio
from math import inf

from twilio_rt_cli.call.figures.end_reason import EndReason
from twilio_rt_cli.output.words import plural
from twilio_rt_cli.server.admission.notices import Draining
from twilio_rt_cli.server.admission.registry import Registry
from twilio_rt_cli.server.config import ServerConfig
from twilio_rt_cli.server.context import Publish, log

_LAST_WORDS_S = 5.0
"""from the deadline until every stream must be over: what is queued is heard, then come the goodbyes"""


class Drain:
    """One per server."""

    def __init__(self, config: ServerConfig, registry: Registry, publish: Publish) -> None:
        self._config = config
        self._registry = registry
        self._publish = publish
        self.began = asyncio.Event()
        self.over = asyncio.Event()
        self.forced = False
        """whether it was asked twice"""
        self._ends_at = inf

    def ask(self, now: float) -> None:
        """Begin, as at a first signal; or, when it has begun, end everything at once."""
        if self.over.is_set():
            return
        if self.began.is_set():
            log.warning("second signal: ending %s now", plural(self._registry.places, "call"))
            self.forced = True
            self.over.set()
            return
        self._registry.drain(now)
        self.began.set()
        self._ends_at = now + self._config.drain_s
        self._publish(Draining(self._registry.places, self._config.drain_s))
        self.look(now)

    def look(self, now: float) -> None:
        """Go on with it, if it has begun. To be called every now and then."""
        if not self.began.is_set():
            return
        if now >= self._ends_at:
            self._registry.end_all(EndReason.DRAINED, now)
        patience_s = _LAST_WORDS_S + self._config.tail_s if self._config.drain_s else 0.0
        if not self._registry.places or now >= self._ends_at + patience_s:
            self.over.set()

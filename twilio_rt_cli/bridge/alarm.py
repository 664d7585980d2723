"""One timer of a call, for the next moment at which it wants to be woken."""

import asyncio
from collections.abc import Callable


class Alarm:
    """Rings once at the time it was set to last. Make it on the running loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._off = False

    def set(self, at: float | None, ring: Callable[[], None]) -> None:
        """Ring at this moment of the loop's clock and at no other; None: not at all."""
        if self._timer is not None:
            if at == self._timer.when():
                return
            self._timer.cancel()
        self._timer = None if at is None or self._off else self._loop.call_at(at, self._rings, ring)

    def stop(self) -> None:
        """Never ring again."""
        self._off = True
        if self._timer is not None:
            self._timer.cancel()

    def _rings(self, ring: Callable[[], None]) -> None:
        self._timer = None
        ring()

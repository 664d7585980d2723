"""What the disk did not take: counted, and logged once for each call until records are kept again."""

import logging
from collections.abc import Iterable

_MOST_WARNED = 10_000

log = logging.getLogger("twilio_rt.records")


class Losses:
    """How much was lost since the start. Each of its two counters is changed by one side alone."""

    def __init__(self) -> None:
        self._turned_away = 0  # by who puts something in
        self._unwritten = 0  # by the writer's thread
        self._warned: set[str] = set()
        self._logged = 0

    @property
    def count(self) -> int:
        """All that was lost."""
        return self._turned_away + self._unwritten

    def turned_away(self, call_sid: str) -> None:
        """There was no room for something of this call."""
        self._turned_away += 1
        self.warn({call_sid}, "too much waits for the disk")

    def unwritten(self, count: int) -> None:
        """So many could not be written."""
        self._unwritten += count

    def warn(self, call_sids: Iterable[str], why: str) -> None:
        """Once for each call, until records are kept again."""
        if len(self._warned) > _MOST_WARNED:
            return
        for call_sid in set(call_sids) - self._warned:
            self._warned.add(call_sid)
            log.warning("call records cannot be written: %s", why, extra={"call": call_sid} if call_sid else {})

    def kept_again(self) -> None:
        """Something was written; if a warning said that it could not be, this is logged."""
        if self._warned:
            lost = self.count - self._logged
            self._logged = self.count
            self._warned.clear()
            log.warning("call records are kept again; %d entries were lost", lost)

    def log_the_rest(self) -> None:
        """Nothing more will be written: log how much was lost, unless that was done."""
        if self.count > self._logged:
            log.warning("call records: %d entries were lost", self.count)

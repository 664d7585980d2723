"""How much attention a refused stranger gets: a leaky bucket per address. Pure; time is an argument.

Only refusals fill it, so a valid request from the same address (behind a tunnel all share one) is never slowed down.
"""

from dataclasses import dataclass

_ADDRESSES = 4096


@dataclass(slots=True)
class _Bucket:
    level: float
    at: float


class RefusalLimiter:
    """Counts refusals per address; at most `burst` at once and `per_s` a second get a full check and a log line."""

    def __init__(self, burst: int = 200, per_s: float = 20.0) -> None:
        self._burst = burst
        self._per_s = per_s
        self._buckets: dict[str, _Bucket] = {}

    def exceeded(self, address: str, now: float) -> bool:
        """Whether this address was refused too often."""
        bucket = self._buckets.get(address)
        return bucket is not None and self._level(bucket, now) >= self._burst

    def count(self, address: str, now: float) -> None:
        """One refusal more."""
        bucket = self._buckets.pop(address, None) or _Bucket(0.0, now)
        bucket.level = min(self._level(bucket, now) + 1, self._burst + 1)
        bucket.at = now
        self._buckets[address] = bucket  # last in order, so that the first is the one not seen for longest
        if len(self._buckets) > _ADDRESSES:
            del self._buckets[next(iter(self._buckets))]

    def sweep(self, now: float) -> None:
        """Forget addresses whose bucket has run empty."""
        for address in [one for one, bucket in self._buckets.items() if self._level(bucket, now) == 0.0]:
            del self._buckets[address]

    def __len__(self) -> int:
        return len(self._buckets)

    def _level(self, bucket: _Bucket, now: float) -> float:
        return max(0.0, bucket.level - (now - bucket.at) * self._per_s)

"""Who is let in, who is not, and what calls on the line feel of it: refusals, then squatters."""

from dataclasses import dataclass
from typing import Any

from tests.bench.refusals import Refusals, refusals
from tests.bench.squatters import Squatting, squatters


@dataclass(frozen=True, slots=True)
class Admission:
    """Both."""

    refusals: Refusals
    squatting: Squatting

    def table(self) -> str:
        """For people."""
        return self.refusals.table() + self.squatting.table()

    def as_json(self) -> dict[str, Any]:
        """For scripts."""
        parts = {"refusals": self.refusals.as_json(), "squatters": self.squatting.as_json()}
        return {"right": all(part["right"] for part in parts.values()), **parts}


async def admission() -> Admission:
    """One after the other."""
    return Admission(await refusals(), await squatters())

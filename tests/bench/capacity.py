"""How many calls one core carries: N is raised until p99 passes the limit, or the generator's own core is full."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.bench.bridge_process import Candidate
from tests.bench.load import Figures, Load

LIMIT_MS = 20.0
GENERATOR_FULL = 0.90
STEP = 50
MOST = 1000
TRIES = 2
"""a step that fails is tried once more: somebody else may have had the core"""


@dataclass(frozen=True, slots=True)
class Capacity:
    """What was found."""

    candidate: Candidate
    calls: int
    """the last step that held"""
    limited_by_generator: bool
    steps: tuple[Figures, ...]

    def __str__(self) -> str:
        least = f"at least {self.calls}, generator-limited" if self.limited_by_generator else str(self.calls)
        last = next((step for step in self.steps if step.calls == self.calls), None)
        at = f" (p99 {last.worst_p99:.1f} ms, {100 * last.bridge.busy:.0f} % of its core)" if last else ""
        return f"{self.candidate.value}: {least} calls on one core with p99 under {LIMIT_MS:.0f} ms{at}"


Run = Callable[[Sequence[Candidate], Load], list[Figures]]
"""Measures, and lets somebody see it"""


def capacity(candidate: Candidate, first: int, turns: int, run: Run) -> Capacity:
    """Raise the number of calls from `first` on."""
    held, steps, calls = 0, [], first
    while calls <= MOST:
        found = _best(candidate, Load(calls=calls, turns=turns), run)
        steps.append(found)
        if found.generator.busy > GENERATOR_FULL:
            return Capacity(candidate, held, True, tuple(steps))
        if found.worst_p99 > LIMIT_MS or not found.faithful:
            break
        held, calls = calls, calls + STEP
    return Capacity(candidate, held, False, tuple(steps))


def _best(candidate: Candidate, load: Load, run: Run) -> Figures:
    tries = []
    for _ in range(TRIES):
        (found,) = run([candidate], load)
        tries.append(found)
        if found.worst_p99 <= LIMIT_MS and found.faithful:
            break
    return min(tries, key=lambda one: one.worst_p99)

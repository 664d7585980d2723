"""Whether an interruption was cut as it should have been: what was played at the clear against what the model was told.

Near an item's boundary, within 45 ms, either neighbour is right: so exact nobody can be about a buffer on the other
side of a line. Farther from it one answer is right: the item being heard is truncated, items heard to their end are
left, items never heard are deleted (or truncated at 0).
"""

from dataclasses import dataclass, field

from tests.bench.interrupted_model import Interruption
from tests.bench.stamps import BYTES_PER_MS

NEAR_MS = 45.0


@dataclass(frozen=True, slots=True)
class Part:
    """One item in the order of play, in ms."""

    item_id: str
    start: float
    end: float
    heard: float
    complete: bool


@dataclass(slots=True)
class Verdict:
    """What is to be said of one interruption."""

    errors_ms: list[float] = field(default_factory=list)
    """audio_end_ms less what was heard"""
    faults: list[str] = field(default_factory=list)


def judge(one: Interruption) -> Verdict:
    """The verdict; without errors and faults when there was nothing to cut."""
    verdict = Verdict()
    verdict.faults += [f"refused: {code}" for code in one.refused]
    if one.watch.media_after_clear:
        verdict.faults.append("audio of the cut answer after the clear")
    truth = one.watch.truth
    if truth is None:
        if one.watch.unheard_ms > NEAR_MS:
            verdict.faults.append("no clear")
        return verdict
    truncated = dict(one.truncated)
    if len(truncated) < len(one.truncated):
        verdict.faults.append("an item truncated twice")
    parts, silent_ms = _parts(one, truth.heard_bytes), truth.silent_s * 1000
    position = sum(part.heard for part in parts)
    for part in parts:
        told_ms = truncated.get(part.item_id, 0 if part.item_id in one.deleted else None)
        if part.heard and part.item_id in truncated:
            verdict.errors_ms.append(truncated[part.item_id] - part.heard)
        if fault := _fault(part, position, silent_ms, told_ms):
            verdict.faults.append(fault)
    return verdict


def _fault(part: Part, position: float, silent_ms: float, told_ms: float | None) -> str | None:
    """`told_ms`: where the model was told to cut; 0 also for a deleted item, None for one left alone."""
    if part.complete and position >= part.end:
        since_ms = position - part.end + silent_ms
        return "cut though heard to its end" if told_ms is not None and since_ms > NEAR_MS else None
    if position <= part.start:
        if part.start - position <= NEAR_MS:
            return None
        if told_ms is None:
            return "left though never heard"
        return "wrong item" if told_ms else None
    near_start = position - part.start <= NEAR_MS
    near_end = part.complete and part.end - position <= NEAR_MS
    if near_start or near_end:
        return None
    if told_ms is None:
        return "missing"
    return None if told_ms else "deleted though heard"


def _parts(one: Interruption, heard_bytes: dict[int, int]) -> list[Part]:
    """Items by what was queued at the phone; what came late or never got there has no place in the order of play."""
    parts: list[Part] = []
    start = 0.0
    for item in one.items:
        numbers = [number for number, item_id in one.numbers.items() if item_id == item.item_id]
        heard = sum(heard_bytes.get(number, 0) for number in numbers) / BYTES_PER_MS
        sent = item.sent_bytes / BYTES_PER_MS
        parts.append(Part(item.item_id, start, start + sent, heard, item.complete))
        start += sent
    return parts

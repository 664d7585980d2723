"""What a soak found, for people and for scripts, and the verdicts."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from tests.soak.endings import ENDINGS, Cause, Ending, Stage
from tests.soak.memory import Sample, slope_kb_per_min, thirds
from tests.soak.soak import Found
from tests.soak.watch import Figures

MOST_GROWTH = 0.05
GROWN = 100
"""from here on a type with more objects than at the base is named"""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One thing that has to be so."""

    what: str
    holds: bool
    detail: str


def verdicts(found: Found) -> list[Verdict]:
    """All of them."""
    told = [Verdict("nothing left of the warm-up", found.base.idle, "idle" if found.base.idle else "calls are left")]
    if (short := found.after_short) is not None:
        told.append(_memory("memory after the short calls", found.base.rss_kb, short.rss_kb))
        told.append(_back("after the short calls", found.base, short))
    if found.samples:
        first, _, last = thirds(found.samples)
        told.append(_memory("memory during the long calls", median(first), median(last)))
    if found.samples and found.final is not None:
        told.append(_memory("memory after the long calls", found.base.rss_kb, found.final.rss_kb))
        told.append(_back("after the long calls", found.base, found.final))
        told.append(Verdict("long calls: audio unaltered", not found.altered, f"{found.altered} stretches altered"))
    told.append(_none("every call ended whole", found.stuck))
    told.append(_none("every call came as far as it should", found.early))
    told.append(Verdict("no connection left at the model", not found.lines_left, f"{found.lines_left} left"))
    complaints = "; ".join(f"{count} × {line}" for line, count in found.complaints.items()) or "none"
    told.append(Verdict("no error in the bridge's log", not found.complaints, complaints))
    told.append(Verdict("the bridge ends in order", found.exit_code == 0, f"exit code {found.exit_code}"))
    return told


def text(found: Found) -> str:
    """For people."""
    parts = [_endings(found.endings), _figures(found)]
    parts.append(_memory_over_time("the short calls", found.short_samples))
    if found.samples:
        parts += [_memory_over_time("the long calls", found.samples), _long_calls(found)]
    lines = [f"{'ok  ' if one.holds else 'FAIL'} {one.what}: {one.detail}" for one in verdicts(found)]
    return "\n".join([*parts, "", *lines])


def as_json(found: Found) -> str:
    """For scripts."""
    figures = {"fresh": found.fresh, "base": found.base, "after_short": found.after_short, "final": found.final}
    told: dict[str, Any] = {
        "calls": found.plan.calls,
        "long_calls": found.plan.long_calls,
        "minutes": found.plan.minutes,
        "seed": found.plan.seed,
        "endings": {ending.name: count for ending, count in found.endings.items()},
        "stuck": {ending.name: count for ending, count in found.stuck.items()},
        "early": {ending.name: count for ending, count in found.early.items() if count},
        "figures": {name: {"rss_kb": one.rss_kb, **one.counts} for name, one in figures.items() if one is not None},
        "rss_short": [[round(sample.at_s, 1), sample.rss_kb] for sample in found.short_samples],
        "rss": [[round(sample.at_s, 1), sample.rss_kb] for sample in found.samples],
        "interruptions": found.interruptions,
        "refused": found.refused,
        "verdicts": [{"what": one.what, "holds": one.holds, "detail": one.detail} for one in verdicts(found)],
    }
    return json.dumps(told, indent=1, ensure_ascii=False)


def _memory(what: str, before_kb: float, after_kb: float) -> Verdict:
    growth = after_kb / before_kb - 1
    detail = f"{before_kb / 1024:.1f} → {after_kb / 1024:.1f} MB ({100 * growth:+.1f} %)"
    return Verdict(what, growth <= MOST_GROWTH, detail)


def _back(when: str, base: Figures, now: Figures) -> Verdict:
    above = now.above(base)
    detail = ", ".join(f"{count} more {name}" for name, count in above.items()) or "all of it"
    return Verdict(f"{when} back to base", not above, detail)


def _none(what: str, counted: Counter[Ending]) -> Verdict:
    bad = [f"{count} × {ending.name}" for ending, count in counted.items() if count]
    return Verdict(what, not bad, "; ".join(bad) or "all")


def _endings(counted: Counter[Ending]) -> str:
    parts = []
    for side, of_phone in (("phone", True), ("model", False)):
        causes = [cause for cause in Cause if cause.of_phone is of_phone]
        rows = [
            [stage.value, *(_cell(counted, stage, cause) for cause in causes)]
            for stage in Stage
            if any(Ending(stage, cause).name in ENDINGS for cause in causes)
        ]
        head = [f"ended by the {side}", *(cause.value for cause in causes)]
        parts.append(_table([head, *rows]))
    return f"{sum(counted.values())} short calls\n\n" + "\n\n".join(parts)


def _cell(counted: Counter[Ending], stage: Stage, cause: Cause) -> str:
    ending = Ending(stage, cause)
    return str(counted[ending]) if ending.name in ENDINGS else ""


def _figures(found: Found) -> str:
    columns = {
        "fresh": found.fresh,
        "base": found.base,
        "after the short calls": found.after_short,
        "final": found.final,
    }
    there = {name: one for name, one in columns.items() if one is not None}
    rows = [["bridge", *there], ["RSS, MB", *(f"{one.rss_kb / 1024:.1f}" for one in there.values())]]
    rows += [[name, *(str(one.counts[name]) for one in there.values())] for name in found.base.counts]
    grown = found.final.grown(found.base, GROWN) if found.final else {}
    more = ", ".join(f"{name} +{count}" for name, count in grown.items()) or "none"
    return f"\n{_table(rows)}\n\nobjects grown by {GROWN} and more: {more}"


def _memory_over_time(what: str, samples: Sequence[Sample]) -> str:
    rows = [[f"RSS during {what}, MB", "min", "median", "max"]]
    for name, part in zip(("first third", "second third", "last third"), thirds(samples), strict=True):
        rows.append([name, *(f"{kb / 1024:.1f}" for kb in (min(part), median(part), max(part)))])
    return f"\n{_table(rows)}\nslope {slope_kb_per_min(samples):+.1f} kB a minute over {len(samples)} samples"


def _long_calls(found: Found) -> str:
    refused = ", ".join(f"{code} × {count}" for code, count in found.refused.items()) or "nothing"
    return f"{found.plan.long_calls} calls, {found.interruptions} interruptions; the model refused {refused}"


def _table(rows: Iterable[Sequence[str]]) -> str:
    listed = list(rows)
    widths = [max(len(row[column]) for row in listed) for column in range(len(listed[0]))]
    lines = ["  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in listed]
    return "\n".join(line.rstrip() for line in lines)

"""Figures as tables and as JSON, and how they compare with those committed last."""

import json
import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench.bridge_process import Candidate
from tests.bench.load import DISTURBED, Figures

LAST = Path(__file__).with_name("last.json")


@dataclass(frozen=True, slots=True)
class Row:
    """Several runs of one candidate under one load: medians over those with clean turns, or over all if none has."""

    candidate: Candidate
    calls: int
    tls: bool
    runs: tuple[Figures, ...]

    @property
    def counted(self) -> tuple[Figures, ...]:
        """The runs that the medians are over."""
        return tuple(run for run in self.runs if run.clean_turns) or self.runs

    @property
    def ms_per_call_s(self) -> float:
        """Median CPU."""
        return median(run.ms_per_call_s for run in self.counted)

    @property
    def worst_p99(self) -> float:
        """Median p99 of the later direction, ms."""
        return median(run.worst_p99 for run in self.counted)

    @property
    def rss_kb(self) -> float:
        """Median memory per call."""
        return median(run.rss_kb_per_call for run in self.counted)


def rows(figures: Iterable[Figures]) -> list[Row]:
    """Runs of the same load together, in the order of calls, TLS and candidate."""
    found: dict[tuple[int, bool, Candidate], list[Figures]] = {}
    for one in figures:
        found.setdefault((one.calls, one.tls, one.candidate), []).append(one)
    order = list(Candidate)
    keys = sorted(found, key=lambda key: (key[0], key[1], order.index(key[2])))
    return [Row(key[2], key[0], key[1], tuple(found[key])) for key in keys]


def ratios(table: Sequence[Row]) -> dict[str, float]:
    """CPU of ours to the relay's, of the reference to ours, of watched to bare, per load: "ours/relay@50" and so on.

    Each is the median over pairs of turns that followed one another.
    """
    by_load = {(row.candidate, row.calls, row.tls): row for row in table}
    found: dict[str, float | None] = {}
    for (candidate, calls, tls), row in by_load.items():
        name = f"@{calls}{' tls' if tls else ''}"
        if candidate is Candidate.OURS:
            found[f"ours/relay{name}"] = _ratio(row, by_load.get((Candidate.RELAY, calls, False)))
        if candidate is Candidate.WATCHED:
            found[f"watched/bare{name}"] = _ratio(row, by_load.get((Candidate.BARE, calls, tls)))
        if candidate is Candidate.REFERENCE:
            found[f"reference/ours{name}"] = _ratio(row, by_load.get((Candidate.OURS, calls, tls)))
    return {name: ratio for name, ratio in found.items() if ratio is not None}


def _ratio(over: Row, under: Row | None) -> float | None:
    if under is None:
        return None
    pairs = [
        (first, second)
        for one, other in zip(over.runs, under.runs, strict=True)
        for first, second in zip(one.turns, other.turns, strict=True)
    ]
    clean = [(first, second) for first, second in pairs if first.clean and second.clean]
    return median(first.bridge.on_cpu_s / second.bridge.on_cpu_s for first, second in clean or pairs)


def table(found: Sequence[Row]) -> str:
    """A table for people (and for docs/explanation/performance.md)."""
    head = (
        "| candidate | calls | CPU ms per call-second (user + system, min–max) | phone → model p50 / p99 / max ms "
        "| model → phone p50 / p99 / max ms | RSS kB per call | lost / altered / reordered | wake-ups per call-s "
        "| run-queue wait % (bridge, generator) | generator's core %, latest ms | clean turns |\n" + "|---" * 11 + "|\n"
    )
    return head + "".join(_line(row) for row in found)


def _line(row: Row) -> str:
    runs = row.counted
    low, high = min(run.ms_per_call_s for run in runs), max(run.ms_per_call_s for run in runs)
    user = median(run.bridge.user_s / (run.bridge.user_s + run.bridge.system_s or 1) for run in runs)
    up, down = (
        " / ".join(f"{median(getattr(getattr(run, side), name) for run in runs):.2f}" for name in ("p50", "p99", "max"))
        for side in ("caller", "agent")
    )
    faults = " / ".join(str(sum(getattr(run, name) for run in row.runs)) for name in ("lost", "altered", "reordered"))
    waits = ", ".join(
        f"{100 * median(getattr(run, who).waiting for run in runs):.1f}" for who in ("bridge", "generator")
    )
    busy = f"{100 * median(run.generator.busy for run in runs):.0f}, {max(run.generator_late_ms for run in runs):.1f}"
    name = row.candidate.value + (" + TLS" if row.tls else "")
    cpu = f"{row.ms_per_call_s:.2f} ({user:.0%} user, {low:.2f}–{high:.2f})"
    clean = f"{sum(run.clean_turns for run in row.runs)}/{sum(len(run.turns) for run in row.runs)}"
    wakeups = f"{median(run.wakeups_per_call_s for run in runs):.1f}"
    cells = [name, str(row.calls), cpu, up, down, f"{row.rss_kb:.0f}", faults, wakeups, waits, busy, clean]
    return f"| {' | '.join(cells)} |\n"


def short(one: Figures) -> str:
    """One run in one line, while others are still going."""
    mark = f"  clean {one.clean_turns}/{len(one.turns)}"
    return (
        f"{one.candidate.value + ('+tls' if one.tls else ''):<14} {one.calls:>4} calls  "
        f"{one.ms_per_call_s:5.2f} ms/call-s  p99 {one.caller.p99:6.2f} ↑ {one.agent.p99:6.2f} ↓ ms  "
        f"{one.rss_kb_per_call:4.0f} kB/call  lost/altered/reordered {one.lost}/{one.altered}/{one.reordered}  "
        f"waited {100 * one.bridge.waiting:4.1f} / {100 * one.generator.waiting:4.1f} %  "
        f"generator {100 * one.generator.busy:3.0f} %{mark}"
    )


def compared(now: dict[str, float], last: dict[str, float]) -> str:
    """The ratios, and what they were when figures were last committed."""
    lines = []
    for name, ratio in sorted(now.items()):
        before = f"   last {last[name]:.2f} ({ratio / last[name] - 1:+.0%})" if name in last else ""
        lines.append(f"{name:<24} {ratio:.2f}{before}\n")
    return "".join(lines)


def last_ratios() -> dict[str, float]:
    """Those committed last; none if there are none."""
    if not LAST.exists():
        return {}
    found: dict[str, float] = json.loads(LAST.read_text())["ratios"]
    return found


def as_json(found: Sequence[Row], more: dict[str, Any]) -> str:
    """Everything for a script, and for the next comparison."""
    return json.dumps(
        {
            "date": datetime.now(UTC).date().isoformat(),
            "machine": {"python": platform.python_version(), "kernel": platform.release(), "cores": _cores()},
            "disturbed_above": DISTURBED,
            "ratios": {name: round(ratio, 3) for name, ratio in ratios(found).items()},
            "rows": [_row_json(row) for row in found],
            **more,
        },
        indent=1,
    )


def _cores() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return "unknown"


def _row_json(row: Row) -> dict[str, Any]:
    return {
        "candidate": row.candidate.value,
        "calls": row.calls,
        "tls": row.tls,
        "ms_per_call_s": round(row.ms_per_call_s, 3),
        "rss_kb_per_call": round(row.rss_kb, 1),
        "p99_ms": round(row.worst_p99, 3),
        "lost": sum(run.lost for run in row.runs),
        "altered": sum(run.altered for run in row.runs),
        "waited": [round(run.bridge.waiting, 4) for run in row.runs],
        "clean_turns": sum(run.clean_turns for run in row.runs),
        "runs": [round(run.ms_per_call_s, 3) for run in row.runs],
    }

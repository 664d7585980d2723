"""`python -m tests.bench.run`: measures, prints tables, compares with the figures committed last.

The exit code is 1 when anything of ours was lost, altered or reordered, or a part found something that is not right.
"""

import argparse
import sys
from collections.abc import Callable, Coroutine, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

import uvloop

from tests.bench import meters, report
from tests.bench.admission import admission
from tests.bench.bridge_process import Candidate
from tests.bench.capacity import capacity
from tests.bench.certificates import Certificate, make_certificate
from tests.bench.drain import drain
from tests.bench.exactness import interrupt
from tests.bench.health import health
from tests.bench.isolation import isolation
from tests.bench.load import Figures, Load, measure, no_garbage_collection
from tests.bench.start import start_times

WATCHED_CALLS, WATCHED_RUNS = 200, 5
PARTS = ("watched", "capacity", "exactness", "isolation", "start", "drain", "admission", "health")
"""what is measured beside loads, by the names of the options"""


def say(text: str = "") -> None:
    """A line for the reader, at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def arguments(given: list[str] | None = None) -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.run", description=__doc__)
    parser.add_argument("--calls", default="50,200", help="loads, by number of calls (default 50,200; empty: none)")
    parser.add_argument("--seconds", type=int, default=4, help="measured turns of a run, a second each (default 4)")
    parser.add_argument("--runs", type=int, default=3, help="runs of each load (default 3)")
    parser.add_argument("--candidates", default="ours,relay,reference", help="who is measured")
    parser.add_argument("--lead", type=int, default=2, help="200 ms deltas the agent is ahead of real time (default 2)")
    parser.add_argument("--tls", action="store_true", help="also with TLS between bridge and model")
    parser.add_argument("--capacity", action="store_true", help="raise the calls until p99 passes 20 ms")
    parser.add_argument("--watched", action="store_true", help="what records, live view and metrics cost at 200 calls")
    parser.add_argument("--from", dest="first", type=int, default=200, help="first step of --capacity (default 200)")
    parser.add_argument("--exactness", action="store_true", help="interrupt the agent, and compare with the truth")
    parser.add_argument("--isolation", action="store_true", help="what calls feel of one that misbehaves")
    parser.add_argument("--start", action="store_true", help="from Twilio's start to the first frame of the greeting")
    parser.add_argument("--drain", action="store_true", help="SIGTERM with 50 calls talking")
    parser.add_argument("--admission", action="store_true", help="too many callers, strangers, squatters")
    parser.add_argument("--health", action="store_true", help="how late the loop is with 100 calls and everything else")
    parser.add_argument("--all", action="store_true", help="everything, and loads with TLS too; long")
    parser.add_argument("--interruptions", type=int, default=500, help="for each round trip (default 500)")
    parser.add_argument("--quick", action="store_true", help="one short run of ours and the relay with 5 calls")
    parser.add_argument("--json", type=Path, help="write everything to this file too")
    asked = parser.parse_args(given)
    if asked.all:
        asked.tls = True
        for part in PARTS:
            setattr(asked, part, True)
    if asked.quick:
        asked.calls, asked.seconds, asked.runs, asked.candidates = "5", 2, 1, "ours,relay"
    return asked


def main(given: list[str] | None = None) -> int:
    """Do what was asked; answers the exit code."""
    asked = arguments(given)
    with ExitStack() as stack:
        stack.enter_context(meters.on_core(meters.GENERATOR_CORE))
        certificate = None
        if asked.tls or asked.start or asked.health:
            certificate = make_certificate(Path(stack.enter_context(TemporaryDirectory(prefix="bench-tls-"))))
        figures = loads(asked, certificate if asked.tls else None)
        found, more = report.rows(figures), _more(asked, certificate)
        if found:
            say("\n" + report.table(found))
            say("ratios of CPU\n" + report.compared(report.ratios(found), report.last_ratios()))
        if asked.json:
            asked.json.write_text(report.as_json(found, more) + "\n")
    ours = [one for one in figures if one.candidate is Candidate.OURS]
    return 0 if all(one.faithful for one in ours) and all(part.get("right", True) for part in more.values()) else 1


def _more(asked: argparse.Namespace, certificate: Certificate | None) -> dict[str, dict[str, Any]]:
    """What is measured beside loads, each by its name."""
    more: dict[str, dict[str, Any]] = {}
    if asked.capacity:
        more["capacity"] = {"found": _capacities(asked)}
    parts: list[tuple[str, Callable[[], Coroutine[Any, Any, Part]]]] = []
    if asked.exactness:
        parts.append(("exactness", lambda: interrupt(asked.interruptions)))
    if asked.isolation:
        parts.append(("isolation", isolation))
    if asked.start and certificate is not None:
        parts.append(("start", lambda: start_times(certificate)))
    if asked.drain:
        parts.append(("drain", drain))
    if asked.admission:
        parts.append(("admission", admission))
    if asked.health and certificate is not None:
        parts.append(("health", lambda: health(certificate)))
    for name, part in parts:
        with no_garbage_collection():
            found = uvloop.run(part())
        say(found.table())
        more[name] = found.as_json()
    return more


class Part(Protocol):
    """Figures of their own kind."""

    def table(self) -> str: ...
    def as_json(self) -> dict[str, Any]: ...


def loads(asked: argparse.Namespace, certificate: Certificate | None) -> list[Figures]:
    """Every load through every candidate, in turns."""
    candidates = [Candidate(name) for name in asked.candidates.split(",")]
    figures: list[Figures] = []
    for _ in range(asked.runs):
        for calls in [int(count) for count in asked.calls.split(",") if count]:
            load = Load(calls=calls, turns=asked.seconds, certificate=certificate, lead_deltas=asked.lead)
            figures += _run(candidates, load)
    if asked.watched:
        for _ in range(WATCHED_RUNS):
            figures += _run([Candidate.BARE, Candidate.WATCHED], Load(calls=WATCHED_CALLS, turns=asked.seconds))
    return figures


def _run(candidates: Sequence[Candidate], load: Load) -> list[Figures]:
    figures = uvloop.run(measure(candidates, load))
    for one in figures:
        say(report.short(one))
    return figures


def _capacities(asked: argparse.Namespace) -> list[str]:
    found = []
    for name in asked.candidates.split(","):
        if name != Candidate.RELAY.value:
            first = asked.first if name == Candidate.OURS.value else min(asked.first, 100)
            found.append(str(capacity(Candidate(name), first, asked.seconds, _run)))
            say(found[-1])
    return found


if __name__ == "__main__":
    sys.exit(main())

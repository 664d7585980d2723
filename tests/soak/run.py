"""`python -m tests.soak.run`: short calls with random endings, then long ones; what do they leave behind?

The exit code is 1 when the bridge's memory grew by more than 5 %, or something of a call is left.
"""

import argparse
import sys
from pathlib import Path

import uvloop

from tests.bench import meters
from tests.soak import report
from tests.soak.soak import Plan, soak


def arguments(given: list[str] | None = None) -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak.run", description=__doc__)
    parser.add_argument("--calls", type=int, default=10_000, help="short calls (default 10000)")
    parser.add_argument("--long-calls", type=int, default=100, help="long calls at once (default 100; 0: none)")
    parser.add_argument("--minutes", type=float, default=30, help="how long those talk (default 30)")
    parser.add_argument("--warm-up", type=int, default=5000, help="short calls before the base is taken (default 5000)")
    parser.add_argument("--seed", type=int, default=1, help="for all that is random (default 1)")
    parser.add_argument("--json", type=Path, help="write everything to this file too")
    return parser.parse_args(given)


def main(given: list[str] | None = None) -> int:
    """Do what was asked; answers the exit code."""
    asked = arguments(given)
    plan = Plan(
        calls=asked.calls,
        long_calls=asked.long_calls,
        minutes=asked.minutes,
        seed=asked.seed,
        warm_up_calls=asked.warm_up,
    )
    with meters.on_core(meters.GENERATOR_CORE):
        found = uvloop.run(soak(plan))
    sys.stdout.write(report.text(found) + "\n")
    if asked.json:
        asked.json.write_text(report.as_json(found) + "\n")
    return 0 if all(one.holds for one in report.verdicts(found)) else 1


if __name__ == "__main__":
    sys.exit(main())

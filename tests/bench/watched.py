"""`twilio-rt` as it is, and beside it a note of every garbage collection: `python -m tests.bench.watched serve …`.

When it ends, `collections.json` in its folder tells for each generation how many there were and the longest pause, ms.
"""

import atexit
import gc
import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from twilio_rt_cli.cli.app import main

NAME = "collections.json"


@dataclass(slots=True)
class Collections:
    """Those of one generation."""

    count: int = 0
    longest_ms: float = 0.0


def watch(found: list[Collections]) -> None:
    """Note collections from the first freeze on: what start-up costs, no call waits for."""
    began_at, frozen = 0.0, False

    def on_collection(phase: str, told: dict[str, int]) -> None:
        nonlocal began_at, frozen
        if phase == "start":
            began_at = time.perf_counter()
            return
        took_ms = (time.perf_counter() - began_at) * 1000
        frozen = frozen or gc.get_freeze_count() > 0  # which takes 8 ms, for it counts them one by one
        if frozen:
            one = found[told["generation"]]
            one.count += 1
            one.longest_ms = max(one.longest_ms, took_ms)

    gc.callbacks.append(on_collection)


def read(folder: Path) -> list[Collections]:
    """What a process wrote that has ended."""
    return [Collections(**one) for one in json.loads((folder / NAME).read_text())]


if __name__ == "__main__":
    generations = [Collections() for _ in range(3)]
    watch(generations)
    atexit.register(lambda: Path(NAME).write_text(json.dumps([asdict(one) for one in generations])))
    main()

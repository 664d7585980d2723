"""What a watched bridge has at a moment: memory, descriptors, threads, tasks, timers and objects."""

import asyncio
import json
import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.meters import resident_kb

ANSWER_S = 10.0
SETTLE_S = 20.0
"""longer than anything the bridge keeps on purpose: a call's place waits five seconds for /stream-ended"""
POLL_S = 0.25
OF_A_CALL = tuple(
    f"twilio_rt_cli.{name}"
    for name in (
        "bridge.bridge.Bridge",
        "call.call.Call",
        "bridge.model_leg.ModelLeg",
        "server.start_phase.StartPhase",
        "server.admission.registry.LiveCall",
        "server.upgrade.MediaSocket",
    )
)
TIMERS = ("uvloop.loop.TimerHandle", "asyncio.events.TimerHandle")


@dataclass(frozen=True, slots=True)
class Figures:
    """The bridge at one moment."""

    rss_kb: int
    descriptors: int
    threads: int
    tasks: tuple[str, ...]
    objects: dict[str, int]
    """type → how many the garbage collector knows of, after a collection"""

    @property
    def counts(self) -> dict[str, int]:
        """All that has to come back to its base, by name."""
        return {
            "descriptors": self.descriptors,
            "threads": self.threads,
            "tasks": len(self.tasks),
            "timers": sum(self.objects.get(name, 0) for name in TIMERS),
            **{name.rpartition(".")[2]: self.objects.get(name, 0) for name in OF_A_CALL},
        }

    @property
    def idle(self) -> bool:
        """Whether no call is left."""
        return not any(self.objects.get(name) for name in OF_A_CALL)

    def above(self, base: "Figures") -> dict[str, int]:
        """What there is more of than at the base, and how much more."""
        before = base.counts
        return {name: count - before[name] for name, count in self.counts.items() if count > before[name]}

    def grown(self, base: "Figures", least: int) -> dict[str, int]:
        """Types of which there are at least so many more than at the base."""
        more = {name: count - base.objects.get(name, 0) for name, count in self.objects.items()}
        return {name: count for name, count in sorted(more.items(), key=lambda one: -one[1]) if count >= least}


class Watch:
    """Asks one watched process."""

    def __init__(self, pid: int, answers: Path) -> None:
        self.pid = pid
        self._answers = answers
        self._asked = 0

    async def figures(self) -> Figures:
        """The process now. Raises TimeoutError when it does not answer."""
        self._asked += 1
        os.kill(self.pid, signal.SIGUSR1)
        told = await self._answer()
        return Figures(
            resident_kb(self.pid),
            self._listed("fd"),
            self._listed("task"),
            tuple(told["tasks"]),
            told["objects"],
        )

    async def settled(self, base: Figures | None = None) -> Figures:
        """The process once no call is left and, with a base, all is back to it; or as it is after twenty seconds."""
        loop = asyncio.get_running_loop()
        until = loop.time() + SETTLE_S
        while True:
            found = await self.figures()
            if (found.idle and not (base and found.above(base))) or loop.time() > until:
                return found
            await asyncio.sleep(POLL_S)

    def _listed(self, folder: str) -> int:
        return len(list(Path(f"/proc/{self.pid}/{folder}").iterdir()))

    async def _answer(self) -> dict[str, Any]:
        async with asyncio.timeout(ANSWER_S):
            while True:
                if self._answers.exists():
                    told: dict[str, Any] = json.loads(self._answers.read_text())
                    if told["number"] == self._asked:
                        return told
                await asyncio.sleep(0.01)

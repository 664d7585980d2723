"""From Twilio's `start` to the first frame of the greeting, and where that time goes.

The model is 40 ms away by round trip, behind TLS, and answers at once: what is left is the line and the bridge.
"""

import asyncio
import time
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Any

from picows import WSTransport

from tests.bench.beat import Beat, ticking
from tests.bench.bridge_process import Candidate, bridge_process
from tests.bench.certificates import Certificate
from tests.bench.far_away import far_away
from tests.bench.model import DELTA_MS, BenchModel, ModelSocket, listening
from tests.bench.phones import Phone, connect
from tests.bench.stamps import BYTES_PER_MS
from tests.bench.tally import Tally

RTT_S = 0.040
CALLS = 40
STEPS = (
    "start → connecting to the model",
    "TCP and TLS and upgrade, until the model has it",
    "until the model has session.update",
    "until the model has response.create",
    "first delta → first media at the phone",
)


@dataclass(frozen=True, slots=True)
class Start:
    """How long calls took to begin; ms, medians over all calls."""

    rtt_ms: float
    steps: tuple[float, ...]
    total_p50: float
    total_max: float

    def table(self) -> str:
        """For people."""
        lines = "".join(f"| {name} | {ms:.1f} |\n" for name, ms in zip(STEPS, self.steps, strict=True))
        return (
            f"\n| call start, TLS, {self.rtt_ms:.0f} ms round trip to the model | ms (p50) |\n|---|---|\n{lines}"
            f"| start → first frame of the greeting | {self.total_p50:.1f} (max {self.total_max:.1f}) |\n"
        )

    def as_json(self) -> dict[str, Any]:
        """For scripts."""
        steps = dict(zip(STEPS, self.steps, strict=True))
        return {"rtt_ms": self.rtt_ms, "steps": steps, "p50": self.total_p50, "max": self.total_max}


class Greeter(ModelSocket):
    """Says one delta when it is asked to, and notes when what came."""

    def __init__(self, model: BenchModel) -> None:
        super().__init__(model)
        self.times: list[float] = []

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.times.append(time.monotonic())
        self.ears.call = len(self.model.sockets)  # calls come one after the other: no need to hear the caller first
        super().on_ws_connected(transport)

    def say(self, kind: str, **fields: Any) -> None:
        if kind == "session.updated":
            self.times.append(time.monotonic())
        super().say(kind, **fields)

    def answer(self) -> None:
        self.times.append(time.monotonic())
        self.speak(self.begin_item(self.begin_response()), 0, DELTA_MS * BYTES_PER_MS)


class Answered(Phone):
    """A phone that notes when `start` went out and when it first hears something."""

    def __init__(self, call: int, caller: Tally, agent: Tally) -> None:
        super().__init__(call, caller, agent)
        self.started_at = self.heard_at = 0.0
        self.heard = asyncio.Event()

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.started_at = time.monotonic()
        super().on_ws_connected(transport)

    def take(self, raw: bytes) -> None:
        if not self.heard_at and raw.startswith(b'{"event":"media"'):
            self.heard_at = time.monotonic()
            self.heard.set()
        super().take(raw)


async def start_times(certificate: Certificate) -> Start:
    """Forty calls, one after the other."""
    tallies = Tally(), Tally()
    model = BenchModel(*tallies)
    calls: list[list[float]] = []
    async with (
        listening(model, tls=certificate.server_context(), talker=Greeter),
        far_away(model.port, RTT_S) as line,
    ):
        with bridge_process(Candidate.OURS, line.port, ca_file=certificate.certificate) as bridge:
            for call in range(CALLS):
                calls.append(await _one(bridge.url, Answered(call, *tallies), model, line.connected_at))
    calls = calls[1:]  # the first one loads what is loaded late
    totals = [times[-1] - times[0] for times in calls]
    steps = zip(*([1000 * (last - first) for first, last in _spans(times)] for times in calls), strict=True)
    return Start(RTT_S * 1000, tuple(map(median, steps)), 1000 * median(totals), 1000 * max(totals))


def _spans(times: list[float]) -> list[tuple[float, float]]:
    return list(pairwise(times))


async def _one(url: str, phone: Answered, model: BenchModel, connected_at: list[float]) -> list[float]:
    """Moments of one call: start, connecting, socket open, session.update, response.create, first media."""
    beat = Beat(20)
    beat.join(phone)
    with ticking(beat):
        await connect(url, phone)
        async with asyncio.timeout(10):
            await phone.heard.wait()
        phone.hang_up()
        await phone.closed.wait()
    socket = model.sockets[-1]
    assert isinstance(socket, Greeter)
    return [phone.started_at, connected_at[-1], *socket.times, phone.heard_at]

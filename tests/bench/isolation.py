"""One call misbehaves; what do the others feel of it?

Twenty calls in good order are measured alone, and then beside one that floods, stalls or dribbles, on either side of
the bridge. The latest hundredth of their frames may come at most 5 ms later than without it.
"""

import asyncio
import os
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from tests.bench.beat import Beat, ticking
from tests.bench.bridge_process import Candidate
from tests.bench.load import Load, Rig, Turn, rig
from tests.bench.model import ModelSocket, Talking
from tests.bench.phones import Phone, connect
from tests.bench.stamps import APART, FRAME_BYTES, noise_text, stamp_text
from tests.bench.tally import Latency, Tally, latency
from twilio_rt_cli.protocol import twilio
from twilio_rt_cli.protocol.twilio import AccountSid, CallSid, StartDetails, StreamSid

CALLS = 20
TURNS = 4
MOST_MORE_MS = 5.0


@dataclass(frozen=True, slots=True)
class Felt:
    """What the others felt."""

    what: str
    alone: Latency
    beside: Latency
    bad_call: str
    """what became of the one"""

    @property
    def right(self) -> bool:
        """Whether it was little enough."""
        return self.beside.p99 <= self.alone.p99 + MOST_MORE_MS


@dataclass(frozen=True, slots=True)
class Isolation:
    """All of them."""

    felt: tuple[Felt, ...]

    def table(self) -> str:
        """For people."""
        head = f"\n| beside {CALLS} calls | p99 / max ms alone | p99 / max ms beside it | what became of it |\n"
        return head + "|---" * 4 + "|\n" + "".join(map(_cells, self.felt))

    def as_json(self) -> dict[str, Any]:
        """For scripts."""
        felt = [
            {"what": one.what, "alone_p99": one.alone.p99, "p99": one.beside.p99, "max": one.beside.max}
            for one in self.felt
        ]
        return {"right": all(one.right for one in self.felt), "felt": felt}


def _cells(one: Felt) -> str:
    alone, beside = (f"{found.p99:.2f} / {found.max:.2f}" for found in (one.alone, one.beside))
    return f"| {one.what} | {alone} | {beside} | {one.bad_call} |\n"


async def isolation() -> Isolation:
    """Each misbehaviour in turn, beside the same calls."""
    felt: list[Felt] = []
    async with rig(Candidate.OURS, Load(calls=CALLS), None) as good:
        await good.dial(CALLS, per_second=20)
        for number, (what, misbehave) in enumerate(MISBEHAVIOURS.items()):
            alone = await _turns(good)
            async with misbehave(good, APART + number) as bad:
                beside = await _turns(good)
                fate = "closed by the bridge" if bad.closed.is_set() else "still open"
            felt.append(Felt(what, _latency(alone), _latency(beside), fate))
        await good.phones.hang_up()
    return Isolation(tuple(felt))


async def _turns(good: Rig) -> list[Turn]:
    before = len(good.turns)
    for _ in range(TURNS):
        await good.turn()
    turns = good.turns[before:]
    return [turn for turn in turns if turn.clean] or turns


def _latency(turns: list[Turn]) -> Latency:
    return latency([samples for turn in turns for samples in (turn.caller_ns, turn.agent_ns)])


# The bad ones. Each is one call on a beat of its own.


class Flooder(Phone):
    """Sends a thousand frames a second."""

    def beat(self) -> None:
        for _ in range(20):
            super().beat()


@asynccontextmanager
async def _bad_call(good: Rig, phone: Phone) -> AsyncIterator[ModelSocket]:
    """A call through the same bridge; gives its model's socket."""
    before = len(good.model.sockets)
    beat = Beat(20)
    beat.join(phone)
    with ticking(beat, good.model.beat):
        await connect(good.bridge.url, phone)
        for _ in range(500):
            if len(good.model.sockets) > before and good.model.sockets[-1].ears.call == phone.call:
                break
            await asyncio.sleep(0.01)
    with ticking(beat):
        try:
            yield good.model.sockets[-1]
        finally:
            phone.hang_up()
    async with asyncio.timeout(10):
        await phone.closed.wait()


@asynccontextmanager
async def _phone_floods(good: Rig, call: int) -> AsyncIterator[Phone]:
    phone = Flooder(call, Tally(), Tally())
    async with _bad_call(good, phone):
        yield phone


@asynccontextmanager
async def _phone_reads_nothing(good: Rig, call: int) -> AsyncIterator[Phone]:
    phone = Phone(call, Tally(), Tally())
    async with _bad_call(good, phone) as model:
        assert isinstance(model, Talking)
        model.pace.times = 10
        phone.hold_reading()
        yield phone
        phone.resume_reading()


@asynccontextmanager
async def _model_reads_nothing(good: Rig, call: int) -> AsyncIterator[Phone]:
    phone = Phone(call, Tally(), Tally())
    async with _bad_call(good, phone) as model:
        assert model.transport is not None
        model.transport.underlying_transport.pause_reading()
        yield phone
        if model.transport is not None:
            model.transport.underlying_transport.resume_reading()


@asynccontextmanager
async def _model_floods(good: Rig, call: int) -> AsyncIterator[Phone]:
    phone = Phone(call, Tally(), Tally())
    async with _bad_call(good, phone) as model:
        assert isinstance(model, Talking)
        model.pace.times = 100
        yield phone


class Dribble(asyncio.Protocol):
    """A media stream that comes byte by byte, four thousand a second."""

    def __init__(self, call: int, path: str) -> None:
        self.closed = asyncio.Event()
        self._transport: asyncio.Transport | None = None
        key = b64encode(os.urandom(16)).decode()
        head = (
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"
        )
        stream = StreamSid(f"MZ{call:032x}")
        details = StartDetails(CallSid(f"CA{call:032x}"), AccountSid("AC" + "1" * 32), stream)
        self._head = head.encode() + _masked(twilio.connected_text()) + _masked(twilio.start_text(details, 1))
        self._media = _masked(
            twilio.media_text(
                stream, 0, 1, 0, b64decode(stamp_text(call, 0, FRAME_BYTES) + noise_text(call, 0, FRAME_BYTES))
            )
        )
        self._at = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # a TCP transport writes; uvloop's has other bases
        self._transport.write(self._head)  # type: ignore[union-attr]  # it was set on the line before

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self.closed.set()

    def beat(self) -> None:
        """One byte."""
        if self._transport is not None:
            self._transport.write(self._media[self._at : self._at + 1])
            self._at = (self._at + 1) % len(self._media)

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()


@asynccontextmanager
async def _phone_dribbles(good: Rig, call: int) -> AsyncIterator[Dribble]:
    host, _, path = good.bridge.url.removeprefix("ws://").partition("/")
    address, _, port = host.rpartition(":")
    loop = asyncio.get_running_loop()
    _, dribble = await loop.create_connection(lambda: Dribble(call, f"/{path}"), address, int(port))
    beat = Beat(1)
    for _ in range(4):
        beat.join(_Byte(dribble))
    with ticking(beat):
        try:
            yield dribble
        finally:
            dribble.close()
    await dribble.closed.wait()


class _Byte:
    def __init__(self, dribble: Dribble) -> None:
        self._dribble = dribble

    def beat(self) -> None:
        self._dribble.beat()


def _masked(text: bytes) -> bytes:
    """One client frame; its mask of zeros changes nothing."""
    size = bytes((0x80 | len(text),)) if len(text) < 126 else b"\xfe" + len(text).to_bytes(2, "big")
    return b"\x81" + size + bytes(4) + text


Misbehaviour = Callable[[Rig, int], AbstractAsyncContextManager[Phone | Dribble]]
MISBEHAVIOURS: dict[str, Misbehaviour] = {
    "a phone that sends 1,000 frames a second": _phone_floods,
    "a phone that reads nothing, its model at 10 × real time": _phone_reads_nothing,
    "a phone that sends byte by byte": _phone_dribbles,
    "a model that reads nothing": _model_reads_nothing,
    "a model at 100 × real time": _model_floods,
}

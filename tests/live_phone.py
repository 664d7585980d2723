"""The simulated phone on a real socket, driven by a test: it plays, echoes, and knows what was heard."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from twilio_rt_cli.caller.phone import AgentAudio, AgentCut, Identity, Phone
from twilio_rt_cli.caller.playout import Cleared
from twilio_rt_cli.protocol.twilio import AccountSid, CallSid, StreamSid

IDENTITY = Identity(CallSid("CA" + "1" * 32), AccountSid("AC" + "1" * 32), StreamSid("MZ" + "1" * 32))


@dataclass
class LivePhone:
    """One call's far end. `cuts` are the clears as they were applied; `audio_after` counts media since the last."""

    socket: ClientConnection
    phone: Phone
    cuts: list[Cleared] = field(default_factory=list)
    media_after_cut: int = 0
    close_code: int | None = None
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _outgoing: list[bytes] = field(default_factory=list)
    _stirred: asyncio.Event = field(default_factory=asyncio.Event)

    async def cut(self, count: int) -> Cleared:
        """The clear with this number."""
        async with asyncio.timeout(10):
            while len(self.cuts) < count:
                self._changed.clear()
                await self._changed.wait()
        return self.cuts[count - 1]

    async def read(self) -> None:
        try:
            while True:
                raw = await self.socket.recv()
                self._receive(raw, time.monotonic())
        except ConnectionClosed as closed:
            self.close_code = closed.rcvd.code if closed.rcvd else 1006

    def _receive(self, raw: str | bytes, now: float) -> None:
        assert isinstance(raw, str)
        for effect in self.phone.receive(raw.encode(), now):
            match effect:
                case AgentAudio():
                    self.media_after_cut += 1
                case AgentCut():
                    self.cuts.append(effect.cut)
                    self.media_after_cut = 0
                    self._changed.set()
                case bytes():
                    self._echo(effect)

    def _echo(self, text: bytes) -> None:
        self._outgoing.append(text)
        self._stirred.set()

    async def write(self) -> None:
        """Send frames when due and echoes at once."""
        for text in self.phone.pick_up(time.monotonic()):
            await self.socket.send(text, text=True)
        while True:
            now = time.monotonic()
            self._outgoing += [*self.phone.wake(now), *self.phone.frames(now)]
            ready, self._outgoing = self._outgoing, []
            for text in ready:
                await self.socket.send(text, text=True)
            deadline = self.phone.deadline()
            assert deadline is not None
            self._stirred.clear()
            alarm = asyncio.get_running_loop().call_later(max(0.0, deadline - time.monotonic()), self._stirred.set)
            await self._stirred.wait()
            alarm.cancel()


@asynccontextmanager
async def live_phone(url: str, *, buffer_delay_ms: int = 0, identity: Identity = IDENTITY) -> AsyncIterator[LivePhone]:
    """A phone on a media stream at this URL; hangs up at the end."""
    async with connect(url, compression=None, proxy=None) as socket:
        phone = LivePhone(socket, Phone(identity, buffer_delay_ms=buffer_delay_ms))
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(phone.read()), group.create_task(phone.write())]
            yield phone
            for task in tasks:
                task.cancel()
        await socket.send(phone.phone.hang_up(time.monotonic()), text=True)

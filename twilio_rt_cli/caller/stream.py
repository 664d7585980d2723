"""A Media Stream on a real socket: the phone, the conversation and the line, driven by one clock.

One task reads the socket and stamps what comes with its arrival; the other pumps: it delivers what the line has let
through, lets the phone echo and speak, asks the conversation what to do, and writes what is due. Order holds because
everything that touches the phone happens in the pump, in the order of its time stamps.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import assert_never

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from twilio_rt_cli.caller import events
from twilio_rt_cli.caller.behaviour import CallerBehaviour, Fail, Leave, Order, Press, Speak
from twilio_rt_cli.caller.figures import Figures
from twilio_rt_cli.caller.line import PhoneLine
from twilio_rt_cli.caller.phone import AgentAudio, AgentCut, Effect, Phone, PhoneStage

_SEND_S = 10.0
_clock = time.monotonic  # not the loop's: uvloop counts whole milliseconds


class EndedBy(Enum):
    """Who ended a stream."""

    CALLER = auto()
    SERVER = auto()
    NOBODY = auto()
    """it never began"""


@dataclass(frozen=True, slots=True)
class StreamEnd:
    """How a stream ended."""

    by: EndedBy
    code: int | None = None
    """the server's close code; 1006 when it vanished without one"""
    reason: str = ""
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class Lines:
    """Both directions of the way between phone and server."""

    out: PhoneLine
    back: PhoneLine


@dataclass(frozen=True, slots=True)
class _Closed:
    code: int
    reason: str


class MediaStream:
    """One open socket. Await `run` once; `figures` and the phone hold what came of it."""

    def __init__(
        self,
        socket: ClientConnection,
        phone: Phone,
        behaviour: CallerBehaviour,
        lines: Lines,
        watch: Callable[[events.CallEvent], None],
    ) -> None:
        self._socket = socket
        self._phone = phone
        self._behaviour = behaviour
        self._lines = lines
        self._watch = watch
        self._incoming: deque[tuple[float, bytes | str | _Closed]] = deque()
        self._outgoing: deque[tuple[float, bytes]] = deque()
        self._stirred = asyncio.Event()
        self._end: StreamEnd | None = None
        self.figures = Figures(_clock())
        self.failures: list[str] = []
        self.stopped = False
        """whether `hang_up` ended it, before the script did"""

    async def run(self, *, hang_up: asyncio.Event, until: float | None) -> StreamEnd:
        """Holds the call until the server closes, the script ends, `hang_up` is set, or the clock passes `until`."""
        now = _clock()
        self.figures = Figures(now)
        self._send(*self._phone.pick_up(now))
        async with asyncio.TaskGroup() as group:
            reader = group.create_task(self._read())
            try:
                while self._end is None or self._outgoing:
                    now = _clock()
                    if hang_up.is_set():
                        self.stopped = self.stopped or self._end is None
                        self._leave(now)
                    elif until is not None and now >= until:
                        self._leave(now)
                    self._pump(now)
                    await self._write(now)
                    await self._rest()
            finally:
                reader.cancel()
        assert self._end is not None
        return self._end

    # The socket

    async def _read(self) -> None:
        try:
            while True:
                self._arrived(await self._socket.recv())
        except ConnectionClosed as closed:
            frame = closed.rcvd
            self._arrived(_Closed(1006, "") if frame is None else _Closed(frame.code, frame.reason))

    def _arrived(self, what: bytes | str | _Closed) -> None:
        self._incoming.append((self._lines.back.arrival(_clock()), what))
        self._stirred.set()

    async def _write(self, now: float) -> None:
        try:
            async with asyncio.timeout(_SEND_S):
                while self._outgoing and self._outgoing[0][0] <= now:
                    await self._socket.send(self._outgoing.popleft()[1], text=True)
        except ConnectionClosed:  # the reader knows how
            self._outgoing.clear()
        except TimeoutError:
            self._outgoing.clear()
            self._fail(f"the server has not read from its socket for {_SEND_S:g} s")
            self._phone.server_closed(now)
            self._end = self._end or StreamEnd(EndedBy.SERVER, 1006, "stalled", now)

    async def _rest(self) -> None:
        """Sleeps until the next thing is due, or something arrives."""
        if self._end is not None and not self._outgoing:
            return
        due = [queue[0][0] for queue in (self._incoming, self._outgoing) if queue]
        deadline = self._phone.deadline()
        if deadline is not None:
            due.append(deadline)
        alarm = asyncio.get_running_loop().call_later(max(0.0, min(due) - _clock()), self._stirred.set)
        await self._stirred.wait()
        self._stirred.clear()
        alarm.cancel()

    # The pump

    def _pump(self, now: float) -> None:
        while self._incoming and self._incoming[0][0] <= now:
            self._deliver(*self._incoming.popleft())
        self._send(*self._phone.wake(now))
        if self._phone.stage is PhoneStage.TALKING and now >= self._phone.frame_due_at():
            self._converse(now)
            self._send(*self._phone.frames(now))

    def _deliver(self, at: float, what: bytes | str | _Closed) -> None:
        match what:
            case str():
                for effect in self._phone.receive(what.encode("utf-8", "replace"), at):
                    self._take(effect)
            case bytes():
                self._phone.receive_binary(at)
            case _Closed():
                self._phone.server_closed(at)
                self._outgoing.clear()
                self._end = self._end or StreamEnd(EndedBy.SERVER, what.code, what.reason, at)
            case _:
                assert_never(what)

    def _take(self, effect: Effect) -> None:
        match effect:
            case bytes():
                self._send(effect)
            case AgentAudio():
                if self.figures.agent_audio(effect):
                    self._watch(events.AgentSpoke(self._latest_ms()))
            case AgentCut():
                self._behaviour.agent_cut()
                if (cut := self.figures.agent_cut(effect)) is not None:
                    self._watch(events.AgentStopped(cut.stop_ms or 0.0, cut.heard_ms or 0.0))
            case _:
                assert_never(effect)

    def _latest_ms(self) -> float | None:
        return self.figures.turns[-1].v2v_ms if self.figures.turns else self.figures.first_audio_ms

    def _converse(self, now: float) -> None:
        phone = self._phone
        orders = self._behaviour.tick(
            now, audible=phone.agent_audible(now), more=phone.agent_talking(now), speaking=phone.speaking
        )
        for order in orders:
            self._obey(order, now)

    def _obey(self, order: Order, now: float) -> None:
        match order:
            case Speak(utterance):
                over = self._phone.agent_talking(now)
                self.figures.caller_spoke(utterance.text, self._phone.say(utterance.audio), over_agent=over)
                self._watch(events.CallerSpoke(utterance.text, over))
            case Press(digit):
                self._send(self._phone.press(digit))
                self.figures.key_pressed(digit, now)
                self._watch(events.KeyPressed(digit))
            case Fail(text):
                self._fail(text)
            case Leave():
                self._leave(now)
            case _:
                assert_never(order)

    def _leave(self, now: float) -> None:
        if self._phone.stage is not PhoneStage.TALKING:
            return
        self._send(self._phone.hang_up(now))
        self._end = StreamEnd(EndedBy.CALLER, at=now)

    def _fail(self, text: str) -> None:
        self.failures.append(text)
        self._watch(events.Failed(text))

    def _send(self, *frames: bytes) -> None:
        now = _clock()
        self._outgoing.extend((self._lines.out.arrival(now), frame) for frame in frames)

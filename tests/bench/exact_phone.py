"""A phone that knows the truth: what of each stretch of agent audio was played when the agent was cut.

The line has a delay each way, the playout buffer begins late, as Twilio's does, and is the one of the simulated caller.
Whatever the bridge sends is taken in the order of the socket, after the delay.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from picows import WSFrame, WSMsgType, WSTransport

from tests.bench.phones import Phone
from tests.bench.stamps import BYTES_PER_MS, STAMP_BYTES, read_stamp_bytes
from tests.bench.tally import Tally
from twilio_rt_cli.caller.playout import PlayoutBuffer
from twilio_rt_cli.protocol import twilio
from twilio_rt_cli.protocol.twilio import Clear, SendMark, SendMedia

BUFFER_DELAY_MS = 100


class DelayLine:
    """Delivers what is put in after a fixed time, in order."""

    def __init__(self, delay_s: float, deliver: Callable[[bytes], None]) -> None:
        self._delay_s = delay_s
        self._deliver = deliver
        self._waiting: deque[tuple[float, bytes]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def put(self, raw: bytes) -> None:
        """One message."""
        if not self._delay_s:
            self._deliver(raw)
            return
        self._waiting.append((time.monotonic() + self._delay_s, raw))
        if self._timer is None:
            self._arm()

    def stop(self) -> None:
        """Forget what is on its way."""
        self._waiting.clear()
        if self._timer is not None:
            self._timer.cancel()

    def _arm(self) -> None:
        wait_s = max(0.0, self._waiting[0][0] - time.monotonic())
        self._timer = asyncio.get_running_loop().call_later(wait_s, self._due)

    def _due(self) -> None:
        self._timer = None
        while self._waiting and self._waiting[0][0] <= time.monotonic() + 0.0005:
            self._deliver(self._waiting.popleft()[1])
        if self._waiting and self._timer is None:
            self._arm()


@dataclass(slots=True)
class Stretch:
    """Where one delta's audio lies in the stream, by its number."""

    number: int
    start: int
    end: int


@dataclass(slots=True)
class Truth:
    """What was played when the clear was applied."""

    at: float
    clear_came_at: float
    """when the clear came in at the phone's socket, before the delay of the line"""
    heard_bytes: dict[int, int]
    """number of a delta → how much of it was played"""
    silent_s: float
    """how long nothing had been played by then"""


@dataclass(slots=True)
class CutWatch:
    """One interruption as the phone sees it. The model makes it when it says `speech_started`."""

    last_number: int
    """highest number of a delta of the answer that is cut"""
    truth: Truth | None = None
    media_after_clear: int = 0
    """messages with audio of the cut answer that came after the clear"""
    clear_came_at: float = 0.0
    unheard_ms: float = 0.0
    """what was still to be played when a clear should have been applied, if none came"""


class ExactPhone(Phone):
    """A phone behind a line, with the truth."""

    def __init__(self, call: int, caller: Tally, agent: Tally, rtt_s: float) -> None:
        super().__init__(call, caller, agent)
        self.rtt_s = rtt_s
        self.watch: CutWatch | None = None
        self._to_bridge = DelayLine(rtt_s / 2, super().say)
        self._from_bridge = DelayLine(rtt_s / 2, self._arrived)
        self._buffer = PlayoutBuffer(start_delay_ms=BUFFER_DELAY_MS)
        self._stretches: list[Stretch] = []
        self._part = b""
        self._alarm_exact: asyncio.TimerHandle | None = None

    def say(self, text: bytes) -> None:
        self._to_bridge.put(text)

    def unheard_ms(self) -> float:
        """What is still to be played."""
        return (self._buffer.end - self._buffer.position(time.monotonic())) / BYTES_PER_MS

    def take(self, raw: bytes) -> None:
        if self.watch is not None and not self.watch.clear_came_at and raw.startswith(b'{"event":"clear"'):
            self.watch.clear_came_at = time.monotonic()
        self._from_bridge.put(raw)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type is WSMsgType.TEXT:
            self.take(frame.get_payload_as_bytes())
        else:
            super().on_ws_frame(transport, frame)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self._to_bridge.stop()
        self._from_bridge.stop()
        if self._alarm_exact is not None:
            self._alarm_exact.cancel()
        super().on_ws_disconnected(transport)

    def _arrived(self, raw: bytes) -> None:
        now = time.monotonic()
        self._echo_reached(now)
        match twilio.decode_outgoing(raw):
            case SendMedia(self._stream_sid, media):
                self._queue(media.payload, now)
            case SendMark(self._stream_sid, mark):
                if self._buffer.mark(mark.name, now):
                    self._echo(mark.name)
            case Clear(self._stream_sid):
                self._cut(now)
            case _:
                self._agent.altered += 1
        self._rearm(now)

    def _queue(self, audio: bytes, now: float) -> None:
        position = self._buffer.end
        if self._buffer.append(audio, now):
            self._agent.altered += 1  # more than ten minutes
        while audio:
            last = self._stretches[-1] if self._stretches else None
            room = last.end - position if last is not None else 0
            if room <= 0:
                audio = self._part + audio
                position -= len(self._part)
                self._part = b""
                if len(audio) < STAMP_BYTES:
                    self._part = audio
                    return
                if not self._begin(audio, position):
                    return
                continue
            audio, position = audio[room:], position + min(room, len(audio))

    def _begin(self, audio: bytes, position: int) -> bool:
        """A stretch begins here; False when this is none, or one that was cut."""
        stamp = read_stamp_bytes(audio)
        late = self.watch is not None and self.watch.truth is not None and stamp.number <= self.watch.last_number
        if stamp.call != self.call or late:
            if self.watch is not None:
                self.watch.media_after_clear += 1
            else:
                self._agent.altered += 1
            return False
        self._agent.received += 1
        self._stretches.append(Stretch(stamp.number, position, position + stamp.size))
        return True

    def _cut(self, now: float) -> None:
        before = self._buffer.end
        cut, names = self._buffer.clear(now)
        if self.watch is not None and self.watch.truth is None:
            heard = {one.number: max(0, min(cut.position, one.end) - one.start) for one in self._stretches}
            silent_s = 0.0 if cut.position < before else max(0.0, now - self._played_out_at())
            self.watch.truth = Truth(now, self.watch.clear_came_at, heard, silent_s)
        self._stretches.clear()
        self._part = b""
        for name in names:
            self._echo(name)

    def _played_out_at(self) -> float:
        """When the last of what was queued had been played."""
        runs = self._buffer.runs(time.monotonic())
        if not runs:
            return time.monotonic()
        start_at, audio = runs[-1]
        return start_at + len(audio) / BYTES_PER_MS / 1000

    def _echo_reached(self, now: float) -> None:
        for name in self._buffer.reached(now):
            self._echo(name)

    def _rearm(self, now: float) -> None:
        if self._alarm_exact is not None:
            self._alarm_exact.cancel()
            self._alarm_exact = None
        deadline = self._buffer.deadline()
        if deadline is not None:
            wait_s = max(0.0, deadline - now) + 0.0005
            self._alarm_exact = asyncio.get_running_loop().call_later(wait_s, self._on_exact_alarm)

    def _on_exact_alarm(self) -> None:
        self._alarm_exact = None
        now = time.monotonic()
        self._echo_reached(now)
        self._rearm(now)

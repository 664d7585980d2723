"""Phones by the hundred on one loop: Twilio's side of a media stream, as lean as it can be.

Each sends a frame of stamped audio every 20 ms, checks every byte of agent audio that comes back, and echoes marks when
they would have been played: a modelled buffer takes eight bytes a millisecond. What a bridge sends is read as strictly
as Twilio reads it; agent audio may come cut in any way, since it is joined before it is looked at.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from tests.bench.beat import Beat
from tests.bench.stamps import (
    BYTES_PER_MS,
    FRAME_BYTES,
    STAMP_BYTES,
    Stamp,
    noise,
    noise_text,
    read_stamp_bytes,
    stamp_text,
    variant_of,
)
from tests.bench.tally import Tally
from twilio_rt_cli.protocol import twilio
from twilio_rt_cli.protocol.twilio import AccountSid, CallSid, Clear, SendMark, SendMedia, StartDetails, StreamSid

VARIANTS = sorted({variant_of(number) for number in range(100)})
_MEDIA = b'{"event":"media","sequenceNumber":"%d","media":{"track":"inbound","chunk":"%d","timestamp":"%d","payload":"'
CONNECT_S = 10.0


class Phone(WSListener):
    """One call's far end. It talks while it is a member of a beat."""

    def __init__(self, call: int, caller: Tally, agent: Tally) -> None:
        self.call = call
        self.closed = asyncio.Event()
        self._caller, self._agent = caller, agent
        self.call_sid = CallSid(f"CA{call + 1:032x}")
        self.account_sid = AccountSid("AC" + "1" * 32)
        self._stream_sid = StreamSid(f"MZ{call:032x}")
        self._tails = [
            noise_text(call, variant, FRAME_BYTES) + b'"},"streamSid":"%s"}' % self._stream_sid.encode()
            for variant in VARIANTS
        ]
        self._transport: WSTransport | None = None
        self._sequence = 1
        self._frames = 0
        self._ears = AgentAudio(call, agent)
        self._played_until = 0.0
        self._marks: deque[tuple[float, str]] = deque()
        self._alarm: asyncio.TimerHandle | None = None

    def beat(self) -> None:
        """Say 20 ms more."""
        if self._transport is None:
            return
        number = self._frames
        self._frames = number + 1
        self._sequence += 1
        self._caller.sent += 1
        head = _MEDIA % (self._sequence, self._frames, number * 20)
        stamp = stamp_text(self.call, number, FRAME_BYTES)
        self.say(head + stamp + self._tails[variant_of(number)])

    def say(self, text: bytes) -> None:
        """Send one message; nothing once the socket is gone."""
        if self._transport is not None:
            self._transport.send(WSMsgType.TEXT, text)

    def hold_reading(self) -> None:
        """Take nothing from the socket any more."""
        if self._transport is not None:
            self._transport.underlying_transport.pause_reading()

    def resume_reading(self) -> None:
        """Take again what comes."""
        if self._transport is not None:
            self._transport.underlying_transport.resume_reading()

    def hang_up(self) -> None:
        """Say stop and close, as Twilio does."""
        if self._transport is not None:
            stop = twilio.stop_text(self._stream_sid, self._sequence + 1, twilio.StopDetails())
            self._transport.send(WSMsgType.TEXT, stop)
            self._transport.send_close()
            self._transport.disconnect()

    # picows calls these.

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._transport = transport
        self.begin()

    def begin(self) -> None:
        """Say who calls."""
        details = StartDetails(self.call_sid, self.account_sid, self._stream_sid)
        self.say(twilio.connected_text())
        self.say(twilio.start_text(details, 1))

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type is not WSMsgType.TEXT:
            if frame.msg_type is WSMsgType.CLOSE:
                transport.send_close()
                transport.disconnect()
            return
        self.take(frame.get_payload_as_bytes())

    def take(self, raw: bytes) -> None:
        """A message from the bridge."""
        match twilio.decode_outgoing(raw):
            case SendMedia(self._stream_sid, media):
                self._play(media.payload)
            case SendMark(self._stream_sid, mark):
                self._marks.append((self._played_until, mark.name))
                self._echo_played()
            case Clear(self._stream_sid):
                self._played_until = 0.0
                self._marks = deque((0.0, name) for _, name in self._marks)
                self._echo_played()
            case _:  # malformed, or another call's
                self._agent.altered += 1

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self._transport = None
        if self._alarm is not None:
            self._alarm.cancel()
        self.closed.set()

    def _play(self, audio: bytes) -> None:
        self._ears.hear(audio)
        self._played_until = max(self._played_until, time.monotonic()) + len(audio) / BYTES_PER_MS / 1000

    def _echo_played(self) -> None:
        now = time.monotonic()
        while self._marks and self._marks[0][0] <= now:
            self._echo(self._marks.popleft()[1])
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if self._marks:
            # A millisecond more: uvloop counts from the beginning of its turn, and an echo must not come too early.
            wait_s = self._marks[0][0] - now + 0.001
            self._alarm = asyncio.get_running_loop().call_later(wait_s, self._on_alarm)

    def _on_alarm(self) -> None:
        self._alarm = None
        self._echo_played()

    def _echo(self, name: str) -> None:
        self._sequence += 1
        self.say(twilio.mark_echo_text(self._stream_sid, self._sequence, name))


class AgentAudio:
    """Joins what comes of the agent's stretches and checks each of them."""

    def __init__(self, call: int, tally: Tally) -> None:
        self._call = call
        self._tally = tally
        self._part = bytearray()
        self._stamp: Stamp | None = None
        self._expected = 0

    def hear(self, audio: bytes) -> None:
        """More of it."""
        self._part += audio
        while len(self._part) >= STAMP_BYTES:
            stamp = self._stamp
            if stamp is None:
                stamp = self._stamp = read_stamp_bytes(self._part)
                if stamp.call != self._call or stamp.size < STAMP_BYTES:
                    self._tally.altered += 1
                    self._part.clear()
                    self._stamp = None
                    return
                self._expected = self._tally.arrived(stamp, self._expected)
            if len(self._part) < stamp.size:
                return
            if self._part[STAMP_BYTES : stamp.size] != noise(self._call, variant_of(stamp.number), stamp.size):
                self._tally.altered += 1
            del self._part[: stamp.size]
            self._stamp = None


async def connect(url: str, phone: Phone) -> None:
    """Open the phone's socket. Raises what picows raises, TimeoutError after ten seconds."""
    async with asyncio.timeout(CONNECT_S):
        await ws_connect(lambda: phone, url, websocket_handshake_timeout=CONNECT_S)


Dial = Callable[[str, Phone], Awaitable[None]]
"""Opens a phone's socket at a URL"""


class Phones:
    """Several phones that talk. Frames begin right behind `start`, as Twilio's do."""

    def __init__(self, url: str, caller: Tally, agent: Tally, dial: Dial = connect) -> None:
        self._url = url
        self._dial = dial
        self.caller, self.agent = caller, agent
        """shared with the model, which counts what of the caller arrives and what of the agent it sends"""
        self.beat = Beat(20)
        self.phones: list[Phone] = []
        self._made = 0

    async def call(self, count: int, per_second: float) -> None:
        """So many more phones, dialled one after the other at this rate."""
        await self.bring([Phone(self._made + one, self.caller, self.agent) for one in range(count)], per_second)
        self._made += count

    async def bring(self, phones: Sequence[Phone], per_second: float) -> None:
        """These phones, dialled one after the other at this rate."""
        for phone in phones:
            due_at = time.monotonic() + 1 / per_second
            self.phones.append(phone)
            await self._dial(self._url, phone)
            self.beat.join(phone)
            await asyncio.sleep(max(0.0, due_at - time.monotonic()))

    async def hang_up(self) -> None:
        """All of them, and wait until their sockets are gone."""
        gone, self.phones = self.phones, []
        for phone in gone:
            self.beat.leave(phone)
            phone.hang_up()
        async with asyncio.timeout(CONNECT_S):
            for phone in gone:
                await phone.closed.wait()

"""One short call: both its sides play until it stands where it is to end, and then one of them ends it.

Phone and model tell the call how far they are; at a random moment soon after its stage is reached the cause happens.
The call is over when the phone's socket is gone and no connection for it is left at the model.
"""

import asyncio
import random

from picows import WSCloseCode, WSTransport

from tests.bench.beat import Beat
from tests.bench.phones import Phone, connect
from tests.bench.tally import Tally
from tests.soak import breaks
from tests.soak.endings import Cause, Ending, Stage
from tests.soak.lines import Line
from tests.soak.webhook import WEBHOOKS, tell
from twilio_rt_cli.protocol import twilio

MOST_S = 20.0
LINGER_S = 0.15
"""how long at most a call stays in the stage in which it ends"""
ON_ITS_WAY_S = 0.02
"""for what the model just said to reach the bridge"""
_TOLD_BY_MODEL = (Stage.CALLER_SPEAKS, Stage.TOOL_RUNS, Stage.ENDING)
_HEAD = (
    b"GET /media-stream HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


class ShortCall:
    """A call with its ending. `live` through it once."""

    def __init__(self, number: int, ending: Ending, seed: int) -> None:
        self.number = number
        self.ending = ending
        self.dice = random.Random(f"{seed}.{number}")
        self.phone = ShortPhone(self)
        self.lost_early = False
        """the bridge had closed the phone's socket before its stage was reached"""
        self._lines: set[Line] = set()
        self._no_line = asyncio.Event()
        self._no_line.set()
        self._there = asyncio.Event()
        self._ended = False

    async def live(self, url: str, beat: Beat, webhooks: float) -> None:
        """All of it; with this probability Twilio asks afterwards. Raises TimeoutError when something does not end."""
        stage = self.ending.stage
        async with asyncio.timeout(MOST_S):
            if stage is Stage.UPGRADING:
                await self._break_off_the_upgrade(url)
                return
            await connect(url, self.phone)
            if stage not in (Stage.OPEN, Stage.CONNECTED):
                beat.join(self.phone)
            try:
                await self._there.wait()
                least_s = ON_ITS_WAY_S if stage in _TOLD_BY_MODEL else 0.0
                await asyncio.sleep(self.dice.choice((least_s, self.dice.uniform(least_s, LINGER_S))))
                self._end()
                await self.phone.closed.wait()
                if stage not in (Stage.OPEN, Stage.CONNECTED) and self.dice.random() < webhooks:
                    status = await tell(url, self.dice.choice(WEBHOOKS), self.phone.call_sid, self.phone.account_sid)
                    assert status < 300, status
                await self._no_line.wait()
            finally:
                beat.leave(self.phone)

    # What the two sides tell

    def at(self, stage: Stage) -> None:
        """The call has come this far."""
        if stage is self.ending.stage:
            self._there.set()

    def phone_gone(self) -> None:
        """The phone's socket is closed, whoever did it."""
        self.lost_early = self.lost_early or not self._there.is_set()
        self._there.set()

    def heard(self) -> None:
        """The phone hears the agent for the first time."""
        self.at(Stage.AGENT_SPEAKS)
        for line in self._lines:
            if self.ending.stage is Stage.CLEARED and line.talker is not None:
                line.talker.barge_in()
            elif self.ending.stage is Stage.ENDING and line.ws is not None:
                breaks.close(line.ws, self.dice.choice((WSCloseCode.OK, WSCloseCode.INTERNAL_ERROR)))
                self.at(Stage.ENDING)

    def line_made(self, line: Line) -> None:
        """A connection for this call was made at the model."""
        self._lines.add(line)
        self._no_line.clear()

    def line_dialled(self, line: Line) -> None:
        """It asks for the upgrade, and nobody answers. The bridge tries twice: the second time it is like the first."""
        if self._ended and not self.ending.cause.of_phone:
            end_line(line, self.ending.cause, self.dice)
        self.at(Stage.DIALLING)

    def line_lost(self, line: Line) -> None:
        """That connection is gone."""
        self._lines.discard(line)
        if not self._lines:
            self._no_line.set()

    # The end

    def _end(self) -> None:
        self._ended = True
        if self.ending.cause.of_phone:
            end_phone(self.phone, self.ending.cause, self.dice)
            return
        for line in tuple(self._lines):
            end_line(line, self.ending.cause, self.dice)

    async def _break_off_the_upgrade(self, url: str) -> None:
        """A part of the head, or all of it, and no more."""
        host, _, port = url.removeprefix("ws://").partition("/")[0].rpartition(":")
        loop = asyncio.get_running_loop()
        wire, _ = await loop.create_connection(asyncio.Protocol, host, int(port))
        wire.write(_HEAD[: self.dice.choice((0, self.dice.randint(1, len(_HEAD)), len(_HEAD)))])
        await asyncio.sleep(self.dice.choice((0.0, self.dice.uniform(0.0, LINGER_S))))
        (breaks.cut if self.ending.cause is Cause.PHONE_CUTS else breaks.reset)(wire)


class ShortPhone(Phone):
    """The phone of a short call."""

    def __init__(self, call: ShortCall) -> None:
        super().__init__(call.number, Tally(), Tally())
        self.ws: WSTransport | None = None
        self._of = call
        self._has_heard = False

    def begin(self) -> None:
        match self._of.ending.stage:
            case Stage.OPEN:
                self._of.at(Stage.OPEN)
            case Stage.CONNECTED:
                self.say(twilio.connected_text())
                self._of.at(Stage.CONNECTED)
            case _:
                super().begin()
                self._of.at(Stage.STARTED)

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.ws = transport
        super().on_ws_connected(transport)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self.ws = None
        super().on_ws_disconnected(transport)
        self._of.phone_gone()

    def take(self, raw: bytes) -> None:
        super().take(raw)
        if raw.startswith(b'{"event":"clear"'):
            self._of.at(Stage.CLEARED)
        elif not self._has_heard and raw.startswith(b'{"event":"media"'):
            self._has_heard = True
            self._of.heard()


def end_phone(phone: ShortPhone, cause: Cause, dice: random.Random) -> None:
    """The phone ends the call, or waits until the bridge does."""
    ws = phone.ws
    if ws is None:  # gone already
        return
    match cause:
        case Cause.PHONE_STOPS:
            phone.hang_up()
        case Cause.PHONE_CLOSES:
            breaks.close(ws, WSCloseCode.OK)
        case Cause.PHONE_CUTS:
            breaks.cut(ws.underlying_transport)
        case Cause.PHONE_RESETS:
            breaks.reset(ws.underlying_transport)
        case Cause.PHONE_BABBLES:
            breaks.babble(ws, dice)
        case Cause.PHONE_WAITS:
            pass
        case _:
            raise AssertionError(cause)


def end_line(line: Line, cause: Cause, dice: random.Random) -> None:
    """The model ends this connection, or leaves it without an answer."""
    match cause:
        case Cause.MODEL_CLOSES | Cause.MODEL_FAILS if line.ws is not None:
            breaks.close(line.ws, WSCloseCode.OK if cause is Cause.MODEL_CLOSES else WSCloseCode.INTERNAL_ERROR)
        case Cause.MODEL_BABBLES if line.ws is not None:
            breaks.babble(line.ws, dice)
        case Cause.MODEL_CUTS:
            breaks.cut(line.wire)
        case Cause.MODEL_RESETS:
            breaks.reset(line.wire)
        case Cause.MODEL_FORBIDS:
            breaks.refuse(line.wire, "401 Unauthorized")
        case Cause.MODEL_BREAKS:
            breaks.refuse(line.wire, "500 Internal Server Error")
        case Cause.MODEL_WAITS:
            pass
        case _:
            raise AssertionError(cause)

"""What lies under a leg, without a socket: it takes all, and keeps what was written."""

import asyncio
from typing import Any

from twilio_rt_cli.bridge.leg import Leg, Owner
from twilio_rt_cli.bridge.model_leg import ModelLeg
from twilio_rt_cli.models.dialects.openai import OPENAI
from twilio_rt_cli.models.dialects.session import ModelDialect


class Wire:
    """picows' transport and asyncio's, as far as a leg uses them. What was closed is gone at once."""

    is_close_frame_sent = False
    is_client_side = False
    close_handshake = None

    def __init__(self, leg: Leg) -> None:
        self.sent: list[bytes] = []
        self.written = asyncio.Event()
        self.underlying_transport = self
        self._leg = leg
        transport: Any = self
        leg.on_ws_connected(transport)

    def send(self, kind: object, text: bytes) -> None:
        self.sent.append(text)
        self.written.set()

    def write(self, frames: bytes) -> None:
        self.sent.append(frames)

    def send_close(self, code: object, reason: bytes) -> None:
        self.is_close_frame_sent = True
        transport: Any = self
        asyncio.get_running_loop().call_soon(self._leg.on_ws_disconnected, transport)

    def abort(self) -> None: ...

    def set_write_buffer_limits(self, high: int) -> None: ...

    def get_extra_info(self, name: str) -> "Wire":
        return self

    def setsockopt(self, *option: int) -> None: ...


class WiredModel:
    """A model that can be dialled, whose socket is a wire."""

    def __init__(self, dialect: ModelDialect = OPENAI) -> None:
        self.dialect = dialect
        self.legs: list[ModelLeg] = []
        self.wires: list[Wire] = []
        self.dialled = asyncio.Event()

    async def dial(self, owner: Owner) -> ModelLeg:
        leg = ModelLeg(owner, self.dialect, 1 << 20)
        self.legs.append(leg)
        self.wires.append(Wire(leg))
        self.dialled.set()
        return leg

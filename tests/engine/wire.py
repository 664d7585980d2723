"""A client on a real socket; every frame it gets is checked strictly."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from websockets.asyncio.client import ClientConnection, connect

from tests.engine.strict import Event, checked

LIMIT_S = 10


class Wire:
    """Sends events and waits for events."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.events: list[Event] = []

    async def send(self, kind: str, **fields: object) -> None:
        """A client event."""
        await self.socket.send(json.dumps({"type": kind, **fields}))

    async def append(self, audio: bytes, frame_bytes: int = 160) -> None:
        """Audio, in frames of 20 ms of µ-law."""
        for start in range(0, len(audio), frame_bytes):
            frame = base64.b64encode(audio[start : start + frame_bytes]).decode()
            await self.send("input_audio_buffer.append", audio=frame)

    async def next(self) -> Event:
        """The next event."""
        async with asyncio.timeout(LIMIT_S):
            event = checked(await self.socket.recv(decode=False))
        self.events.append(event)
        return event

    async def until(self, *kinds: str) -> Event:
        """The next event of one of these types; an error that was not asked for fails."""
        while (event := await self.next())["type"] not in kinds:
            assert event["type"] != "error", event
        return event

    async def phone(self, **session: object) -> None:
        """Session settings for a phone call."""
        pcmu = {"format": {"type": "audio/pcmu"}}
        audio = {"input": {**pcmu, "transcription": {"model": "x"}}, "output": pcmu}
        await self.send("session.update", session={"type": "realtime", "audio": audio, **session})
        await self.until("session.updated")


@asynccontextmanager
async def connected(url: str, *, query: str = "?model=gpt-realtime-2.1", **options: object) -> AsyncIterator[Wire]:
    """A client of the engine at `url`."""
    headers = {"Authorization": "Bearer anything", **{str(k): str(v) for k, v in options.items()}}
    async with connect(url + query, compression=None, max_size=None, additional_headers=headers) as socket:
        yield Wire(socket)

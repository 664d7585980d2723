"""A plain bridge as most people write it: FastAPI's WebSocket, the `websockets` client, the standard library's json.

It does the same job (session.update, audio both ways, a mark behind each delta, clear when the caller speaks) without
any playout logic, and does it the idiomatic way: one task per direction. `python -m tests.bench.reference MODEL_URL`
listens on a free port and says `{"port":…}`.
"""

import asyncio
import json
import socket
import ssl
import sys
from typing import Any

import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

SESSION = {
    "type": "session.update",
    "session": {
        "type": "realtime",
        "output_modalities": ["audio"],
        "instructions": "Be brief.",
        "audio": {
            "input": {"format": {"type": "audio/pcmu"}, "turn_detection": {"type": "server_vad"}},
            "output": {"format": {"type": "audio/pcmu"}, "voice": "marin"},
        },
    },
}


class ReferenceCall:
    """One call: two tasks and what they share."""

    def __init__(self, phone: WebSocket, model: ClientConnection) -> None:
        self._phone = phone
        self._model = model
        self._stream_sid = ""
        self._marks = 0

    async def run(self) -> None:
        await self._model.send(json.dumps(SESSION))
        await self._model.send(json.dumps({"type": "response.create"}))
        await asyncio.gather(self._from_phone(), self._from_model())

    async def _from_phone(self) -> None:
        try:
            async for text in self._phone.iter_text():
                message = json.loads(text)
                if message["event"] == "media":
                    append = {"type": "input_audio_buffer.append", "audio": message["media"]["payload"]}
                    await self._model.send(json.dumps(append))
                elif message["event"] == "start":
                    self._stream_sid = message["start"]["streamSid"]
        except (WebSocketDisconnect, ConnectionClosed):
            pass
        finally:
            await self._model.close()

    async def _from_model(self) -> None:
        try:
            async for text in self._model:
                event = json.loads(text)
                if event["type"] == "response.output_audio.delta":
                    await self._tell({"event": "media", "media": {"payload": event["delta"]}})
                    self._marks += 1
                    await self._tell({"event": "mark", "mark": {"name": f"mark-{self._marks}"}})
                elif event["type"] == "input_audio_buffer.speech_started":
                    await self._tell({"event": "clear"})
        except ConnectionClosed:
            pass

    async def _tell(self, message: dict[str, Any]) -> None:
        await self._phone.send_json({**message, "streamSid": self._stream_sid})


def application(model_url: str) -> FastAPI:
    """The bridge as an ASGI application. One TLS context for all calls, which many bridges forget."""
    app = FastAPI()
    context = ssl.create_default_context() if model_url.startswith("wss:") else None

    @app.websocket("/media-stream")
    async def media_stream(phone: WebSocket) -> None:
        await phone.accept()
        async with connect(model_url, ssl=context) as model:
            await ReferenceCall(phone, model).run()

    return app


def main() -> None:
    """Serve until a signal."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    sys.stdout.write(json.dumps({"port": listener.getsockname()[1]}) + "\n")
    sys.stdout.flush()
    server = uvicorn.Server(uvicorn.Config(application(sys.argv[1]), log_level="warning"))
    server.run(sockets=[listener])


if __name__ == "__main__":
    main()

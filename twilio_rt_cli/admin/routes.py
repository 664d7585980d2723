"""What the admin port shows of calls, and the one thing that it does to them.

`GET /metrics`, `GET /calls`, `GET /calls/{call_sid}`, `GET /events`, `POST /calls/{call_sid}/hangup`. Where the figures
come from is not its business: it is given functions.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import msgspec
from fastapi import APIRouter, HTTPException, Query, Request, Response
from fastapi.params import Depends
from starlette.types import Receive, Scope, Send

from twilio_rt_cli.admin.broadcast import Broadcast, Reader
from twilio_rt_cli.live.snapshot import CallDetail, Snapshot
from twilio_rt_cli.protocol.twilio import CallSid
from twilio_rt_cli.server.admission.registry import HungUp


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminSource:
    """Whom the admin port asks. All are called on the loop."""

    snapshot: Callable[[int, int | None], Snapshot]
    """the server now, with so many calls (None: all) from this one on"""
    detail: Callable[[CallSid], CallDetail | None]
    hang_up: Callable[[CallSid], HungUp]
    metrics: Callable[[str], tuple[bytes, str]]
    """the metrics and their content type, for an Accept header"""
    events: Broadcast
    close: Callable[[], None] = lambda: None
    """the port closes: who reads events must hear of it, and go"""


def calls_router(source: AdminSource, changing: Depends) -> APIRouter:
    """The routes; `changing` is what who wants to change something must pass."""
    router = APIRouter()

    async def metrics(request: Request) -> Response:
        """Metrics for Prometheus, or as OpenMetrics for who accepts that."""
        text, content_type = source.metrics(request.headers.get("accept", ""))
        return Response(text, headers={"Content-Type": content_type})

    async def calls(
        first: Annotated[int, Query(ge=0)] = 0, rows: Annotated[int | None, Query(ge=0)] = None
    ) -> Response:
        """The server and its calls at this moment; of many, `?first=20&rows=10`."""
        return _json(source.snapshot(first, rows))

    async def call(call_sid: str) -> Response:
        """One call on the line, and what was said so far."""
        found = source.detail(CallSid(call_sid))
        if found is None:
            raise HTTPException(404, "No such call is known here.")
        return _json(found)

    async def hang_up(call_sid: str) -> dict[str, str | bool]:
        """Hang up, in order: the caller hears no apology. 404: no such call; 409: it is ending already."""
        match source.hang_up(CallSid(call_sid)):
            case HungUp.UNKNOWN:
                raise HTTPException(404, "No such call is on the line.")
            case HungUp.ENDING:
                raise HTTPException(409, "This call is ending already.")
            case HungUp.DONE:
                return {"call": call_sid, "hung_up": True}

    async def events() -> Response:
        """Event lines as they happen, for up to 50 readers."""
        reader = source.events.join()
        if reader is None:
            raise HTTPException(503, "Too many read the events already, or the server is stopping.")
        return _EventLines(reader, source.events)

    router.add_api_route("/metrics", metrics, methods=["GET"], response_model=None)
    router.add_api_route("/calls", calls, methods=["GET"], response_model=None)
    router.add_api_route("/calls/{call_sid}", call, methods=["GET"], response_model=None)
    router.add_api_route("/calls/{call_sid}/hangup", hang_up, methods=["POST"], dependencies=[changing])
    router.add_api_route("/events", events, methods=["GET"], response_model=None)
    return router


def _json(answer: msgspec.Struct) -> Response:
    return Response(msgspec.json.encode(answer), media_type="application/json")


class _EventLines(Response):
    """JSON lines until the reader goes or there are no more."""

    def __init__(self, reader: Reader, broadcast: Broadcast) -> None:
        super().__init__(media_type="application/x-ndjson", headers={"Cache-Control": "no-store"})
        del self.headers["content-length"]
        self._reader = reader
        self._broadcast = broadcast

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                watching = group.create_task(self._until_it_goes(receive))
                await self._send_lines(send)
                watching.cancel()
        finally:
            self._broadcast.leave(self._reader)

    async def _send_lines(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        while chunk := await self._reader.chunk():
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _until_it_goes(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._broadcast.leave(self._reader)

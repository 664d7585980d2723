"""One request at a time begins, and the loop looks at its sockets before the next does.

A webhook costs the work of twenty frames. Forty that come in the same moment would all run before the loop reads a
socket again, and every call on the line would wait for all of them; like this it waits for one. Only beginnings take
turns: a request that waits for its body, or for a call to end, holds up nobody.
"""

import asyncio
from collections import deque

from starlette.types import ASGIApp, Receive, Scope, Send


class Turnstile:
    """Lets requests in, in the order of their coming, one in each turn of the loop."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._free = True
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        loop = asyncio.get_running_loop()
        if self._free:
            self._free = False
            loop.call_soon(self._next)
        else:
            turn: asyncio.Future[None] = loop.create_future()
            self._waiting.append(turn)
            await turn
        await self._app(scope, receive, send)

    def _next(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():  # it is when its request was cancelled
                turn.set_result(None)
                asyncio.get_running_loop().call_soon(self._next)
                return
        self._free = True

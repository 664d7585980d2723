"""Requests for this machine alone: a page in a browser that was led here by its DNS names another Host."""

from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from twilio_rt_cli.protocol.origin import is_loopback_host


class LoopbackOnly:
    """Answers 403 to any Host but loopback, and asks the app about the rest."""

    def __init__(self, app: ASGIApp, on_refused: Callable[[str, str], None] = lambda address, method: None) -> None:
        """`on_refused` hears the address and the method of each request that was turned away."""
        self._app = app
        self._on_refused = on_refused

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer: ASGIApp = self._app
        if not is_loopback_host(", ".join(Headers(scope=scope).getlist("host"))):
            self._on_refused(scope["client"][0] if scope.get("client") else "", scope["method"])
            answer = PlainTextResponse("Forbidden", 403)
        await answer(scope, receive, send)

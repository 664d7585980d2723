"""The HTTP application of the public port: the routes, and nothing that tells a stranger more than they do."""

from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from twilio_rt_cli.notices import Refusal
from twilio_rt_cli.server.origin import is_loopback_host
from twilio_rt_cli.server.reception import Reception
from twilio_rt_cli.server.turnstile import Turnstile
from twilio_rt_cli.server.webhook import Webhooks


def create_app(reception: Reception) -> ASGIApp:
    """The app: no docs routes; where signatures are not checked, for this machine only."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    app.include_router(Webhooks(reception).router())
    return Turnstile(app if reception.config.checked else _LoopbackOnly(app, reception))


class _LoopbackOnly:
    """Refuses requests to any Host but loopback, as a page in a browser would make them by a DNS name."""

    def __init__(self, app: ASGIApp, reception: Reception) -> None:
        self._app = app
        self._reception = reception

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer: ASGIApp = self._app
        if not is_loopback_host(", ".join(Headers(scope=scope).getlist("host"))):
            address = scope["client"][0] if scope.get("client") else ""
            self._reception.turn_away(Refusal.HOST, address, f"{scope['method']} request")
            answer = PlainTextResponse("Forbidden", 403)
        await answer(scope, receive, send)

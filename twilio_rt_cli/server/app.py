"""The HTTP application of the public port: the routes, and nothing that shows a stranger more than they do."""

from fastapi import FastAPI
from starlette.types import ASGIApp

from twilio_rt_cli.server.admission.notices import Refusal
from twilio_rt_cli.server.context import ServerContext
from twilio_rt_cli.server.loopback import LoopbackOnly
from twilio_rt_cli.server.turnstile import Turnstile
from twilio_rt_cli.server.webhook import Webhooks


def create_app(context: ServerContext) -> ASGIApp:
    """The app: no docs routes; where signatures are not checked, for this machine only."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    app.include_router(Webhooks(context).router())
    if context.config.checked:
        return Turnstile(app)

    def refused(address: str, method: str) -> None:
        context.turn_away(Refusal.HOST, address, f"{method} request")

    return Turnstile(LoopbackOnly(app, refused))

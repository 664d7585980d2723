"""The bridge in this process, on a free loopback port, answered by an offline engine: what `call-test` calls."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

from twilio_rt_cli.call.notices import Notice
from twilio_rt_cli.protocol.twilio import CallSid


@asynccontextmanager
async def run_local_bridge(
    engine_url: str, auth_token: str, publish: Callable[[CallSid, Notice], None], *, calls: int = 1
) -> AsyncIterator[str]:
    """The origin (http://127.0.0.1:PORT) of a bridge with the bundled prompt and tools, serving on the running loop.

    Neither the environment nor `.env` is read. It checks signatures by `auth_token`, and gives every call's notices to
    `publish`. Leaving the context ends what is still going on. Raises ServerError when it cannot listen.
    """
    from twilio_rt_cli.agents.agent import OneForAll
    from twilio_rt_cli.serve.call_opener import CallOpener
    from twilio_rt_cli.server.run import BridgeServer
    from twilio_rt_cli.settings.loading import bare_settings
    from twilio_rt_cli.settings.parts import agent_of, server_config, terms_of

    settings = bare_settings(
        realtime_provider="local",
        host="127.0.0.1",
        port=0,
        twilio_auth_token=auth_token,
        limit_concurrency=max(1000, calls),
    )
    agents, terms = OneForAll(agent_of(settings)), terms_of(settings, engine_url)
    opener = CallOpener(agents, terms, lambda call_sid: partial(publish, call_sid))
    server = BridgeServer(server_config(settings), opener.open, lambda _: None)
    async with server.running() as port:
        yield port.local_url

"""Keeps a tunnel up: looks at it every second, opens it again when it broke, and gives up in the end."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from twilio_rt_cli.errors import TwilioRtError, UnreachableError
from twilio_rt_cli.machine.threads import in_thread, to_the_end
from twilio_rt_cli.tunnel.changes import TunnelChange, TunnelDown, TunnelLost, TunnelUp
from twilio_rt_cli.tunnel.config import TunnelConfig
from twilio_rt_cli.tunnel.ngrok_api import same_url
from twilio_rt_cli.tunnel.sources import TunnelSource, broken, find_source

_LONGEST_PAUSE_S = 30.0
_SILENT_LOOKS = 2
"""an agent that does not answer once may be busy"""


class Tunnel:
    """A tunnel while it is kept up."""

    def __init__(self, public_url: str, api_url: str) -> None:
        self.public_url = public_url
        """the address it has, or had until it broke"""
        self.api_url = api_url
        """of the agent that holds it"""


@asynccontextmanager
async def open_tunnel(config: TunnelConfig, on_change: Callable[[TunnelChange], None]) -> AsyncIterator[Tunnel]:
    """A tunnel to our port, kept up until the end of this context, and taken down then.

    `on_change` is called on the loop with what happens after the opening; after TunnelLost nothing more comes.
    Raises TwilioRtError when it cannot be opened: CredentialsError, UnreachableError, ServiceError, SettingsError.
    """
    keeper = _Keeper(config, on_change, await find_source(config))
    watching = asyncio.ensure_future(keeper.watch())
    try:
        yield keeper.tunnel
    finally:
        watching.cancel()
        try:
            await asyncio.wait({watching})
        finally:
            await to_the_end(keeper.close)


class _Keeper:
    def __init__(self, config: TunnelConfig, on_change: Callable[[TunnelChange], None], source: TunnelSource) -> None:
        self._config = config
        self._on_change = on_change
        self._source: TunnelSource | None = source
        self.tunnel = Tunnel(source.tunnel.public_url, source.tunnel.api_url)

    def close(self) -> None:
        """Take down what is up. Blocks."""
        source, self._source = self._source, None
        if source is not None:
            source.close()

    async def watch(self) -> None:
        """Tell when the tunnel breaks, and bring it back, until we are cancelled or it is lost."""
        while self._source is not None:
            why = await self._until_broken(self._source)
            self._on_change(TunnelDown(why))
            await to_the_end(self.close)
            try:
                self._source = await self._found_again()
            except TwilioRtError as error:
                self._on_change(TunnelLost(error))
                return
            changed = not same_url(self._source.tunnel.public_url, self.tunnel.public_url)
            self.tunnel.public_url = self._source.tunnel.public_url
            self.tunnel.api_url = self._source.tunnel.api_url
            self._on_change(TunnelUp(self.tunnel.public_url, changed))

    async def _until_broken(self, source: TunnelSource) -> str:
        silent = 0
        while True:
            await asyncio.sleep(self._config.poll_s)
            why = await in_thread(lambda: broken(source, self._config.answer_s))
            silent = silent + 1 if why == "" else 0
            if why:
                return why
            if silent >= _SILENT_LOOKS:
                return "ngrok does not answer any more"

    async def _found_again(self) -> TunnelSource:
        """The source, when it is back. Raises the last problem once it was away for too long."""
        loop = asyncio.get_running_loop()
        until, pause_s = loop.time() + self._config.give_up_s, self._config.retry_s
        while True:
            try:
                async with asyncio.timeout_at(until):
                    return await find_source(self._config)
            except TimeoutError:
                raise self._lost("it does not come up", "") from None
            except TwilioRtError as error:
                if loop.time() + pause_s >= until:
                    raise self._lost(error.message, error.hint) from error
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    def _lost(self, why: str, hint: str) -> UnreachableError:
        hint = hint or "Look at https://status.ngrok.com, and start again."
        return UnreachableError(f"The tunnel is down for {self._config.give_up_s:g} s: {why}", hint=hint)

"""A server's admin port as others ask it: the live view of another terminal, and whoever attaches."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar
from urllib.parse import urlsplit

import httpx
import msgspec

from twilio_rt_cli.errors import ServiceError, SettingsError, UnreachableError
from twilio_rt_cli.live.snapshot import CallDetail, Snapshot
from twilio_rt_cli.machine.state import running_server

Told = TypeVar("Told")
_ANSWER_S = 2.0


def known_admin_url() -> str:
    """Where this user's running server is asked. Raises SettingsError when none runs."""
    server = running_server()
    if server is None:
        raise SettingsError(
            "No server of yours runs here.", hint="Start one by `twilio-rt serve`, or name its admin port."
        )
    return server.admin_url


@asynccontextmanager
async def open_admin(url: str) -> AsyncIterator["Admin"]:
    """A server's admin port at this URL. Raises SettingsError when that is none."""
    if not _is_url(url):
        raise SettingsError(f"{url} is no address of an admin port.", hint="It is like http://127.0.0.1:5002.")
    async with httpx.AsyncClient(base_url=url, timeout=_ANSWER_S, trust_env=False) as client:
        yield Admin(client, url)


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


class Admin:
    """A server's admin port."""

    def __init__(self, client: httpx.AsyncClient, url: str) -> None:
        self._client = client
        self._url = url

    async def snapshot(self, first: int, rows: int) -> Snapshot:
        """The server now. Raises UnreachableError, or ServiceError when it is no server of ours."""
        return self.read(await self.ask("/calls", {"first": first, "rows": rows}), Snapshot)

    async def detail(self, call_sid: str) -> CallDetail | None:
        """One call; None when it does not run."""
        raw = await self.ask(f"/calls/{call_sid}")
        return self.read(raw, CallDetail) if raw else None

    async def hang_up(self, call_sid: str) -> None:
        """End this call."""
        await self.ask(f"/calls/{call_sid}/hangup", method="POST")

    async def ask(self, path: str, query: dict[str, int] | None = None, method: str = "GET") -> bytes:
        """The answer's body; nothing for a single call that does not run any more, or is ending."""
        try:
            answer = await self._client.request(method, path, params=query)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise UnreachableError(
                f"The server at {self._url} does not answer: {str(error) or type(error).__name__}.",
                hint="Does it run? `twilio-rt serve` tells its admin port with --json (`admin_url`).",
            ) from error
        if answer.status_code in (404, 409) and path != "/calls":
            return b""
        if not answer.is_success:
            raise ServiceError(
                f"{self._url}{path} answers {answer.status_code}.", hint="Is that an admin port of ours?"
            )
        return answer.content

    def read(self, raw: bytes, kind: type[Told]) -> Told:
        """The answer as what it should be. Raises ServiceError when it is not."""
        try:
            return msgspec.json.decode(raw, type=kind)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise ServiceError(
                f"What {self._url} tells is not what we read: {error}.", hint="Is its server of another version?"
            ) from error

"""A server's admin port as others ask it: the live view of another terminal, who opens a tunnel, whoever attaches."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TypeVar
from urllib.parse import urlsplit

import httpx
import msgspec

from twilio_rt_cli.errors import ServiceError, SettingsError, UnreachableError
from twilio_rt_cli.live.snapshot import CallDetail, Snapshot
from twilio_rt_cli.machine.reasons import reason_behind
from twilio_rt_cli.machine.state import running_server

Answer = TypeVar("Answer")
_ANSWER_S = 2.0


def known_admin_url() -> str:
    """Where this user's running server is asked. Raises SettingsError when none runs."""
    server = running_server()
    if server is None:
        raise SettingsError(
            "No server of yours runs here.", hint="Start one by `twilio-rt serve`, or name its admin port."
        )
    return server.admin_url


def origin_known_to(admin_url: str) -> str | None:
    """The origin that the server names and checks signatures against; None when it does not tell. It blocks."""
    with suppress(httpx.HTTPError, httpx.InvalidURL, msgspec.MsgspecError, RecursionError):
        answer = httpx.get(f"{admin_url}/origin", timeout=_ANSWER_S, trust_env=False).raise_for_status()
        return msgspec.json.decode(answer.content, type=_KnownOrigin).origin
    return None


class _KnownOrigin(msgspec.Struct, frozen=True):
    origin: str | None = None


@asynccontextmanager
async def open_admin(url: str) -> AsyncIterator["Admin"]:
    """A server's admin port at this URL. Raises SettingsError when that is none."""
    if not _is_url(url):
        raise SettingsError(f"{url} is no address of an admin port.", hint="It is like http://127.0.0.1:5002.")
    async with admin_client() as client:
        yield Admin(client, url)


def admin_client() -> httpx.AsyncClient:
    """What asks admin ports, to be closed by its context."""
    return httpx.AsyncClient(timeout=_ANSWER_S, trust_env=False)


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


class NoAnswerError(UnreachableError):
    """A server's admin port did not answer."""

    def __init__(self, url: str, why: str) -> None:
        super().__init__(
            f"The server at {url} does not answer: {why}.",
            hint="Does it run? `twilio-rt serve` tells its admin port with --json (`admin_url`).",
        )
        self.why = why


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

    async def put_origin(self, origin: str | None, port: int) -> int:
        """Tell the server on this port where it is reached, or (None) that it no longer is; its answer's status.

        Raises NoAnswerError.
        """
        return (await self._request("PUT", "/origin", json={"origin": origin, "port": port})).status_code

    async def ask(self, path: str, query: dict[str, int] | None = None, method: str = "GET") -> bytes:
        """The answer's body; nothing for a single call that does not run any more, or is ending.

        Raises NoAnswerError, or ServiceError when it is no server of ours.
        """
        answer = await self._request(method, path, query)
        if answer.status_code in (404, 409) and path != "/calls":
            return b""
        if not answer.is_success:
            raise ServiceError(
                f"{self._url}{path} answers {answer.status_code}.", hint="Is that an admin port of ours?"
            )
        return answer.content

    async def _request(
        self, method: str, path: str, query: dict[str, int] | None = None, json: object = None
    ) -> httpx.Response:
        try:
            return await self._client.request(method, self._url.rstrip("/") + path, params=query, json=json)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise NoAnswerError(self._url, reason_behind(error)) from error

    def read(self, raw: bytes, kind: type[Answer]) -> Answer:
        """The answer as what it should be. Raises ServiceError when it is not."""
        try:
            return msgspec.json.decode(raw, type=kind)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise ServiceError(
                f"What {self._url} tells is not what we read: {error}.", hint="Is its server of another version?"
            ) from error

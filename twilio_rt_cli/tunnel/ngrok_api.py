"""What an ngrok agent answers on its local API: the tunnels it has. Also makes one there, and ends it.

Plain blocking calls of at most a second each, past any proxy: `asyncio.to_thread` them. Both kinds of agent are read:
v3 lists `/api/endpoints`, v2 lists `/api/tunnels`. Source: ngrok, "Agent API"; pyngrok 9.1.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPException
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlsplit
from urllib.request import ProxyHandler, Request, build_opener
from uuid import uuid4

import msgspec

from twilio_rt_cli.protocol.origin import is_loopback_url

DEFAULT_API_URL = "http://127.0.0.1:4040"
_MORE_AGENTS = 5
"""an agent whose port is taken goes to the next one: 4041 and so on"""
_TIMEOUT_S = 1.0
_LISTS = ("/api/endpoints", "/api/tunnels")
_open = build_opener(ProxyHandler({})).open


@dataclass(frozen=True, slots=True)
class AgentTunnel:
    """A tunnel that an agent has."""

    api_url: str
    """of the agent"""
    uri: str
    """path of this tunnel in its API"""
    public_url: str
    upstream: str

    def leads_to(self, port: int) -> bool:
        """Whether it ends at this port, and begins where Twilio can begin: https, or on this machine."""
        parts = urlsplit(self.public_url)
        reachable = parts.scheme == "https" or (parts.scheme == "http" and is_loopback_url(self.public_url))
        return reachable and _port(self.upstream) == port


class AgentRefused(Exception):  # noqa: N818  # a fact about them, not an error of ours
    """The agent answered and would not do it; the text is its answer."""


def public_url(api_url: str, port: int) -> str | None:
    """The public URL of a tunnel to this port of ours that a running agent has; None when there is none."""
    found = find_tunnel(api_url, port)
    return found.public_url if found else None


def find_tunnel(api_url: str, port: int, url: str | None = None) -> AgentTunnel | None:
    """The tunnel to this port, at this URL if one is wanted, of the first agent that has one."""
    for one in _candidates(api_url):
        for tunnel in tunnels(one) or []:
            if tunnel.leads_to(port) and (url is None or same_url(tunnel.public_url, url)):
                return tunnel
    return None


def running_agent(api_url: str) -> str | None:
    """The API URL of the first agent that answers; None when there is none."""
    return next((one for one in _candidates(api_url) if tunnels(one) is not None), None)


def tunnels(api_url: str) -> list[AgentTunnel] | None:
    """All tunnels of the agent at exactly this URL; None when no agent answers there."""
    lists = [listed for path in _LISTS if (listed := _listed(api_url, path)) is not None]
    if not lists:
        return None
    by_url: dict[str, AgentTunnel] = {}
    for tunnel in (one for listed in lists for one in listed):  # an agent may have the same one in both lists
        by_url.setdefault(tunnel.public_url, tunnel)
    return list(by_url.values())


def is_listed(tunnel: AgentTunnel, timeout_s: float = _TIMEOUT_S) -> bool | None:
    """Whether its agent still has this tunnel; None when the agent does not answer. One question only."""
    listed = _listed(tunnel.api_url, tunnel.uri.rpartition("/")[0], timeout_s)
    return None if listed is None else any(same_url(one.public_url, tunnel.public_url) for one in listed)


def make_tunnel(api_url: str, port: int, url: str | None = None) -> AgentTunnel:
    """Have the agent at this URL open a tunnel to our port. Raises AgentRefused, or OSError when it does not answer."""
    name = f"twilio-rt-{port}-{uuid4().hex[:8]}"
    upstream = f"http://localhost:{port}"
    endpoint: dict[str, object] = {"name": name, "upstream": {"url": upstream}, **({"url": url} if url else {})}
    try:
        return _made(api_url, _LISTS[0], endpoint)
    except _NoSuchPathError:
        tunnel = {"name": name, "addr": upstream, "proto": "http"}
        return _made(api_url, _LISTS[1], {**tunnel, **({"domain": urlsplit(url).netloc} if url else {})})


def end_tunnel(tunnel: AgentTunnel, timeout_s: float = _TIMEOUT_S) -> None:
    """Have its agent close this tunnel; one that is closed already, or an agent that is gone, is no error."""
    try:
        _ask("DELETE", tunnel.api_url + tunnel.uri, timeout_s=timeout_s)
    except (AgentRefused, OSError, HTTPException):
        return


def same_url(one: str, other: str) -> bool:
    """Whether two origins are the same but for case and a last slash."""
    return one.rstrip("/").lower() == other.rstrip("/").lower()


class _Entry(msgspec.Struct):
    """One tunnel, in the words of either kind of agent."""

    name: str = ""
    uri: str = ""
    url: str = ""
    public_url: str = ""
    upstream: "_Upstream | str | None" = None
    config: "_Config | None" = None


class _Upstream(msgspec.Struct):
    url: str = ""


class _Config(msgspec.Struct):
    addr: str = ""


class _List(msgspec.Struct):
    endpoints: list[_Entry] | None = None
    tunnels: list[_Entry] | None = None

    @property
    def entries(self) -> list[_Entry]:
        """A v3 agent may answer with either name."""
        return [*(self.endpoints or []), *(self.tunnels or [])]


class _NoSuchPathError(AgentRefused):
    """This kind of agent has no such list."""


def _listed(api_url: str, path: str, timeout_s: float = _TIMEOUT_S) -> list[AgentTunnel] | None:
    try:
        answer = msgspec.json.decode(_ask("GET", api_url + path, timeout_s=timeout_s), type=_List)
    except (AgentRefused, OSError, HTTPException, ValueError):  # msgspec's errors are ValueErrors
        return None
    return [_tunnel(api_url, path, entry) for entry in answer.entries]


def _tunnel(api_url: str, path: str, entry: _Entry) -> AgentTunnel:
    upstream = entry.upstream.url if isinstance(entry.upstream, _Upstream) else entry.upstream
    upstream = upstream or (entry.config.addr if entry.config else "")
    uri = entry.uri or f"{path}/{quote(entry.name, safe='')}"
    return AgentTunnel(api_url, uri, (entry.public_url or entry.url).rstrip("/"), upstream)


def _made(api_url: str, path: str, request: dict[str, object]) -> AgentTunnel:
    try:
        answer = _ask("POST", api_url + path, msgspec.json.encode(request), timeout_s=10.0)  # it asks ngrok's servers
        entry = msgspec.json.decode(answer, type=_Entry)
    except (HTTPException, ValueError) as error:
        raise AgentRefused(f"the answer cannot be read ({error})") from error
    if not (entry.public_url or entry.url):
        raise AgentRefused("the answer names no URL")
    entry.name = entry.name or str(request["name"])
    return _tunnel(api_url, path, entry)


def _ask(method: str, url: str, body: bytes | None = None, timeout_s: float = _TIMEOUT_S) -> bytes:
    request = Request(url, body, {"Content-Type": "application/json"}, method=method)
    try:
        with _open(request, timeout=timeout_s) as answer:
            read: bytes = answer.read()
            return read
    except HTTPError as error:
        with error:
            text = error.read().decode(errors="replace")
        raise (_NoSuchPathError if error.code == 404 else AgentRefused)(text) from error
    except URLError as error:
        raise OSError(str(error.reason)) from error


def _candidates(api_url: str) -> Iterator[str]:
    yield api_url
    if api_url == DEFAULT_API_URL:
        for number in range(1, _MORE_AGENTS + 1):
            yield f"http://127.0.0.1:{4040 + number}"


def _port(upstream: str) -> int | None:
    """The port that an upstream ends in: "5001", "localhost:5001", "http://127.0.0.1:5001"."""
    found = re.fullmatch(r"(?:https?://)?(?:[^/]*:)?(\d{1,5})/?", upstream)
    return int(found[1]) if found else None

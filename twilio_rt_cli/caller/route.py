"""Where a simulated Twilio connects, and in whose name: the origin that URLs name may differ from the one we dial.

A bridge behind a tunnel or proxy is called by its public origin, which TwiML names and signatures are made over. With
`sign_as` the caller plays that: it signs and names the public origin, sends its host name in `Host` as a tunnel would,
and connects to the target it was given. Any other origin that TwiML names is dialled as written. Pure.
"""

from dataclasses import dataclass
from typing import Self
from urllib.parse import urljoin, urlsplit, urlunsplit

from twilio_rt_cli.protocol.signature import Algorithm, headers_for

_WEBSOCKET = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}
_HTTP = {"ws": "http", "wss": "https", "http": "http", "https": "https"}
_PORTS = {"http": 80, "ws": 80, "https": 443, "wss": 443}


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs as Twilio does, with what it was given; without a secret it signs nothing."""

    secret: str | None = None
    algorithm: Algorithm = Algorithm.HMAC_SHA1

    def headers(self, url: str, params: tuple[tuple[str, str], ...] = ()) -> dict[str, str]:
        """The headers that sign a request to this URL with these form fields."""
        if not self.secret:
            return {}
        return headers_for(self.secret, url, params, algorithm=self.algorithm)


@dataclass(frozen=True, slots=True)
class Destination:
    """How to reach a named URL."""

    url: str
    """scheme of the way we take, host as named, so that `Host` says what a tunnel would let through"""
    host: str
    """to connect to"""
    port: int

    @property
    def address(self) -> str:
        """Host and port for people."""
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Route:
    """Maps URLs as named to URLs as dialled."""

    target: str
    """origin that we were pointed at"""
    named: str
    """origin that URLs name"""

    @classmethod
    def to(cls, target: str, sign_as: str | None = None) -> Self:
        """The route to a URL, optionally named otherwise."""
        return cls(_origin(target), _origin(sign_as or target))

    def name(self, target: str) -> str:
        """A URL of the target's as Twilio would name it."""
        parts = urlsplit(target)
        named = urlsplit(self.named)
        scheme = _like(parts.scheme, named.scheme)
        return urlunsplit((scheme, named.netloc, parts.path, parts.query, ""))

    def destination(self, named: str) -> Destination:
        """Where to connect for a URL as named."""
        parts = urlsplit(named)
        way = urlsplit(self.target) if self._is_ours(named) else parts
        scheme = _like(parts.scheme, way.scheme)
        url = urlunsplit((scheme, parts.netloc, parts.path, parts.query, ""))
        return Destination(url, way.hostname or "", way.port or _PORTS.get(way.scheme, 443))

    def _is_ours(self, named: str) -> bool:
        parts, ours = urlsplit(named), urlsplit(self.named)
        return parts.netloc.lower() == ours.netloc.lower()


def resolve(base: str, reference: str) -> str:
    """A URL in TwiML, which may be relative to the document it stands in; https becomes wss for a stream elsewhere."""
    return urljoin(base, reference)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.lower(), "", "", ""))


def _like(kind: str, security: str) -> str:
    """The scheme of this kind (HTTP or WebSocket) that is as secure as the other scheme."""
    return (_WEBSOCKET if kind in {"ws", "wss"} else _HTTP).get(security, security)

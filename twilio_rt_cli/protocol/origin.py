"""Origins, which hosts are loopback, and our own: what TwiML names and signatures are checked against.

Never a forwarded header.
"""

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

_LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")
_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[^:\[\]]+)(?::\d{1,5})?")


def is_loopback(host: str) -> bool:
    """Whether a host name or address can only mean our own machine.

    It is taken as a whole and written in full: no name that only begins like ours (127.0.0.1.evil.example), and no
    spelling that a resolver may read in another way (127.1, localhost with a dot behind it).
    """
    if host.lower() == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    # Python 3.13 looks into ::ffff:127.0.0.1 itself, older ones do not.
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def is_loopback_host(header: str | None) -> bool:
    """Whether a Host header names our own machine. A page in a browser that was led here by its DNS names another."""
    found = _HOST.fullmatch((header or "").strip().lower())
    return found is not None and is_loopback(found["name"].strip("[]"))


def is_loopback_url(url: str) -> bool:
    """Whether a URL leads to our own machine. One that cannot be read, or can be read in two ways, does not."""
    if re.search(r"[\s\\]", url):
        return False
    try:
        host = urlsplit(url).netloc
    except ValueError:
        return False
    return is_loopback_host(host.rpartition("@")[2])


def is_below(url: str, domain: str) -> bool:
    """Whether a URL's host is this domain or one below it."""
    host = (urlsplit(url).hostname or "").removesuffix(".")
    return f".{host}".endswith(f".{domain}")


@dataclass(frozen=True, slots=True)
class Origin:
    """`scheme://host` or `scheme://host:port`, http or https."""

    url: str

    @classmethod
    def of(cls, public_url: str | None, local_url: str) -> "Origin":
        """The configured origin, else our loopback address."""
        return cls((public_url or local_url).rstrip("/").lower())

    @property
    def websocket_url(self) -> str:
        """The same origin for streams: wss for https, ws for http."""
        return "ws" + self.url.removeprefix("http")

    @property
    def spellings(self) -> tuple[str, ...]:
        """The origin; of a loopback one all three names, which count as one."""
        return _spellings(self.url)

    @property
    def websocket_spellings(self) -> tuple[str, ...]:
        """The same for streams."""
        return _spellings(self.websocket_url)


@dataclass(slots=True)
class Origins:
    """Everybody who may say where we are reached; the first of them that said something is believed."""

    local: str = ""
    """the loopback address we listen on; empty until we do"""
    configured: str | None = None
    """PUBLIC_URL"""
    tunnel: str | None = None
    """of the tunnel we opened"""
    announced: str | None = None
    """by another process on the admin port"""
    agent: str | None = None
    """of a tunnel to our port that an ngrok agent knows"""

    @property
    def public(self) -> str | None:
        """Where Twilio reaches us; None when only this machine does."""
        return self.configured or self.tunnel or self.announced or self.agent

    @property
    def current(self) -> Origin:
        """The origin that TwiML names and signatures are checked against."""
        return Origin.of(self.public, self.local)


def _spellings(url: str) -> tuple[str, ...]:
    scheme, _, host = url.partition("://")
    found = _HOST.fullmatch(host)
    if found is None or not is_loopback(found["name"].strip("[]")):
        return (url,)
    port = host.removeprefix(found["name"])
    names = dict.fromkeys((found["name"], *_LOOPBACK_NAMES))
    return tuple(f"{scheme}://{name}{port}" for name in names)


def split_url(text: str, rule: str) -> SplitResult:
    """The parts of a URL that begins as the rule says. Raises ValueError, the end of a sentence, when it is none."""
    no_url = f"is not a URL: it must begin with {rule}"
    try:
        url = urlsplit(text)
        url.port  # noqa: B018  # reading it checks it
    except ValueError:
        raise ValueError(no_url) from None
    if not url.hostname or re.search(r"[\s\\]", text) or re.search(r"\][^:]", url.netloc):  # [::1].evil.example
        raise ValueError(no_url)
    if "@" in url.netloc:
        raise ValueError("must not carry a user name or password")
    return url


def origin_text(text: str) -> str:
    """An origin, its host in small letters. Raises ValueError with what is wrong, as the end of a sentence."""
    url = split_url(text, "https://, without a path")
    if url.path not in {"", "/"} or url.query or url.fragment or text.endswith(("?", "#")):
        raise ValueError("must be an origin, https://host or https://host:port, without a path")
    if url.scheme != "https" and not (url.scheme == "http" and is_loopback(url.hostname or "")):
        raise ValueError("must begin with https:// (http:// is for loopback only)")
    return f"{url.scheme}://{url.netloc.lower()}"

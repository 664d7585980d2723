"""Who really sent a request: Twilio's `X-Twilio-Signature`, made and checked.

Twilio signs the URL it requests, followed by the form fields, and sends the base64 of an HMAC beside the request
(Twilio docs, "Security": validating requests; twilio-python, `request_validator.py`). Two schemes exist:

- HMAC-SHA1 keyed by the account's Auth Token. No further header, or one that says `algorithm=HMAC_SHA1`.
- HMAC-SHA256 keyed by a SharedKey of the customer's own. The header `X-Twilio-Webhooks-Signature-Settings:
  key=…,algorithm=HMAC_SHA256` announces it.

No downgrade: what a request announces picks one key and one hash, and nothing else is tried. The two keys are separate
secrets, so a forger who adds, removes or rewrites the settings header only changes which secret is missing. An unknown
or contradictory announcement is refused; so is a scheme whose key is absent or empty (with an empty key anybody could
sign). A server that wants SharedKey signatures alone leaves the Auth Token out of its Verifier.

A signature holds no nonce and no time, so it can be replayed: whoever needs more puts a one-time token in the path.
"""

import hmac
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from urllib.parse import parse_qs, parse_qsl

SIGNATURE_HEADER = "X-Twilio-Signature"
SETTINGS_HEADER = "X-Twilio-Webhooks-Signature-Settings"

_REQUEST_PORTS = {"http": "80", "https": "443"}
_UPGRADE_PORTS = {"ws": "80", "wss": "443"}
_URL = re.compile(
    r"(?P<scheme>[a-z]+)://"
    r"(?P<host>(?:[^/?#]*@)?(?:\[[0-9A-Fa-f:.]+\]|[^/?#@:\[\]]+))"
    r"(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<rest>(?:[/?#].*)?)",
    re.DOTALL,
)


class Algorithm(StrEnum):
    """The hash under a signature, as the settings header spells it."""

    HMAC_SHA1 = "HMAC_SHA1"
    HMAC_SHA256 = "HMAC_SHA256"


@dataclass(frozen=True, slots=True)
class Verifier:
    """Says whether a request carries Twilio's signature. Whatever a stranger sends, the answer is True or False.

    `url` is always the URL as Twilio was given it (our origin, path and query), never one put together from forwarded
    headers. `signature` and `settings` are the values of SIGNATURE_HEADER and SETTINGS_HEADER, None when absent.
    """

    auth_token: str | None = field(default=None, repr=False)
    shared_key: str | None = field(default=None, repr=False)

    def verify_form(
        self, url: str, params: Sequence[tuple[str, str]], signature: str | None, settings: str | None = None
    ) -> bool:
        """True for a POST of form fields that Twilio signed. `params` as `parse_form` gives them."""
        return self._verify(_spellings(url, _REQUEST_PORTS), params, signature, settings)

    def verify_get(self, url: str, signature: str | None, settings: str | None = None) -> bool:
        """True for a GET that Twilio signed: the query is part of `url`, there are no fields."""
        return self._verify(_spellings(url, _REQUEST_PORTS), (), signature, settings)

    def verify_json(self, url: str, body: bytes, signature: str | None, settings: str | None = None) -> bool:
        """True for a body that Twilio signed by its SHA-256 in the query, `bodySHA256`; a query without it fails."""
        query = url.partition("#")[0].partition("?")[2]
        hashes = parse_qs(query).get("bodySHA256", [])
        if len(hashes) != 1 or not _same(sha256(body).hexdigest(), hashes[0]):
            return False
        return self.verify_get(url, signature, settings)

    def verify_upgrade(self, url: str, signature: str | None, settings: str | None = None) -> bool:
        """True for a WebSocket handshake that Twilio signed: the `wss://` (or `ws://`) URL as TwiML named it."""
        return self._verify(_spellings(url, _UPGRADE_PORTS), (), signature, settings)

    def _verify(
        self, urls: Sequence[str], params: Sequence[tuple[str, str]], signature: str | None, settings: str | None
    ) -> bool:
        algorithm = _announced(settings)
        secret = self.shared_key if algorithm is Algorithm.HMAC_SHA256 else self.auth_token
        if algorithm is None or not secret or not signature:
            return False
        try:
            expected = [sign(secret, url, params, algorithm=algorithm) for url in urls]
        except UnicodeEncodeError:  # a lone surrogate: not a text that Twilio could have signed
            return False
        return sum(_same(one, signature) for one in expected) > 0  # a sum, so that every spelling costs the same


def sign(
    secret: str, url: str, params: Sequence[tuple[str, str]] = (), *, algorithm: Algorithm = Algorithm.HMAC_SHA1
) -> str:
    """The base64 signature of a request: the URL, then each field's name and value, in the order of the names.

    Blank values count. A name that comes more than once adds its different values, sorted. For GET, JSON and WebSocket
    requests there are no fields. Raises UnicodeEncodeError for text that is not Unicode (lone surrogates).
    """
    text = url + "".join(name + value for name, value in sorted(set(params)))
    digest = "sha256" if algorithm is Algorithm.HMAC_SHA256 else "sha1"
    return b64encode(hmac.digest(secret.encode(), text.encode(), digest)).decode()


def headers_for(
    secret: str, url: str, params: Sequence[tuple[str, str]] = (), *, algorithm: Algorithm = Algorithm.HMAC_SHA1
) -> dict[str, str]:
    """The headers by which Twilio would sign this request; a simulated Twilio sends them."""
    headers = {SIGNATURE_HEADER: sign(secret, url, params, algorithm=algorithm)}
    if algorithm is not Algorithm.HMAC_SHA1:
        headers[SETTINGS_HEADER] = f"key=webhooks_sharedkey_simulated,algorithm={algorithm}"
    return headers


def parse_form(body: bytes) -> list[tuple[str, str]]:
    """The fields of an `application/x-www-form-urlencoded` body, in order, blank ones and repeated ones included."""
    return parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)


def _announced(settings: str | None) -> Algorithm | None:
    """The algorithm that the settings header names; the older one when it names none; None when it makes no sense."""
    pairs = [part.partition("=") for part in (settings or "").split(",")]
    named = {value.strip().upper() for name, _, value in pairs if name.strip() == "algorithm" and value.strip()}
    if not named:
        return Algorithm.HMAC_SHA1
    found = [one for one in Algorithm if one.value in named]
    return found[0] if len(named) == 1 and found else None


def _spellings(url: str, ports: Mapping[str, str]) -> list[str]:
    """The URL as it is, and with its port left out or, where it has none, the scheme's standard port put in.

    Twilio is not consistent about ports, so its SDK tries both too. Nothing for a URL that is not of these schemes,
    has no host, or has a port that is no port.
    """
    parts = _URL.fullmatch(url)
    if parts is None or parts["scheme"] not in ports:
        return []
    start, port, rest = f"{parts['scheme']}://{parts['host']}", parts["port"], parts["rest"]
    if port is None:
        return [url, f"{start}:{ports[parts['scheme']]}{rest}"]
    return [url, start + rest] if 0 < int(port) <= 65535 else []


def _same(expected: str, given: str) -> bool:
    """Equality in constant time, for any two texts (compare_digest itself takes ASCII only)."""
    return hmac.compare_digest(expected.encode("utf-8", "backslashreplace"), given.encode("utf-8", "backslashreplace"))

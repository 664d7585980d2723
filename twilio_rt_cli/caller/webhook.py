"""The HTTP requests that Twilio makes for a call: voice webhook, redirects, `action`, status callbacks. All signed.

Source: Twilio, "TwiML Voice: your responses to incoming calls" (parameters), "Media Streams" (status callback).
"""

import asyncio
import time
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

import httpx
from anyio.lowlevel import checkpoint

from twilio_rt_cli.caller.failures import BRIDGE_HINT, unreachable
from twilio_rt_cli.caller.figures import tenths
from twilio_rt_cli.caller.route import Route, Signer
from twilio_rt_cli.caller.trust import trusted
from twilio_rt_cli.errors import CredentialsError, TwilioRtError, UnreachableError
from twilio_rt_cli.protocol import twiml
from twilio_rt_cli.protocol.origin import is_loopback_url

Params = tuple[tuple[str, str], ...]

ANSWER_S = 15.0
"""how long Twilio waits for TwiML"""
_LARGEST_ANSWER = 64 * 1024


@dataclass(frozen=True, slots=True)
class Caller:
    """The parameters that come with every request of a call."""

    call_sid: str
    account_sid: str
    from_number: str = "+14155550142"
    to_number: str = "+14155550100"
    direction: str = "inbound"
    """outbound-api: a call that Twilio was asked to place"""

    @property
    def first_status(self) -> str:
        """The call's status when its first document is asked for: one that Twilio places was answered by then."""
        return "ringing" if self.direction == "inbound" else "in-progress"

    def params(self, status: str) -> Params:
        """The form of a voice request while the call has this status."""
        return (
            ("AccountSid", self.account_sid),
            ("ApiVersion", "2010-04-01"),
            ("CallSid", self.call_sid),
            ("CallStatus", status),
            ("Called", self.to_number),
            ("Caller", self.from_number),
            ("CallerName", ""),
            ("Direction", self.direction),
            ("From", self.from_number),
            ("FromCity", ""),
            ("FromCountry", "US"),
            ("To", self.to_number),
            ("ToCity", ""),
            ("ToCountry", "US"),
        )


@dataclass(frozen=True, slots=True)
class Document:
    """TwiML and the URL it was named by, to which the URLs in it are relative."""

    url: str
    verbs: tuple[twiml.Verb, ...]


class WebhookFailed(Exception):  # noqa: N818  # a fact about them, not an error of ours
    """The server answered, but not with TwiML; the text carries Twilio's number for it."""


class Webhook:
    """Requests on behalf of one call. Use as an async context manager."""

    def __init__(self, route: Route, signer: Signer, caller: Caller) -> None:
        self._route = route
        self._signer = signer
        self._caller = caller
        self._http = httpx.AsyncClient(
            timeout=ANSWER_S,
            trust_env=not is_loopback_url(route.target),
            verify=trusted(route.target),
            follow_redirects=False,
            headers={"User-Agent": "TwilioProxy/1.1", "Accept": "*/*"},
        )

    async def __aenter__(self) -> "Webhook":
        await checkpoint()  # httpx loads what it needs of anyio at its first request: 50 ms that would count as theirs
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def fetch(self, url: str, *, status: str, method: str = "POST", extra: Params = ()) -> Document:
        """The TwiML at a named URL.

        Raises UnreachableError, CredentialsError when it refuses us, and WebhookFailed for any other bad answer.
        """
        answer = await self._request(url, method, (*self._caller.params(status), *extra))
        if answer.status_code == 403:
            raise self._refused(url)
        if answer.status_code != 200:
            raise WebhookFailed(f"{_path(url)} answered {answer.status_code} (Twilio 11200)")
        kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in {"text/xml", "application/xml"}:
            raise WebhookFailed(f"{_path(url)} answered {kind or 'no content type'}, not text/xml (Twilio 12300)")
        try:
            return Document(url, twiml.parse(answer.text[:_LARGEST_ANSWER]))
        except twiml.TwimlError as error:
            raise WebhookFailed(f"{_path(url)}: {error}") from error

    async def report(self, url: str, method: str, params: Params) -> str | None:
        """Tells a status callback something; what is wrong with its answer, if anything."""
        try:
            answer = await self._request(url, method, params)
        except TwilioRtError as error:
            return error.message
        return None if answer.status_code < 300 else f"{_path(url)} answered {answer.status_code} (Twilio 11200)"

    async def exists(self, url: str) -> str | None:
        """Fetches a recording; what is wrong with the answer, if anything."""
        return await self.report(url, "GET", ())

    async def _request(self, url: str, method: str, params: Params) -> httpx.Response:
        if method == "GET" and params:
            url = f"{url}{'&' if urlsplit(url).query else '?'}{urlencode(params)}"
        form = params if method == "POST" else ()
        destination = self._route.destination(url)
        way = httpx.URL(destination.url).copy_with(host=destination.host, port=destination.port)
        headers = {"Host": urlsplit(url).netloc, **self._signer.headers(url, form)}
        if form:
            headers["Content-Type"] = "application/x-www-form-urlencoded; charset=UTF-8"
        try:
            async with asyncio.timeout(ANSWER_S):
                return await self._http.request(method, way, content=urlencode(form).encode(), headers=headers)
        except (TimeoutError, httpx.TimeoutException) as error:
            raise UnreachableError(
                f"{destination.address} did not answer within {ANSWER_S:g} s.", hint=BRIDGE_HINT
            ) from error
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            why, hint = unreachable(destination.address, error)
            raise UnreachableError(f"{why}.", hint=hint) from error

    def _refused(self, url: str) -> CredentialsError:
        if not self._signer.secret:
            hint = "It checks signatures: set TWILIO_AUTH_TOKEN to the token that it checks them with."
        else:
            hint = "Its token must be our TWILIO_AUTH_TOKEN, and its origin the one we sign: see --sign-as."
        return CredentialsError(f"{_path(url)} refused our signature over {url} (403).", hint=hint)


def _path(url: str) -> str:
    return urlsplit(url).path or "/"


def elapsed_ms(since: float) -> float:
    """Milliseconds since a moment of `time.monotonic`, to a tenth."""
    return tenths(time.monotonic() - since)

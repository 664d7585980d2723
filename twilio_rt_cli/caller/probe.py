"""A round trip to ourselves by the public address: what Twilio will do for a call, before Twilio does it.

`GET /healthz` and `GET /` show that it is a twilio-rt that answers there; a signed webhook with the probe's Call SID
shows that both sides agree on secret and origin; the signed upgrade of the stream in its TwiML, and its close with
1000, show that WebSockets get through. No model is asked, and no place is taken.
"""

import asyncio
import ssl
import time
from dataclasses import dataclass, field
from enum import Enum
from urllib.parse import urlencode

import httpx
import msgspec
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from twilio_rt_cli.caller.failures import unreachable
from twilio_rt_cli.caller.figures import tenths
from twilio_rt_cli.caller.media_socket import StreamRefused, media_socket
from twilio_rt_cli.caller.route import Route, Signer
from twilio_rt_cli.caller.trust import trusted
from twilio_rt_cli.caller.webhook import Caller
from twilio_rt_cli.errors import CredentialsError
from twilio_rt_cli.protocol import twilio, twiml
from twilio_rt_cli.protocol.origin import is_loopback_url
from twilio_rt_cli.protocol.twilio import PROBE_CALL_SID, AccountSid, StartDetails, StreamSid

NOBODYS_ACCOUNT = "AC" + "0" * 32
_STREAM = StreamSid("MZ" + "0" * 32)
_LARGEST_ANSWER = 64 * 1024
_SIGNATURE_HINT = (
    "TWILIO_AUTH_TOKEN must be the one that the server was started with, and the server's origin the one probed."
)


class Step(Enum):
    """How far a probe came."""

    HEALTH = "health"
    """is it we who answer there"""
    WEBHOOK = "webhook"
    """is a signed request taken, and answered with a stream of this origin"""
    STREAM = "stream"
    """does the WebSocket get through"""


@dataclass(frozen=True, slots=True)
class Probe:
    """What came of it. Without a problem, all is well."""

    origin: str
    problem: str = ""
    """what failed, as a sentence"""
    hint: str = ""
    failed: Step | None = None
    refused: bool = False
    """the server answered that our signature is wrong: what it must say to a wrong one"""
    elapsed_ms: float = 0.0
    """of a `GET /healthz`, there and back, on an open connection"""
    version: str = field(default="")
    """of the twilio-rt that answered"""

    @property
    def ok(self) -> bool:
        """Whether Twilio would get through."""
        return not self.problem


async def probe(
    origin: str,
    signer: Signer,
    *,
    account_sid: str = NOBODYS_ACCOUNT,
    timeout_s: float = 10.0,
    stream_signer: Signer | None = None,
) -> Probe:
    """Make the round trip. Nothing is raised for what is wrong there: it is in the result.

    `account_sid` is TWILIO_ACCOUNT_SID when the server checks it. With a wrong secret, `refused` must come back; the
    stream alone may be given one.
    """
    trip = _Trip(origin.rstrip("/"), signer, account_sid, stream_signer or signer)
    try:
        async with asyncio.timeout(timeout_s):
            return await trip.make()
    except TimeoutError:
        return trip.failed(f"{trip.origin} did not answer within {timeout_s:g} s", "Is the tunnel or proxy up?")


class _FailedError(Exception):
    """The trip ends here."""

    def __init__(self, problem: str, hint: str = "", *, refused: bool = False) -> None:
        super().__init__(problem)
        self.problem = problem
        self.hint = hint
        self.refused = refused


class _About(msgspec.Struct):
    name: str
    version: str = ""


class _Trip:
    def __init__(self, origin: str, signer: Signer, account_sid: str, stream_signer: Signer) -> None:
        self.origin = origin
        self._signer = signer
        self._stream_signer = stream_signer
        self._account_sid = account_sid
        self._step = Step.HEALTH
        self._elapsed_ms = 0.0
        self._version = ""

    async def make(self) -> Probe:
        try:
            async with self._client() as http:
                await self._health(http)
                self._step = Step.WEBHOOK
                stream_url = await self._webhook(http)
            self._step = Step.STREAM
            await self._stream(stream_url)
        except _FailedError as error:
            return self.failed(error.problem, error.hint, refused=error.refused)
        return Probe(self.origin, elapsed_ms=self._elapsed_ms, version=self._version)

    def failed(self, problem: str, hint: str = "", *, refused: bool = False) -> Probe:
        return Probe(
            self.origin, f"{problem}.", hint, self._step, refused, elapsed_ms=self._elapsed_ms, version=self._version
        )

    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            timeout=None,  # the whole trip has a bound
            trust_env=not is_loopback_url(self.origin),
            verify=trusted(self.origin),
            headers={"User-Agent": "TwilioProxy/1.1", "Accept": "*/*"},
        )

    async def _health(self, http: httpx.AsyncClient) -> None:
        about = await self._ask(http, "GET", "/")
        try:
            said = msgspec.json.decode(about.content[:_LARGEST_ANSWER], type=_About)
        except ValueError:
            said = _About("")
        if about.status_code != 200 or said.name != "twilio-rt":
            raise _FailedError(
                f"Something else than twilio-rt answers at {self.origin} (status {about.status_code})",
                "Does the tunnel or proxy lead to our port?",
            )
        self._version = said.version
        asked_at = time.monotonic()
        healthy = await self._ask(http, "GET", "/healthz")
        self._elapsed_ms = tenths(time.monotonic() - asked_at)
        if healthy.status_code != 200:
            raise _FailedError(f"{self.origin}/healthz answered {healthy.status_code}")

    async def _webhook(self, http: httpx.AsyncClient) -> str:
        """The stream that the TwiML names."""
        path = "/incoming-call"
        form = Caller(PROBE_CALL_SID, self._account_sid).params("ringing")
        answer = await self._ask(http, "POST", path, form)
        if answer.status_code == 403:
            problem = f"{path} refused our signature over {self.origin}{path} (403)"
            hint = _SIGNATURE_HINT if self._signer.secret else "It checks signatures: set TWILIO_AUTH_TOKEN."
            raise _FailedError(problem, hint, refused=True)
        if answer.status_code != 200:
            raise _FailedError(f"{path} answered {answer.status_code}")
        try:
            verbs = twiml.parse(answer.text[:_LARGEST_ANSWER])
        except twiml.TwimlError as error:
            raise _FailedError(f"{path} answered no TwiML: {error}") from error
        for verb in verbs:
            if isinstance(verb, twiml.Connect) and verb.stream is not None:
                return self._of_this_origin(verb.stream.url)
        raise _FailedError(f"{path} offers no stream", "The server may be stopping.")

    def _of_this_origin(self, url: str) -> str:
        expected = "ws" + self.origin.removeprefix("http")
        if not url.startswith(expected + "/"):
            named = url.partition("/media-stream")[0]
            raise _FailedError(f"The server names {named} for its streams, not {expected}", "Set PUBLIC_URL to it.")
        return url

    async def _stream(self, url: str) -> None:
        try:
            async with media_socket(url, Route.to(self.origin), self._stream_signer) as socket:
                code, reason = await self._farewell(socket)
        except StreamRefused as error:
            hint = error.trouble.hint if error.trouble else "Does the tunnel or proxy pass WebSocket upgrades on?"
            text = str(error).replace(url.rpartition("/")[2], "…")  # the token
            refused = isinstance(error.trouble, CredentialsError)
            raise _FailedError(text[:1].upper() + text[1:], hint, refused=refused) from error
        if code != 1000:
            raise _FailedError(f"The stream was closed with {f'{code} {reason}'.strip()} instead of 1000")

    async def _farewell(self, socket: ClientConnection) -> tuple[int | None, str | None]:
        """Say who calls; how the server closes."""
        details = StartDetails(PROBE_CALL_SID, AccountSid(self._account_sid), _STREAM)
        try:
            for text in (twilio.connected_text(), twilio.start_text(details, 1)):
                await socket.send(text, text=True)
            async for _ in socket:
                pass
        except ConnectionClosed:
            pass
        return socket.close_code, socket.close_reason

    async def _ask(
        self, http: httpx.AsyncClient, method: str, path: str, form: tuple[tuple[str, str], ...] = ()
    ) -> httpx.Response:
        url = self.origin + path
        headers = self._signer.headers(url, form) if form else {}
        if form:
            headers["Content-Type"] = "application/x-www-form-urlencoded; charset=UTF-8"
        try:
            answer = await http.request(method, url, content=urlencode(form).encode(), headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise self._unreachable(error) from error
        number = answer.headers.get("ngrok-error-code", "")
        if number == "ERR_NGROK_8012":
            raise _FailedError(
                "The tunnel is up, but nothing listens at our end of it (ERR_NGROK_8012)",
                "Start the server, or open the tunnel to its port.",
            )
        if number:
            raise _FailedError(
                f"{self.origin} is answered by ngrok, not by us ({number})",
                f"https://ngrok.com/docs/errors/{number.lower()} explains it.",
            )
        return answer

    def _unreachable(self, error: Exception) -> _FailedError:
        cause: BaseException | None = error
        while cause is not None and not isinstance(cause, ssl.SSLError):
            cause = cause.__cause__ or cause.__context__
        if isinstance(cause, ssl.SSLError):
            why = getattr(cause, "verify_message", "") or cause.reason or str(cause)
            return _FailedError(f"{self.origin} does not speak TLS as it should: {why}", "Look at its certificate.")
        why, hint = unreachable(self.origin, error)
        return _FailedError(why, hint)

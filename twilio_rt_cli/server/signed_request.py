"""Requests that must be Twilio's: read within limits, checked before anything else happens, then a few of their fields.

The signature is made over our origin, the path and the query as requested, and the fields of a form (or the query's
`bodySHA256` of a JSON body). What is not Twilio's gets 403; what Twilio would never send gets 400, 408, 413 or 415.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import msgspec
from fastapi import HTTPException, Request
from starlette.requests import ClientDisconnect

from twilio_rt_cli.protocol.signature import SETTINGS_HEADER, SIGNATURE_HEADER, parse_form
from twilio_rt_cli.protocol.twilio import AccountSid, CallSid
from twilio_rt_cli.server.admission.notices import Refusal
from twilio_rt_cli.server.admission.registry import is_sid
from twilio_rt_cli.server.context import ServerContext, loggable

_BODY_BYTES = 65_536
_FORM = "application/x-www-form-urlencoded"
_JSON = "application/json"

log = logging.getLogger("twilio_rt.server")


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """A request that Twilio signed (or, unchecked, one from this machine)."""

    call_sid: CallSid
    account_sid: AccountSid
    fields: Mapping[str, str]

    def field(self, name: str) -> str:
        """A field's value; empty when absent."""
        return self.fields.get(name, "")


async def read_signed(request: Request, context: ServerContext) -> SignedRequest:
    """The request, once it is known to be Twilio's. Raises HTTPException with the status to answer."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = await _body(request, context.config.header_timeout_s)
    if request.method == "GET":
        kind, body = "", b""  # only its URL is signed
    elif kind not in {_FORM, _JSON} and (kind or body):
        raise HTTPException(415, "a form or JSON, please")
    form = parse_form(body) if kind == _FORM else []
    json = body if kind == _JSON else None
    if not _verified(request, context, form, json):
        context.wrongly_signed(context.origin.url + _target(request), lambda: _signed_url(request, context, form, json))
        _turn_away(request, context, Refusal.BAD_SIGNATURE)
    fields = _json_fields(body) if kind == _JSON else dict(form or request.query_params.multi_items())
    call_sid, account_sid = fields.get("CallSid", ""), fields.get("AccountSid", "")
    if not is_sid(call_sid) or (account_sid and not is_sid(account_sid)):
        raise HTTPException(400, "CallSid is missing")
    if context.config.account_sid not in {None, account_sid}:
        _turn_away(request, context, Refusal.ACCOUNT)
    return SignedRequest(CallSid(call_sid), AccountSid(account_sid), fields)


async def _body(request: Request, timeout_s: float) -> bytes:
    if (
        int(request.headers.get("content-length", 0)) > _BODY_BYTES
    ):  # a head whose length is no number came never so far
        raise HTTPException(413, "too large")
    body = bytearray()
    try:
        async with asyncio.timeout(timeout_s):
            async for chunk in request.stream():
                body += chunk
                if len(body) > _BODY_BYTES:
                    raise HTTPException(413, "too large")
    except TimeoutError:
        raise HTTPException(408, "too slow", {"Connection": "close"}) from None
    except ClientDisconnect:
        raise HTTPException(400, "incomplete") from None
    return bytes(body)


def _verified(request: Request, context: ServerContext, form: list[tuple[str, str]], json: bytes | None) -> bool:
    call_sid = dict(form or request.query_params.multi_items()).get("CallSid", "")
    return context.verify(context.urls(_target(request), call_sid), _check(request, context, form, json), call_sid)


def _check(
    request: Request, context: ServerContext, form: list[tuple[str, str]], json: bytes | None
) -> Callable[[str], bool]:
    """Whether this request is signed for a URL."""
    verifier = context.verifier
    signature = request.headers.get(SIGNATURE_HEADER)
    settings = request.headers.get(SETTINGS_HEADER)
    if json is not None:
        return lambda url: verifier.verify_json(url, json, signature, settings)
    if request.method == "GET":
        return lambda url: verifier.verify_get(url, signature, settings)
    return lambda url: verifier.verify_form(url, form, signature, settings)


def _signed_url(
    request: Request, context: ServerContext, form: list[tuple[str, str]], json: bytes | None
) -> str | None:
    """The URL that a refused request was signed for, if it can be guessed: for the log, never to let it in."""
    hosts = dict.fromkeys(filter(None, (request.headers.get("host"), request.headers.get("x-forwarded-host"))))
    check, target = _check(request, context, form, json), _target(request)
    urls = [f"{scheme}://{host}{target}" for host in hosts for scheme in ("https", "http")]
    return next((url for url in urls if check(url)), None)


def _target(request: Request) -> str:
    """Path and query as they were requested."""
    path: bytes = request.scope["raw_path"]
    query: bytes = request.scope["query_string"]
    return (path + b"?" + query if query else path).decode("latin-1")


def _json_fields(body: bytes) -> dict[str, str]:
    """The texts and numbers of a JSON object, as a form would spell them."""
    try:
        decoded = msgspec.json.decode(body, type=dict[str, object])
    except (ValueError, RecursionError):
        raise HTTPException(400, "not a JSON object") from None
    return {name: str(value) for name, value in decoded.items() if isinstance(value, str | int | float)}


def _turn_away(request: Request, context: ServerContext, refusal: Refusal) -> None:
    address = request.client.host if request.client else ""
    what = f"{request.method} {loggable(context.origin.url + _target(request)[:200])}"
    context.turn_away(refusal, address, what)
    raise HTTPException(403, "Forbidden")

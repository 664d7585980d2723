"""What Twilio refuses, and why it cannot be reached, as a sentence with its code and what to do about it.

Codes and meanings: Twilio docs, "Errors and warnings dictionary". The SDK raises a refusal in three ways: a
TwilioRestException; a TwilioServiceException for a body by RFC 9457; and, of a list, a bare TwilioException whose
second argument is the answer. `str` of the first two is coloured on a terminal, so their parts are read instead.
"""

import json
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass

from twilio_rt_cli.errors import CredentialsError, ServiceError, SettingsError, TwilioRtError, UnreachableError
from twilio_rt_cli.machine.reasons import causes
from twilio_rt_cli.twilio_api.account import Account

AUTHENTICATE = 20003
NOT_FOUND = 20404
_LONGEST_MESSAGE = 300
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_PREFIX = re.compile(r"^Unable to (?:create|fetch|update|delete) (?:record|page):? ?")


class NoSuchNumberError(SettingsError):
    """The account has no such number."""


@dataclass(frozen=True, slots=True)
class TwilioRefusal:
    """An answer that is no success."""

    status: int
    code: int
    """Twilio's own, or the HTTP status where it gave none"""
    message: str


_LACKS_RIGHTS = frozenset({20006, 20403, 70051})
_GEO = "Allow the country under Voice, Settings, Geo permissions in the Twilio console."
_E164 = "Give the number in E.164: + and country code, then the number, as in +14155550100."
_FROM = "TWILIO_PHONE_NUMBER must be a voice number of this account, or a caller ID that it has verified."
_WRONG_ARGUMENT: Mapping[int, str] = {
    21201: "Give a number to call, in E.164: --to +14155550100.",
    21205: "The webhook must be a public https URL: see PUBLIC_URL.",
    21210: _FROM,
    21211: _E164,
    21212: _FROM,
    21213: "Set TWILIO_PHONE_NUMBER to the number that calls.",
    21217: _E164,
    21402: "The webhook must be a public https URL.",
    21502: "The webhook must be a public https URL.",
}
"""what the person in front of us gave us wrong"""
_HINTS: Mapping[int, str] = {
    10004: "Let a call end first, or ask Twilio for more concurrent calls.",
    20005: "The account is not active: see its billing in the Twilio console.",
    20008: "These are the account's test credentials, which do hardly anything: use the live ones.",
    NOT_FOUND: "It may be gone, or belong to another account or region: check TWILIO_ACCOUNT_SID and TWILIO_REGION.",
    20429: "Wait a moment and try again; another program of the account may be asking a lot.",
    21202: "Premium numbers are not called.",
    21203: _GEO,
    21214: "The number cannot be reached: check it, or try another.",
    21215: _GEO,
    21216: "Twilio does not call this number for your account: ask its support, or try another.",
    21218: "The number's application does not exist: see voice_application_sid.",
    21219: "A trial account calls verified numbers only: verify it in the Twilio console, or upgrade the account.",
    21220: "The call is over, or not yet as far as that.",
}


def refusal_of(error: BaseException) -> TwilioRefusal | None:
    """What Twilio answered, out of the SDK's exception; None for an exception that holds no answer."""
    status = getattr(error, "status", None)
    if isinstance(status, int):
        code = getattr(error, "code", None)
        message = getattr(error, "msg", None)
        if message is None:  # by RFC 9457
            message = ": ".join(filter(None, (str(getattr(error, name, "") or "") for name in ("title", "detail"))))
        return TwilioRefusal(status, code if isinstance(code, int) else status, _PREFIX.sub("", str(message)))
    answer = error.args[1] if len(error.args) > 1 else None
    status = getattr(answer, "status_code", None)
    return _of_answer(status, str(getattr(answer, "text", ""))) if isinstance(status, int) else None


def refusal_error(refusal: TwilioRefusal, deed: str, account: Account) -> TwilioRtError:
    """The error for people. `deed` completes "Twilio would not …"."""
    code = refusal.code
    if refusal.status == 401 or code == AUTHENTICATE:
        return _credentials(account, code)
    if code in _LACKS_RIGHTS:
        hint = "Give the API key the rights it needs in the Twilio console, or use the auth token."
        return CredentialsError(f"The credentials do not suffice to {deed}{_because(refusal, account)}.", hint=hint)
    if refusal.status >= 500:
        hint = "Try again in a moment; see https://status.twilio.com."
        return UnreachableError(f"Twilio's API failed to {deed}: it answered {refusal.status}.", hint=hint)
    sentence = f"Twilio would not {deed}{_because(refusal, account)}."
    if code in _WRONG_ARGUMENT:
        return SettingsError(sentence, hint=_WRONG_ARGUMENT[code])
    return ServiceError(sentence, hint=_hint(code))


def unreachable(error: BaseException, origin: str, timeout_s: float) -> UnreachableError:
    """The error for people when there was no answer. The library's own text may hold a proxy's password: left out."""
    from requests import exceptions  # noqa: PLC0415

    hint = "Check the network, and TWILIO_API_URL if it is set; see https://status.twilio.com."
    found = list(causes(error))
    if isinstance(error, exceptions.Timeout) or any(isinstance(cause, TimeoutError) for cause in found):
        return UnreachableError(f"{origin} did not answer within {timeout_s:g} s.", hint=hint)
    if isinstance(error, exceptions.ProxyError):
        return UnreachableError(
            f"The proxy on the way to {origin} did not let us through.", hint="See HTTPS_PROXY and NO_PROXY."
        )
    if isinstance(error, exceptions.SSLError):
        return UnreachableError(f"{origin} does not speak TLS as it should.", hint=hint)
    if any(isinstance(cause, socket.gaierror) for cause in found):
        hint = "Check that this machine can look names up, and TWILIO_REGION, TWILIO_EDGE and TWILIO_API_URL if set."
        return UnreachableError(f"{origin} cannot be found: there is no such name.", hint=hint)
    if any(isinstance(cause, ConnectionResetError | BrokenPipeError) for cause in found):
        return UnreachableError(f"{origin} broke the connection off.", hint=hint)
    why = next((cause.strerror for cause in found if isinstance(cause, OSError) and cause.strerror), "")
    return UnreachableError(f"{origin} cannot be reached{f': {why.lower()}' if why else ''}.", hint=hint)


def no_twilio(origin: str) -> ServiceError:
    """The error for an answer that is none of Twilio's API."""
    return ServiceError(
        f"{origin} answered something that is not the Twilio API.", hint="Check TWILIO_API_URL, and proxies on the way."
    )


def _of_answer(status: int, text: str) -> TwilioRefusal:
    try:
        body = json.loads(text)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        return TwilioRefusal(status, status, "")
    code = body.get("code")
    message = body.get("message") or ": ".join(str(body[name]) for name in ("title", "detail") if body.get(name))
    return TwilioRefusal(status, code if isinstance(code, int) else status, str(message))


def _credentials(account: Account, code: int) -> CredentialsError:
    names = "TWILIO_API_KEY and TWILIO_API_SECRET" if account.by_key else "TWILIO_AUTH_TOKEN"
    place = "API keys" if account.by_key else "account page"
    hint = f"Check TWILIO_ACCOUNT_SID and {names} (Twilio console, {place})."
    if account.region and not account.elsewhere:
        hint += f" They must be those of the region {account.region}."
    return CredentialsError(f"Twilio does not take these credentials{_code(code)}.", hint=hint)


def _because(refusal: TwilioRefusal, account: Account) -> str:
    message = refusal.message
    for secret in account.secrets:
        message = message.replace(secret, "…")
    message = _CONTROL.sub(" ", message).strip().rstrip(".")[:_LONGEST_MESSAGE]
    reason = f": {message}" if message else f": it answered {refusal.status}"
    return reason + _code(refusal.code)


def _code(code: int) -> str:
    return f" (Twilio {code})" if code > 999 else ""


def _hint(code: int) -> str:
    if code in _HINTS:
        return _HINTS[code]
    return f"More: https://www.twilio.com/docs/api/errors/{code}" if code > 999 else ""

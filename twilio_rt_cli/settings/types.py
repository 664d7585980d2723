"""What single settings may look like, as types that pydantic checks; a problem is told as the end of a sentence."""

import ipaddress
import re
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from twilio_rt_cli.models import provider
from twilio_rt_cli.protocol.caller_id import caller_list
from twilio_rt_cli.protocol.origin import origin_text, split_url


def _host(text: str) -> str:
    host = text.removeprefix("[").removesuffix("]").lower()
    if not re.fullmatch(r"[0-9a-z._:%-]+", host) or (":" in host and not _is_address(host)):
        raise ValueError("must be a host name or an IP address")
    return host


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _http_url(text: str) -> str:
    url = split_url(text, "https:// or http://")
    if url.scheme not in {"http", "https"}:
        raise ValueError("must begin with https:// or http://")
    if url.query or url.fragment:
        raise ValueError("must not have a ?query or a #fragment")
    return text.rstrip("/")


def _websocket_url(text: str) -> str:
    url = split_url(text, "wss:// or ws://")
    if url.scheme not in {"ws", "wss"}:
        raise ValueError("must begin with wss:// or ws://")
    if url.fragment:
        raise ValueError("must not have a #fragment")
    return text


def _account_sid(text: str) -> str:
    if not re.fullmatch(r"AC[0-9A-Za-z]{1,62}", text):
        raise ValueError("must be an Account SID: AC, then letters and digits")
    return text


def _callers(text: str) -> str:
    caller_list(text)  # raises for what is none
    return text


def _one_word(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value().strip()
    if not re.fullmatch(r"[!-~]*", text):  # it becomes part of a header
        raise ValueError("must be one word of plain ASCII characters")
    return SecretStr(text)


@dataclass(frozen=True, slots=True)
class Unquoted:
    """Beside a type: no message quotes what was given for it."""


UNQUOTED = Unquoted()
"""where a secret is easily pasted by mistake, and lists of phone numbers; a secret is never quoted anyway"""

Secret = Annotated[SecretStr, AfterValidator(_one_word)]


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


Host = Annotated[str, AfterValidator(_host)]
Origin = Annotated[str, AfterValidator(origin_text), UNQUOTED]
HttpUrl = Annotated[str, AfterValidator(_http_url), UNQUOTED]
WebSocketUrl = Annotated[str, AfterValidator(_websocket_url), UNQUOTED]
AccountSidText = Annotated[str, AfterValidator(_account_sid), UNQUOTED]
CallersText = Annotated[str, AfterValidator(_callers), UNQUOTED]
LogLevel = Annotated[Literal["debug", "info", "warning", "error", "critical"], BeforeValidator(_lower)]
LogFormat = Annotated[Literal["pretty", "logfmt", "json"], BeforeValidator(_lower)]
ProviderName = Annotated[provider.ProviderName, BeforeValidator(_lower)]
Count = Annotated[int, Field(ge=1)]
PerDay = Annotated[float, Field(ge=0, allow_inf_nan=False)]
"""0: no limit"""
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Milliseconds = Annotated[int, Field(ge=0)]

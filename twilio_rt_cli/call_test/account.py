"""In whose name `call-test` calls: the account of the environment or `.env`, else one of nobody's."""

import secrets
from dataclasses import dataclass

from pydantic import SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from twilio_rt_cli.caller.client import new_account_sid
from twilio_rt_cli.caller.route import Signer
from twilio_rt_cli.errors import SettingsError
from twilio_rt_cli.protocol.signature import Algorithm
from twilio_rt_cli.settings.dot_env import check_dot_env

TO_NUMBER = "+14155550100"


@dataclass(frozen=True, slots=True)
class CallingAs:
    """Who calls, and how requests are signed."""

    account_sid: str
    signer: Signer
    to_number: str = TO_NUMBER


def local_account() -> CallingAs:
    """An account for a bridge of our own, which checks signatures with the signer's secret."""
    return CallingAs(new_account_sid(), Signer(secrets.token_hex(16)))


def account() -> CallingAs:
    """The account of the environment or `.env`; unsigned when neither has a token. Raises SettingsError."""
    check_dot_env()
    try:
        found = _Found()
    except (ValidationError, OSError, UnicodeDecodeError) as error:
        raise SettingsError(".env cannot be read.", hint="It should be UTF-8 text: NAME=value lines.") from error
    token, key = found.twilio_auth_token.get_secret_value(), found.twilio_shared_key.get_secret_value()
    algorithm = Algorithm.HMAC_SHA256 if key and not token else Algorithm.HMAC_SHA1
    return CallingAs(
        found.twilio_account_sid or new_account_sid(),
        Signer(token or key or None, algorithm),
        found.twilio_phone_number or TO_NUMBER,
    )


class _Found(BaseSettings):
    """The few settings of the caller's; the bridge's own are none of its business."""

    model_config = SettingsConfigDict(extra="ignore", env_file=".env", env_file_encoding="utf-8", frozen=True)

    twilio_account_sid: str = ""
    twilio_auth_token: SecretStr = SecretStr("")
    twilio_shared_key: SecretStr = SecretStr("")
    twilio_phone_number: str = ""

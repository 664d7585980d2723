"""Checks of the keys by their looks alone, and of what validates signatures."""

import re
from collections.abc import Iterator

from twilio_rt_cli.doctor.finding import Finding, failed, ok, warning
from twilio_rt_cli.output.redaction import masked_secret
from twilio_rt_cli.protocol.origin import is_below
from twilio_rt_cli.settings.groups import ModelSettings, TwilioSettings

_CONSOLE = "Copy it from the Twilio console again"
_TOKEN = re.compile(r"[0-9a-fA-F]{32}")


def key_findings(twilio: TwilioSettings, model: ModelSettings) -> Iterator[Finding]:
    """Each key that is set."""
    yield from _openai_key(model)
    yield from _sid("twilio-sid", "TWILIO_ACCOUNT_SID", twilio.twilio_account_sid or "", "AC")
    yield from _sid("twilio-api-key-sid", "TWILIO_API_KEY", twilio.twilio_api_key, "SK")
    yield _validator(twilio)


def _openai_key(model: ModelSettings) -> Iterator[Finding]:
    name, key = "openai-key", model.openai_api_key
    if model.realtime_provider != "openai" or key is None:
        return
    text = key.get_secret_value()
    if text.startswith("sk-"):
        yield ok(name, f"OPENAI_API_KEY is {masked_secret(text)}.")
        return
    message = f"OPENAI_API_KEY {masked_secret(text)} does not begin with sk-, as keys of OpenAI do."
    if is_below(model.openai_realtime_url, "openai.com"):
        yield failed(name, message, "Make a key at https://platform.openai.com/api-keys.")
    else:
        yield ok(name, f"{message} OPENAI_REALTIME_URL is another server's.")


def _sid(name: str, setting: str, text: str, prefix: str) -> Iterator[Finding]:
    if not text:
        return
    if re.fullmatch(prefix + r"[0-9a-fA-F]{32}", text):
        yield ok(name, f"{setting} is {masked_secret(text)}.")
        return
    message = f"{setting} {masked_secret(text)} is not {prefix} and 32 hexadecimal digits."
    yield failed(name, message, f"{_CONSOLE}; a secret does not belong here.")


def _validator(twilio: TwilioSettings) -> Finding:
    name = "signatures"
    if not twilio.twilio_validate:
        message = "TWILIO_VALIDATE=false: anybody who reaches the server may pass for Twilio."
        return warning(name, message, "Set TWILIO_VALIDATE=true before the server is reached from elsewhere.")
    if twilio.twilio_auth_token is not None:
        if not _TOKEN.fullmatch(twilio.twilio_auth_token.get_secret_value()):
            message = "TWILIO_AUTH_TOKEN is not 32 hexadecimal digits, as Twilio's auth tokens are."
            return warning(name, message, f"{_CONSOLE}: account page, primary auth token.")
        return ok(name, "TWILIO_AUTH_TOKEN is there: Twilio signs its requests with it, and they are checked by it.")
    if twilio.twilio_shared_key is not None:
        return ok(name, "TWILIO_SHARED_KEY is there: the signatures of Twilio's requests are checked by it.")
    message = "TWILIO_AUTH_TOKEN is missing. Only it (or TWILIO_SHARED_KEY) tells Twilio's requests from others: "
    message += "API keys sign nothing. Without it only this machine may call."
    return failed(name, message, "Set TWILIO_AUTH_TOKEN: Twilio console, account page, primary auth token.")

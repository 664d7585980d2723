"""The account at Twilio that the settings name, for the REST API."""

from twilio_rt_cli.caller.route import Signer
from twilio_rt_cli.errors import SettingsError
from twilio_rt_cli.protocol.signature import Algorithm
from twilio_rt_cli.settings import Settings
from twilio_rt_cli.twilio_api import Account

NEEDED = (
    *("twilio_account_sid", "twilio_auth_token", "twilio_api_key", "twilio_api_secret"),
    *("twilio_region", "twilio_edge", "twilio_api_url"),
)
"""the settings that this reads"""
_HINT = "They are on the account page of the Twilio console; put them into .env or the environment."


def account_of(settings: Settings) -> Account:
    """The account. Raises SettingsError, a sentence for each setting that is missing."""
    token, secret = settings.twilio_auth_token, settings.twilio_api_secret
    missing = []
    if not settings.twilio_account_sid:
        missing.append("TWILIO_ACCOUNT_SID is missing.")
    if settings.twilio_api_key and not secret:
        missing.append("TWILIO_API_SECRET is missing: the secret of TWILIO_API_KEY.")
    elif secret and not settings.twilio_api_key:
        missing.append("TWILIO_API_KEY is missing: the key of TWILIO_API_SECRET.")
    elif not (token or secret):
        missing.append("TWILIO_AUTH_TOKEN is missing (or TWILIO_API_KEY and TWILIO_API_SECRET).")
    if missing:
        raise SettingsError("\n".join(missing), hint=_HINT)
    return Account(
        account_sid=settings.twilio_account_sid or "",
        auth_token=token.get_secret_value() if token else "",
        api_key=settings.twilio_api_key,
        api_secret=secret.get_secret_value() if secret else "",
        region=settings.twilio_region,
        edge=settings.twilio_edge,
        api_url=settings.twilio_api_url,
    )


def signer_of(settings: Settings) -> Signer:
    """Who signs as this account's Twilio does: by the auth token, or by the SharedKey where there is no token."""
    token, key = settings.twilio_auth_token, settings.twilio_shared_key
    if token is not None:
        return Signer(token.get_secret_value())
    return Signer(key.get_secret_value() if key else None, Algorithm.HMAC_SHA256)

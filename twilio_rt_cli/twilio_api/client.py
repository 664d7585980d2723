"""The SDK's client for an account: with deadlines, and led by nothing but the account."""

from typing import Any
from urllib.parse import urlsplit

from twilio_rt_cli.protocol.origin import is_loopback_url
from twilio_rt_cli.twilio_api.account import Account


def client_for(account: Account) -> Any:
    """A client of the SDK, which by itself would wait without end, and take region and token from the environment."""
    from requests.adapters import HTTPAdapter  # noqa: PLC0415
    from twilio.http.http_client import TwilioHttpClient  # type: ignore[import-untyped]  # noqa: PLC0415
    from twilio.rest import Client  # type: ignore[import-untyped]  # noqa: PLC0415

    http = TwilioHttpClient(timeout=account.timeout_s, max_retries=account.max_retries)
    http.session.mount("http://", HTTPAdapter(max_retries=account.max_retries))  # the SDK's are for https alone
    if is_loopback_url(account.api_url):
        http.session.trust_env = False  # no proxy of the environment leads back to this machine
    named = (account.api_key, account.api_secret) if account.by_key else (account.account_sid, account.auth_token)
    client = Client(
        *named,
        account_sid=account.account_sid,
        region=None if account.elsewhere else account.region or None,
        edge=None if account.elsewhere else account.edge or None,
        http_client=http,
        environment={"": ""},  # an empty one would be replaced by os.environ
    )
    if account.elsewhere:
        client.api.base_url = account.api_url  # the one product that we use
    return client


def origin_of(client: Any) -> str:
    """Where the client's requests go, for people."""
    parts = urlsplit(client.get_hostname(client.api.base_url))
    return f"{parts.scheme}://{parts.netloc}"

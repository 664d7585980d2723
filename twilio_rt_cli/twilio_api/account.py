"""Whose account, by which key, at which origin."""

from dataclasses import dataclass, field

API_URL = "https://api.twilio.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What the REST API needs. An API key stands in for the auth token when both it and its secret are given."""

    account_sid: str
    auth_token: str = field(default="", repr=False)
    api_key: str = ""
    api_secret: str = field(default="", repr=False)
    region: str = ""
    edge: str = ""
    """region and edge are parts of Twilio's host names; they say nothing to another `api_url`"""
    api_url: str = API_URL
    timeout_s: float = 10.0
    """for connecting, and again for every answer"""
    max_retries: int = 2
    """of connections that could not be made, and of questions without an answer; a change is never sent twice"""

    @property
    def by_key(self) -> bool:
        """Whether requests are made by the API key."""
        return bool(self.api_key and self.api_secret)

    @property
    def elsewhere(self) -> bool:
        """Whether `api_url` is not Twilio's own."""
        return self.api_url.rstrip("/") != API_URL

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must be in no message."""
        return tuple(secret for secret in (self.auth_token, self.api_secret) if secret)

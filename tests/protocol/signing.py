"""What Twilio does to a URL before it signs it."""

from hashlib import sha256


def with_body_hash(url: str, body: bytes) -> str:
    """The URL that Twilio requests when it sends `body` as JSON: `bodySHA256` joins the query."""
    return f"{url}{'&' if '?' in url else '?'}bodySHA256={sha256(body).hexdigest()}"

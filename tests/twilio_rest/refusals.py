"""Twilio's refusals, with the bodies it sends them in."""

from typing import Any

_STATUS = {20003: 401, 20008: 403, 20404: 404, 20429: 429}
_MESSAGES = {
    20003: "Authenticate",
    20429: "Too Many Requests",
    21201: "No 'To' number is specified",
    21205: "Url is not a valid URL: {}",
    21210: "The source phone number provided, {}, is not yet verified for your account.",
    21211: "The phone number you are attempting to call, {}, is not valid.",
    21212: "The From phone number {} is not a valid, SMS-capable inbound phone number or short code for your account.",
    21213: "A 'From' phone number is required.",
    21219: "The number {} is unverified. Trial accounts may only make calls to verified numbers.",
    21220: "Call is not in-progress. Cannot redirect.",
    21402: "VoiceUrl is not valid",
}


class Refused(Exception):  # noqa: N818  # an answer
    """A request that Twilio would refuse so."""

    def __init__(self, code: int, about: str = "", message: str | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.status = _STATUS.get(code, 400)
        self.message = message or _MESSAGES.get(code, "It is refused: {}").format(about)

    def body(self) -> dict[str, Any]:
        """As Twilio's v2010 API says it."""
        return {
            "code": self.code,
            "message": self.message,
            "more_info": f"https://www.twilio.com/docs/errors/{self.code}",
            "status": self.status,
        }

    def problem(self) -> dict[str, Any]:
        """As its newer APIs say it (RFC 9457)."""
        return {
            "type": f"https://www.twilio.com/docs/errors/{self.code}",
            "title": "It is refused",
            "status": self.status,
            "code": self.code,
            "detail": self.message,
        }


def not_found(path: str) -> Refused:
    """What is not there, or belongs to somebody else."""
    return Refused(20404, message=f"The requested resource {path} was not found")

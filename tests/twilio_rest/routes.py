"""What the API answers: the account, its numbers, its calls."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit

from tests.twilio_rest.account import API, Account, Call, Number
from tests.twilio_rest.refusals import Refused, not_found
from tests.twilio_rest.web import Answer, Request

_E164 = re.compile(r"\+[1-9]\d{6,14}")
_SETTABLE = {
    "FriendlyName": "friendly_name",
    "VoiceUrl": "voice_url",
    "VoiceMethod": "voice_method",
    "VoiceFallbackUrl": "voice_fallback_url",
    "VoiceFallbackMethod": "voice_fallback_method",
    "StatusCallback": "status_callback",
    "StatusCallbackMethod": "status_callback_method",
    "VoiceApplicationSid": "voice_application_sid",
    "TrunkSid": "trunk_sid",
}
_URLS = {"VoiceUrl", "VoiceFallbackUrl", "StatusCallback"}


class Routes:
    """Answers requests that were let in. `place` and `change` let a call happen, and act on one in progress."""

    def __init__(
        self, account: Account, place: Callable[[Call], None], change: Callable[[Call, Request], None]
    ) -> None:
        self.account = account
        self.largest_page = 1000
        self.deaf = False
        """takes changes of numbers without making them"""
        self._place = place
        self._change = change

    def answer(self, request: Request) -> Answer:
        """The answer. Raises Refused."""
        own = f"{API}/{self.account.sid}"
        if not request.path.startswith(own):
            raise not_found(request.path)
        match (request.method, *request.path.removeprefix(own).removesuffix(".json").split("/")):
            case ("GET", ""):
                return Answer(200, self.account.shown())
            case ("GET", "", "IncomingPhoneNumbers"):
                return Answer(200, self._numbers(request))
            case ("GET", "", "IncomingPhoneNumbers", sid):
                return Answer(200, self._number(sid, request).shown(self.account.sid))
            case ("POST", "", "IncomingPhoneNumbers", sid):
                return Answer(200, self._updated(self._number(sid, request), request))
            case ("POST", "", "Calls"):
                return Answer(201, self._created(request))
            case ("GET", "", "Calls", sid):
                return Answer(200, self._call(sid, request).shown(self.account.sid))
            case ("POST", "", "Calls", sid):
                call = self._call(sid, request)
                self._change(call, request)
                return Answer(200, call.shown(self.account.sid))
            case _:
                raise not_found(request.path)

    # Numbers

    def _numbers(self, request: Request) -> dict[str, Any]:
        part = (request.asked("PhoneNumber") or "").lstrip("+")  # Twilio finds parts of numbers
        found = [number for number in self.account.numbers if part in number.phone_number]
        page = int(request.asked("Page") or 0)
        size = max(1, min(int(request.asked("PageSize") or 50), self.largest_page))
        shown = found[page * size : (page + 1) * size]

        def uri(number: int) -> str:
            query = {"PageSize": size, "Page": number, **({"PhoneNumber": part} if part else {})}
            return f"{request.path}?{urlencode(query)}"

        return {
            "incoming_phone_numbers": [number.shown(self.account.sid) for number in shown],
            "first_page_uri": uri(0),
            "next_page_uri": uri(page + 1) if (page + 1) * size < len(found) else None,
            "previous_page_uri": uri(page - 1) if page else None,
            "page": page,
            "page_size": size,
            "start": page * size,
            "end": page * size + max(0, len(shown) - 1),
            "uri": uri(page),
        }

    def _number(self, sid: str, request: Request) -> Number:
        for number in self.account.numbers:
            if number.sid == sid:
                return number
        raise not_found(request.path)

    def _updated(self, number: Number, request: Request) -> dict[str, Any]:
        for name in _URLS & request.form.keys():
            if (url := request.field(name)) and urlsplit(url).scheme not in {"http", "https"}:
                raise Refused(21402)
        for name, attribute in _SETTABLE.items():
            if name in request.form and not self.deaf:
                setattr(number, attribute, request.field(name))
        if request.field("TrunkSid") and not self.deaf:
            number.voice_application_sid = ""
        elif request.field("VoiceApplicationSid") and not self.deaf:
            number.trunk_sid = None
        return number.shown(self.account.sid)

    # Calls

    def _created(self, request: Request) -> dict[str, Any]:
        to, source, url = (request.field(name) or "" for name in ("To", "From", "Url"))
        if not to:
            raise Refused(21201)
        if not source:
            raise Refused(21213)
        if not _E164.fullmatch(to):
            raise Refused(21211, to)
        if not _E164.fullmatch(source):
            raise Refused(21212, source)
        if source not in {number.phone_number for number in self.account.numbers}:
            raise Refused(21210, source)
        if self.account.type == "Trial" and to not in self.account.verified:
            raise Refused(21219, to)
        if not request.field("Twiml") and urlsplit(url).scheme not in {"http", "https"}:
            raise Refused(21205, url)
        call = Call(to, source, "outbound-api", asked=request.form)
        self.account.calls[call.sid] = call
        self._place(call)
        return call.shown(self.account.sid)

    def _call(self, sid: str, request: Request) -> Call:
        if sid not in self.account.calls:
            raise not_found(request.path)
        return self.account.calls[sid]

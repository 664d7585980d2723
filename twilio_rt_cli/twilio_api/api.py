"""The REST calls that we make, and no others."""

import re
from collections.abc import Callable, Sequence
from typing import TypeVar

from twilio_rt_cli.errors import SettingsError
from twilio_rt_cli.twilio_api import refusals
from twilio_rt_cli.twilio_api.account import Account
from twilio_rt_cli.twilio_api.client import client_for, origin_of
from twilio_rt_cli.twilio_api.records import (
    AccountInfo,
    Number,
    PlacedCall,
    VoiceConfig,
    call_of,
    info_of,
    number_of,
)
from twilio_rt_cli.twilio_api.refusals import NoSuchNumberError

T = TypeVar("T")

_PAGE_SIZE = 100
_MOST_PAGES = 20
_MOST_LISTED = 20
_E164 = re.compile(r"\+[1-9]\d{6,14}")
_EVENTS = ("initiated", "ringing", "answered", "completed")


class TwilioApi:
    """An account's REST API. Every method blocks, as `Account.timeout_s` and its retries allow: call it from a thread.

    Raises CredentialsError (401), UnreachableError (no answer, 5xx), SettingsError for a wrong argument, and
    ServiceError for any other refusal. One request at a time; close it, or use it as a context manager.
    """

    def __init__(self, account: Account) -> None:
        self._account = account
        self._client = client_for(account)
        self.origin = origin_of(self._client)
        """where requests go"""

    def __enter__(self) -> "TwilioApi":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connections."""
        self._client.http_client.session.close()

    @property
    def account_sid(self) -> str:
        """Whose account this is."""
        return self._account.account_sid

    def about(self) -> AccountInfo:
        """The account itself."""
        return info_of(self._ask("show the account", lambda: self._client.api.accounts(self.account_sid).fetch()))

    # Numbers

    def numbers(self) -> list[Number]:
        """The account's numbers, page by page: the first 2000."""
        return self._list()

    def number(self, name: str | None) -> Number:
        """A number by E.164 or PN SID; None: the only one. Raises SettingsError, with the list, when it is unclear."""
        if name is None:
            return self._only(self.numbers())
        compact = re.sub(r"[\s().\-–]", "", name)
        if re.fullmatch(r"PN\w+", compact):
            return self._by_sid(compact)
        if not _E164.fullmatch(compact):
            raise NoSuchNumberError(
                f"{name!r} is neither a phone number in E.164 (+14155550100) nor a number's SID (PN…).",
                hint=_listed(self.numbers()),
            )
        for number in self._list(phone_number=compact):  # Twilio finds parts of numbers too
            if number.phone_number == compact:
                return number
        raise self._unknown(compact)

    def fetch(self, sid: str) -> Number:
        """A number by its SID. Raises NoSuchNumberError when the account has it no more."""
        return number_of(
            self._ask_for(sid, "show the number", lambda: self._client.incoming_phone_numbers(sid).fetch())
        )

    def update(self, sid: str, voice: VoiceConfig, was: VoiceConfig) -> Number:
        """Change what a number does with calls: the fields in which `voice` differs from `was`. As it then is."""
        changed = voice.differences(was)
        return number_of(
            self._ask_for(sid, "change the number", lambda: self._client.incoming_phone_numbers(sid).update(**changed))
        )

    # Calls

    def start_call(
        self, to: str, from_number: str, url: str, *, status_callback: str | None, time_limit_s: int
    ) -> PlacedCall:
        """Call somebody; who answers hears the TwiML at `url`. The callback is requested at each step."""
        callback = (
            {"status_callback": status_callback, "status_callback_event": list(_EVENTS)} if status_callback else {}
        )
        return call_of(
            self._ask(
                "place the call",
                lambda: self._client.calls.create(
                    to=to, from_=from_number, url=url, time_limit=time_limit_s, **callback
                ),
            )
        )

    def call(self, sid: str) -> PlacedCall:
        """How a call stands."""
        return call_of(self._ask("show the call", lambda: self._client.calls(sid).fetch()))

    def hang_up(self, sid: str) -> PlacedCall:
        """End a call, answered or not. Raises ServiceError (21220) when it is over already."""
        return call_of(self._ask("end the call", lambda: self._client.calls(sid).update(status="completed")))

    def redirect(self, sid: str, *, url: str | None = None, twiml: str | None = None) -> PlacedCall:
        """Have a call in progress go on with other TwiML: that at `url`, or this. Its stream ends."""
        assert (url is None) != (twiml is None)
        instructions = {"url": url} if twiml is None else {"twiml": twiml}
        return call_of(self._ask("redirect the call", lambda: self._client.calls(sid).update(**instructions)))

    # Asking

    def _list(self, **filters: str) -> list[Number]:
        def pages() -> list[Number]:
            page = self._client.incoming_phone_numbers.page(page_size=_PAGE_SIZE, **filters)
            found: list[Number] = []
            for _ in range(_MOST_PAGES):
                found += map(number_of, page)
                page = page.next_page()
                if page is None:
                    break
            return found

        return self._ask("list the account's numbers", pages)

    def _by_sid(self, sid: str) -> Number:
        try:
            return self.fetch(sid)
        except NoSuchNumberError:
            raise self._unknown(sid) from None

    def _unknown(self, name: str) -> NoSuchNumberError:
        sentence = f"{name} is not a number of the account {self.account_sid}."
        return NoSuchNumberError(sentence, hint=_listed(self.numbers()))

    def _only(self, numbers: Sequence[Number]) -> Number:
        if len(numbers) == 1:
            return numbers[0]
        if not numbers:
            raise NoSuchNumberError(
                _listed(numbers), hint="Get one in the Twilio console: Phone Numbers, Buy a number."
            )
        raise SettingsError(
            f"The account has {len(numbers)} numbers: name one, or set TWILIO_PHONE_NUMBER.", hint=_listed(numbers)
        )

    def _ask_for(self, sid: str, deed: str, question: Callable[[], T]) -> T:
        """Like `_ask`, about a number that may be gone."""
        return self._ask(deed, question, NoSuchNumberError(f"The account has no number {sid} (Twilio 20404)."))

    def _ask(self, deed: str, question: Callable[[], T], absent: SettingsError | None = None) -> T:
        from requests.exceptions import RequestException  # noqa: PLC0415
        from twilio.base.exceptions import TwilioException  # type: ignore[import-untyped]  # noqa: PLC0415

        try:
            return question()
        except TwilioException as error:
            refusal = refusals.refusal_of(error)
            if refusal is None:
                raise refusals.no_twilio(self.origin) from error
            if absent is not None and refusal.code == refusals.NOT_FOUND:
                raise absent from error
            raise refusals.refusal_error(refusal, deed, self._account) from error
        except RequestException as error:
            raise refusals.unreachable(error, self.origin, self._account.timeout_s) from error
        except (ValueError, AttributeError, TypeError, KeyError) as error:  # the SDK on JSON that is none of Twilio's
            raise refusals.no_twilio(self.origin) from error


def _listed(numbers: Sequence[Number]) -> str:
    """The numbers, a line each."""
    if not numbers:
        return "The account has no phone number."
    lines = [_line(number) for number in numbers[:_MOST_LISTED]]
    more = len(numbers) - len(lines)
    return "\n".join(["The account has:", *lines, *([f"  … and {more} more"] if more else [])])


def _line(number: Number) -> str:
    name = "" if number.friendly_name == number.phone_number else number.friendly_name
    line = f"  {number.phone_number}  {number.sid}  {name}".rstrip()
    return "".join(character if character.isprintable() else " " for character in line)

"""The number of a run of `serve`: looked at, agreed to, pointed here, and put back. Blocking: call it from a thread."""

import logging
from typing import Protocol, Self

from twilio_rt_cli.errors import NeedsConsentError, ServiceError, SettingsError, TwilioRtError
from twilio_rt_cli.numbers import Change, Journal, JournalEntry, NumberPointer, Outcome, plan, webhook_url
from twilio_rt_cli.output import console
from twilio_rt_cli.protocol.origin import is_loopback_url
from twilio_rt_cli.serve.options import IngressOptions
from twilio_rt_cli.settings.groups import TwilioSettings
from twilio_rt_cli.settings.parts import account_of
from twilio_rt_cli.twilio_api import TwilioApi

log = logging.getLogger("twilio_rt.serve")


class NumberListener(Protocol):
    """Hears what becomes of a number's webhook, in the thread that changed it."""

    def number_changed(self, number: str, old: str, new: str) -> None:
        """It points here now."""

    def number_restored(self, number: str, url: str, *, put_back: bool) -> None:
        """It points here no more: we put it back, or somebody else has changed it."""


class ServedNumber:
    """A number that somebody agreed to point here."""

    def __init__(self, api: TwilioApi, change: Change, journal: Journal, listener: NumberListener) -> None:
        self._api = api
        self._change = change
        self._pointer = NumberPointer(api, journal, until_exit=True)
        self._journal = journal
        self._listener = listener
        self._entry: JournalEntry | None = None

    @classmethod
    def planned(
        cls, twilio: TwilioSettings, options: IngressOptions, origin: str | None, apology: str, listener: NumberListener
    ) -> Self | None:
        """Look at the number and ask; None: none is asked for. Raises TwilioRtError.

        `apology` is what callers hear when we do not answer.
        """
        wanted = options.number or _offered(twilio.twilio_phone_number, options)
        if wanted is None:
            return None
        account = account_of(twilio)
        if origin is None or (is_loopback_url(origin) and not account.elsewhere):
            raise SettingsError(
                "There is no public address to point the number to.",
                hint="Add --tunnel, or set PUBLIC_URL to the origin that Twilio reaches us at.",
            )
        api, journal = TwilioApi(account), Journal()
        number = api.number(wanted)
        entry = journal.load(number.sid)
        change = plan(
            number,
            webhook_url(origin),
            clear=True,
            apology=apology,
            earlier_urls=entry.urls if entry else (),
        )
        if not _agreed(change, options, asked_for=options.number is not None):
            api.close()
            return None
        return cls(api, change, journal, listener)

    def point(self) -> None:
        """Make the change. Raises TwilioRtError."""
        self._entry = self._pointer.point(self._change)
        number = self._change.number.phone_number
        self._listener.number_changed(number, self._change.before.voice_url, self._change.after.voice_url)
        console.say(f"Call {number} now.")

    def repoint(self, origin: str) -> None:
        """The same to another address of ours. Raises TwilioRtError."""
        if self._entry is None:
            return
        old = self._entry.ours.voice_url
        entry = self._pointer.repoint(self._entry, origin)
        if entry is None:
            log.warning("%s was pointed elsewhere by somebody else: left alone", self._entry.phone_number)
            return
        self._entry = entry
        self._listener.number_changed(entry.phone_number, old, entry.ours.voice_url)

    def put_back(self) -> None:
        """What was there before us. Raises ServiceError when that failed; the journal is kept then."""
        if self._entry is None:
            self._api.close()
            return
        entry, self._entry = self._entry, None
        try:
            restored = self._pointer.restore(entry)
        except TwilioRtError as error:
            raise ServiceError(
                f"{entry.phone_number} could not be put back, and still points here.\n{error.message}",
                hint=f"Its old webhook is kept in {self._journal.path(entry.number_sid)}: when Twilio answers again, "
                "run `twilio-rt configure-number --restore`.",
            ) from error
        finally:
            self._api.close()
        _say_restored(restored.sentence(), self._listener, entry, put_back=restored.outcome is Outcome.PUT_BACK)


def put_back_left_behind(twilio: TwilioSettings, listener: NumberListener, *, spare: str | None) -> None:
    """Put back what runs that were killed should have put back; not the number that is pointed here again now."""
    if not twilio.twilio_account_sid or not (twilio.twilio_auth_token or twilio.twilio_api_secret):
        return
    try:
        account, journal = account_of(twilio), Journal()
        entries = [
            one for one in journal.left_behind(account.account_sid) if spare not in {one.phone_number, one.number_sid}
        ]
        if not entries:
            return
        with TwilioApi(account) as api:
            for entry in entries:
                restored = NumberPointer(api, journal, until_exit=True).restore(entry)
                _say_restored(restored.sentence(), listener, entry, put_back=restored.outcome is Outcome.PUT_BACK)
    except TwilioRtError as error:
        log.warning("a number that an earlier run pointed here could not be put back: %s", error.message)


def _say_restored(sentence: str, listener: NumberListener, entry: JournalEntry, *, put_back: bool) -> None:
    console.say(sentence)
    listener.number_restored(entry.phone_number, entry.before.voice_url, put_back=put_back)


def _offered(number: str, options: IngressOptions) -> str | None:
    """With a tunnel and a number in the settings: offered on a terminal, left alone elsewhere."""
    return number if options.tunnel and number and console.can_ask() else None


def _agreed(change: Change, options: IngressOptions, *, asked_for: bool) -> bool:
    """Whether the change may be made. Raises NeedsConsentError when it was asked for, and may not."""
    console.say(f"{change.number.phone_number} “{change.number.friendly_name}”")
    for line in (*change.warnings(), *change.lines()):
        console.say(f"  {line}")
    overwrites = change.live_webhook or change.before.voice_application_sid or change.before.trunk_sid
    if options.yes or not change.needed or (asked_for and not overwrites):
        return True
    if console.can_ask():
        if console.ask("Change it now and put it back on exit?"):
            return True
        if asked_for:
            raise NeedsConsentError("Nothing was changed.")
        return False
    raise NeedsConsentError(
        f"{change.number.phone_number} has a live webhook, and nobody is here to agree to its change.",
        hint="Look at it with `twilio-rt configure-number --show`, then add --yes.",
    )

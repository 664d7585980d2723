"""What `configure-number` does: reads a number, points it, or puts it back; asks first, and prints what came of it."""

from collections.abc import Callable, Sequence
from functools import partial

from pydantic import TypeAdapter, ValidationError

from twilio_rt_cli.attach.known_origin import LOOKUPS, Lookup, known_origin
from twilio_rt_cli.errors import NeedsConsentError, ServiceError, SettingsError, UnreachableError
from twilio_rt_cli.numbers import Journal, JournalEntry, NumberPointer, Outcome, plan, webhook_url
from twilio_rt_cli.numbers.options import ConfigureOptions
from twilio_rt_cli.numbers.plan import WEBHOOK_PATH
from twilio_rt_cli.numbers.view import NumberView
from twilio_rt_cli.output import console
from twilio_rt_cli.output.logs import log_lines
from twilio_rt_cli.protocol.origin import is_loopback_url
from twilio_rt_cli.settings import parts as twilio_account
from twilio_rt_cli.settings.groups import Settings
from twilio_rt_cli.settings.parts import account_of
from twilio_rt_cli.settings.types import Origin
from twilio_rt_cli.twilio_api import Account, Number, TwilioApi

NEEDED = (*twilio_account.NEEDED, "twilio_phone_number", "public_url", "ngrok_api_url", "port", "fallback_message")
"""the settings that this command reads"""


def run(options: ConfigureOptions, settings: Settings, lookups: Sequence[Lookup] = LOOKUPS) -> None:
    """Carry it out. Raises TwilioRtError."""
    account = account_of(settings.twilio)
    number = options.number or settings.twilio.twilio_phone_number or None
    view = NumberView(json=options.json, dry_run=options.dry_run)
    with log_lines(level="error"), TwilioApi(account) as api:  # its retries are nobody's business here
        journal = Journal()
        entry = _entry(journal, account, number) if options.restore else None
        view.left_over(journal, account.account_sid, spare=entry)
        if options.restore:
            _restore(api, journal, entry, view)
        elif options.show:
            found = api.number(number)
            view.shows(found, next((one for one in journal.entries() if one.number_sid == found.sid), None))
        else:
            known = partial(known_origin, settings.server, settings.tunnel, lookups)
            url = webhook_url(_origin(options.url, known, account))
            _point(api, journal, _voice_number(api, number), url, options, settings.agent.fallback_message, view)


def _point(  # noqa: PLR0913, PLR0917
    api: TwilioApi,
    journal: Journal,
    number: Number,
    url: str,
    options: ConfigureOptions,
    apology: str,
    view: NumberView,
) -> None:
    entry = journal.load(number.sid)
    change = plan(number, url, clear=True, apology=apology, earlier_urls=entry.urls if entry else ())
    view.plans(change, entry)
    if change.needed and not options.dry_run and not options.yes:
        _consent(f"{number.phone_number} would be changed at Twilio.")
    if not options.dry_run:
        NumberPointer(api, journal, until_exit=False).point(change)
    view.changed(change, journal.path(number.sid))


def _restore(api: TwilioApi, journal: Journal, entry: JournalEntry | None, view: NumberView) -> None:
    if entry is None:
        view.nothing_to_restore()
        return
    if view.dry_run:
        view.would_restore(entry, api.fetch(entry.number_sid).voice)
        return
    try:
        restored = NumberPointer(api, journal, until_exit=False).restore(entry)
    except (ServiceError, UnreachableError) as error:
        hint = f"{error.hint}\nIts old webhook is kept in {journal.path(entry.number_sid)}: try again with --restore."
        raise ServiceError(
            f"{entry.phone_number} could not be put back, and still points to us.\n{error.message}", hint=hint.strip()
        ) from error
    view.restored(restored, put_back=restored.outcome is Outcome.PUT_BACK)


def _consent(what: str) -> None:
    if not console.can_ask():
        raise NeedsConsentError(f"{what} Nobody is here to agree to it.", hint="Look at it with --dry-run, then --yes.")
    if not console.ask("Change it now?"):
        raise NeedsConsentError("Nothing was changed.")


def _voice_number(api: TwilioApi, name: str | None) -> Number:
    number = api.number(name)
    if not number.voice_capable:
        raise SettingsError(f"{number.phone_number} cannot take voice calls.", hint="Choose another number.")
    return number


def _entry(journal: Journal, account: Account, name: str | None) -> JournalEntry | None:
    """The entry to put back: that of the number, or the only one."""
    entries = [entry for entry in journal.entries() if entry.account_sid == account.account_sid]
    if name is not None:
        name = "".join(character for character in name if character.isalnum() or character == "+")
        entries = [entry for entry in entries if name in {entry.number_sid, entry.phone_number}]
    if len(entries) > 1:
        listed = "\n".join(f"  {entry.phone_number}  {entry.number_sid}" for entry in entries)
        raise SettingsError(f"{len(entries)} numbers could be put back: name one.", hint=f"We changed:\n{listed}")
    return entries[0] if entries else None


def _origin(url: str | None, known: Callable[[], str | None], account: Account) -> str:
    origin = _given(url) if url is not None else known()
    if origin is None:
        raise SettingsError(
            "There is no public URL to point the number to.",
            hint="Give --url https://…, set PUBLIC_URL, or start `twilio-rt serve` and a tunnel to it.",
        )
    if is_loopback_url(origin) and not account.elsewhere:
        raise SettingsError(
            f"{origin} is this machine's own address: Twilio cannot reach it.",
            hint="Open a tunnel to the server, or give --url https://… or PUBLIC_URL.",
        )
    return origin


def _given(url: str) -> str:
    try:
        return TypeAdapter[str](Origin).validate_python(url.strip().removesuffix(WEBHOOK_PATH))
    except ValidationError as error:
        rule = str(error.errors()[0].get("ctx", {}).get("error", "is not an origin"))
        raise SettingsError(f"--url {rule}.", hint="It is the bridge's origin: --url https://bridge.example") from None

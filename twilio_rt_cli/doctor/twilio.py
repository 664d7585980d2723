"""Checks at Twilio's REST API: the account, the API key, the number, and the clock by Twilio's."""

import time
from collections.abc import Iterator
from dataclasses import replace
from email.utils import parsedate_to_datetime

from twilio_rt_cli.doctor.finding import Finding, failed, failures, ok, skipped, warning
from twilio_rt_cli.errors import CredentialsError, SettingsError, TwilioRtError, UnreachableError
from twilio_rt_cli.numbers.plan import is_unset, shown, webhook_url
from twilio_rt_cli.output.redaction import masked_number
from twilio_rt_cli.settings.groups import TwilioSettings
from twilio_rt_cli.settings.parts import account_of
from twilio_rt_cli.twilio_api import Account, Number, TwilioApi

_ANSWER_S = 4.0
_SKEW_S = 60.0
_NO_ACCOUNT = "TWILIO_ACCOUNT_SID and its token or API key are needed for this."


def account_findings(twilio: TwilioSettings) -> Iterator[Finding]:
    """The pair of SID and auth token. (A standard API key may not show the account.)"""
    name = "twilio-account"
    try:
        account = _patient(account_of(twilio))
    except SettingsError as error:
        yield from failures(name, error)
        return
    if not account.auth_token:
        yield skipped(name, "Without TWILIO_AUTH_TOKEN the account does not show itself.")
        return
    try:
        with TwilioApi(replace(account, api_key="", api_secret="")) as api:
            about = api.about()
    except TwilioRtError as error:
        yield from failures(name, error)
        return
    if about.status != "active":
        yield failed(name, f"The account is {about.status or 'not active'}.", "See its billing in the Twilio console.")
    elif about.trial:
        message = "It is a trial account: callers hear Twilio's notice first, and it calls verified numbers only."
        yield warning(name, message, "Upgrade it in the Twilio console.")
    else:
        yield ok(name, "Twilio takes SID and auth token, and the account is active.")


def number_findings(twilio: TwilioSettings, origin: str | None, *, show: bool) -> Iterator[Finding]:
    """The number, asked for by the API key if there is one; `show`: with all its digits."""
    try:
        account = _patient(account_of(twilio))
    except SettingsError:
        yield skipped("number", _NO_ACCOUNT)
        return
    named = twilio.twilio_phone_number or None
    by_key = "twilio-api-key"
    try:
        with TwilioApi(account) as api:
            number = api.number(named)
    except (CredentialsError, UnreachableError) as error:
        if account.by_key:
            yield from failures(by_key, error)
        yield skipped("number", "Twilio did not show it.")
        return
    except SettingsError as error:
        found = [failed("number", error.message, error.hint)] if named else [_undecided(error)]
    except TwilioRtError as error:
        found = list(failures("number", error))
    else:
        found = list(_of_number(number, origin, show=show))
    if account.by_key:
        yield ok(by_key, "Twilio takes TWILIO_API_KEY and its secret.")
    yield from found


def _undecided(error: SettingsError) -> Finding:
    return warning("number", error.message, "Set TWILIO_PHONE_NUMBER to the number that callers dial.\n" + error.hint)


def _of_number(number: Number, origin: str | None, *, show: bool) -> Iterator[Finding]:
    name, voice = "number", number.voice
    who = number.phone_number if show else masked_number(number.phone_number)
    point = f"twilio-rt configure-number {number.sid}"
    if not number.voice_capable:
        yield failed(name, f"{who} takes no voice calls.", "Choose another number of the account.")
        return
    for field, what in (("trunk_sid", "a SIP trunk"), ("voice_application_sid", "a TwiML application")):
        if getattr(voice, field):
            yield warning(name, f"{who} has {what} ({field}), which wins over any webhook.", point)
            return
    ours = webhook_url(origin) if origin else None
    if is_unset(voice.voice_url):
        yield warning(name, f"{who} takes voice calls, but no webhook answers them.", point)
    elif voice.voice_url == ours:
        yield ok(name, f"{who} takes voice calls, and points here: {shown(voice.voice_url)}")
    elif ours:
        yield warning(name, f"{who} points elsewhere: {shown(voice.voice_url)}", point)
    else:
        yield ok(name, f"{who} takes voice calls, and points to {shown(voice.voice_url)}")


def clock_finding(url: str) -> Finding:
    """Our clock beside Twilio's, by its REST API at this URL: certificates and logs depend on it."""
    import httpx

    from twilio_rt_cli.protocol.origin import is_loopback_url

    name = "clock"
    try:
        answer = httpx.head(url, timeout=_ANSWER_S, trust_env=not is_loopback_url(url))
        theirs = parsedate_to_datetime(answer.headers["date"]).timestamp()
    except (httpx.HTTPError, httpx.InvalidURL, OSError, KeyError, ValueError):
        return skipped(name, f"{url} did not tell the time.")
    skew_s = time.time() - theirs
    if abs(skew_s) <= _SKEW_S:
        return ok(name, "The clock agrees with Twilio's.")
    message = f"The clock is {abs(skew_s):.0f} s {'ahead of' if skew_s > 0 else 'behind'} Twilio's."
    return warning(name, message, "Let NTP set it: certificates are judged by it, and logs are read by it.")


def _patient(account: Account) -> Account:
    return replace(account, timeout_s=_ANSWER_S, max_retries=0)

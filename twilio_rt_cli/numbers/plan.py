"""What would change at a number, and how to say so. Pure.

The number's own `voice_url` is only asked when neither an application nor a trunk is set (a trunk wins over both), so a
change that leaves them alone would change nothing: it must clear them, and say so.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from urllib.parse import quote, urlsplit, urlunsplit

from twilio_rt_cli.protocol import twiml
from twilio_rt_cli.settings.fields import default_of
from twilio_rt_cli.twilio_api import Number, VoiceConfig

WEBHOOK_PATH = "/incoming-call"
_ECHO = "https://twimlets.com/echo?Twiml="
_LONGEST_APOLOGY = 400  # of its URL, Twilio takes some 2000 characters
_NAME_WIDTH = max(len(name) for name in ("voice_fallback_url", "voice_application_sid")) + 1
_WINNERS = {
    "trunk_sid": "its SIP trunk takes its calls whatever the webhook is",
    "voice_application_sid": "its application answers its calls whatever the webhook is",
}


@dataclass(frozen=True, slots=True)
class Change:
    """A number as it is, and as it would be."""

    number: Number
    after: VoiceConfig
    earlier_urls: Collection[str] = ()
    """webhooks that we have set ourselves"""

    @property
    def before(self) -> VoiceConfig:
        """What it does now."""
        return self.number.voice

    @property
    def needed(self) -> bool:
        """Whether anything differs."""
        return self.before != self.after

    @property
    def live_webhook(self) -> bool:
        """Whether somebody's own webhook answers there now, neither ours nor Twilio's demo."""
        return not is_unset(self.before.voice_url) and self.before.voice_url not in {
            self.after.voice_url,
            *self.earlier_urls,
        }

    def warnings(self) -> list[str]:
        """What to think about first, a sentence each."""
        found = [f"{self.number.phone_number} has a live webhook."] if self.live_webhook else []
        for name, why in _WINNERS.items():
            if before := getattr(self.before, name):
                cleared = "" if getattr(self.after, name) else ": it is cleared"
                found.append(f"{name} {before} is set, so {why}{cleared}.")
        return found

    def lines(self, width: int | None = None) -> list[str]:
        """The difference for people, without a heading: name, old → new; on two lines where one is too narrow."""
        return [line for name in self.after.differences(self.before) for line in self._line(name, width)]

    def _line(self, name: str, width: int | None) -> Iterator[str]:
        old, new = shown(getattr(self.before, name)), shown(getattr(self.after, name))
        whole = f"  {name:<{_NAME_WIDTH}} {old} → {new}"
        if width is None or len(whole) <= width:
            yield whole
            return
        yield f"  {name:<{_NAME_WIDTH}} {old}"
        yield f"{'→':>{_NAME_WIDTH + 2}} {new}"


def plan(
    number: Number, url: str, *, clear: bool = False, apology: str = "", earlier_urls: Collection[str] = ()
) -> Change:
    """Point a number's calls to this webhook. `clear`: take away the trunk or application that would win over it."""
    before = number.voice
    after = replace(before, voice_url=url, voice_method="POST")
    if is_unset(before.voice_fallback_url):
        after = replace(after, voice_fallback_url=echo_url(apology), voice_fallback_method="POST")
    if clear:
        after = replace(after, voice_application_sid="", trunk_sid="")
    return Change(number, after, earlier_urls)


def webhook_url(origin: str) -> str:
    """The voice webhook of a bridge that Twilio reaches at this origin."""
    return origin.rstrip("/") + WEBHOOK_PATH


def echo_url(message: str) -> str:
    """A URL of Twilio's own that says this: it must answer when nothing of ours does.

    What is blank or too long to be in it, the default of FALLBACK_MESSAGE stands for.
    """
    fits = len(message) <= _LONGEST_APOLOGY and message.strip()
    document = twiml.say_and_hangup(message if fits else str(default_of("fallback_message")))
    return _ECHO + quote(re.sub(r"^<\?xml.*?\?>", "", document), safe="")


def is_unset(url: str) -> bool:
    """Whether nobody's webhook is there: nothing, or the demo that Twilio gives every new number."""
    return not url or urlsplit(url).hostname == "demo.twilio.com"


def shown(value: str) -> str:
    """A field's value for people: nothing as such, no password, and an apology not by its TwiML."""
    if not value:
        return "(none)"
    if value.startswith(_ECHO):
        return f"{_ECHO}… (an apology)"
    return without_password(value)


def without_password(url: str) -> str:
    """The URL without the password that a webhook may carry for Basic auth."""
    try:
        parts = urlsplit(url)
        if parts.password is None:
            return url
    except ValueError:
        return url
    return urlunsplit(parts._replace(netloc=f"{parts.username}:…@{parts.netloc.rpartition('@')[2]}"))

"""A number at the stand-in, a journal in a folder of the test's own, and pointers to it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tests.twilio_rest import Number, TwilioRest, twilio_rest
from twilio_rt_cli.numbers import Change, Journal, JournalEntry, NumberPointer, plan, webhook_url
from twilio_rt_cli.twilio_api import Account, TwilioApi, VoiceConfig

NUMBER = "+14155550100"
THEIRS = "https://prod.example.com/answer"
OURS = "https://ab12.ngrok.app"


@dataclass
class World:
    """The pieces; `number` is as Twilio has it."""

    rest: TwilioRest
    api: TwilioApi
    journal: Journal

    @property
    def number(self) -> Number:
        return self.rest.account.number(NUMBER)

    def pointer(self, *, until_exit: bool = True) -> NumberPointer:
        return NumberPointer(self.api, self.journal, until_exit=until_exit)

    def change(self, origin: str = OURS) -> Change:
        return plan(self.api.number(NUMBER), webhook_url(origin), clear=True)

    def point(self, origin: str = OURS, *, until_exit: bool = True) -> JournalEntry:
        entry = self.pointer(until_exit=until_exit).point(self.change(origin))
        assert entry is not None
        return entry

    def voice(self) -> VoiceConfig:
        return self.api.number(NUMBER).voice


@contextmanager
def world(folder: Path, **fields: str | None) -> Iterator[World]:
    """With one number whose fields are these."""
    number = Number(NUMBER, "Support line", **{"voice_url": THEIRS, **fields})  # type: ignore[arg-type]
    with (
        twilio_rest([number]) as rest,
        TwilioApi(
            Account(account_sid=rest.account.sid, auth_token=rest.account.auth_token, api_url=rest.url, timeout_s=5)
        ) as api,
    ):
        yield World(rest, api, Journal(folder / "numbers"))


def of_a_dead_process(entry: JournalEntry) -> JournalEntry:
    """The entry as a process left it that was killed."""
    return replace(entry, started_at="1")

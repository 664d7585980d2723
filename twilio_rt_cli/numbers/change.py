"""Makes a planned change at Twilio and takes it back, the journal always a step ahead. Blocking: call from a thread.

Both ways are compare-and-swap as far as Twilio lets us: the number is read again first, nothing that somebody else has
set meanwhile is overwritten, and it is read once more to see that the change is there. When Twilio cannot be reached,
the journal keeps its entry, and whoever comes next goes on from it.
"""

from dataclasses import dataclass, replace
from enum import Enum, auto

from twilio_rt_cli.errors import ServiceError, TwilioRtError, UnreachableError
from twilio_rt_cli.machine.process import Process
from twilio_rt_cli.numbers.journal import Journal, JournalEntry, now
from twilio_rt_cli.numbers.plan import Change, webhook_url, without_password
from twilio_rt_cli.twilio_api import NoSuchNumberError, TwilioApi, VoiceConfig

_EXCLUSIVE = ("voice_application_sid", "trunk_sid")  # setting one deletes the other


class Outcome(Enum):
    """What became of a number's old webhook."""

    PUT_BACK = auto()
    CHANGED_BY_OTHERS = auto()
    """somebody has set another webhook since: left alone"""
    GONE = auto()
    """the account has the number no more"""


@dataclass(frozen=True, slots=True)
class Restored:
    """How putting back went."""

    entry: JournalEntry
    outcome: Outcome
    voice: VoiceConfig
    """what the number does now"""
    left: tuple[str, ...] = ()
    """fields that somebody else has changed since: left alone"""

    def sentence(self) -> str:
        """For people."""
        number = self.entry.phone_number
        match self.outcome:
            case Outcome.PUT_BACK:
                rest = f"; left alone, since somebody changed it: {', '.join(self.left)}" if self.left else ""
                return f"{number} is as it was: {_webhook(self.voice)}{rest}."
            case Outcome.CHANGED_BY_OTHERS:
                return f"{number} was left alone: somebody has pointed it elsewhere since, to {_webhook(self.voice)}."
            case Outcome.GONE:
                return f"{number} is not the account's any more: there is nothing to put back."


class NumberPointer:
    """Points numbers of one account. `until_exit`: while this process runs; else until somebody puts it back."""

    def __init__(self, api: TwilioApi, journal: Journal, *, until_exit: bool) -> None:
        self._api = api
        self._journal = journal
        self._until_exit = until_exit

    def point(self, change: Change) -> JournalEntry | None:
        """Make the change. None: it was so already, and nobody has to put it back.

        Raises ServiceError when somebody changed the number since the change was planned, or Twilio did not make it.
        """
        old = self._journal.load(change.number.sid)
        if not change.needed:
            return self._adopted(old, change)
        self._unchanged_since(change)
        entry = self._entry(change, old)
        self._journal.write(entry)
        try:
            self._api.update(entry.number_sid, change.after, change.before)
        except UnreachableError:  # it may have been made: the entry stays
            raise
        except TwilioRtError:  # refused: the number is as it was
            self._forget(entry, old)
            raise
        self._verify(entry.number_sid, change.after)
        return entry

    def repoint(self, entry: JournalEntry, origin: str) -> JournalEntry | None:
        """The same number to another origin, as when a tunnel came back by another name. None: somebody changed it."""
        number = self._api.fetch(entry.number_sid)
        if not entry.has_our_url(number.voice):
            return None
        after = replace(number.voice, voice_url=webhook_url(origin), voice_method="POST")
        if after == number.voice:
            return entry
        ours = replace(entry.ours, voice_url=after.voice_url)
        changed = replace(entry, ours=ours, earlier_url=number.voice.voice_url, changed_at=now())
        self._journal.write(changed)
        self._api.update(entry.number_sid, after, number.voice)
        self._verify(entry.number_sid, after)
        return changed

    def restore(self, entry: JournalEntry) -> Restored:
        """Put back what was there, if the number still has our webhook. On an error the journal keeps its entry."""
        try:
            voice = self._api.fetch(entry.number_sid).voice
        except NoSuchNumberError:
            self._journal.remove(entry)
            return Restored(entry, Outcome.GONE, VoiceConfig())
        if not entry.has_our_url(voice) and voice != entry.before:
            self._journal.remove(entry)
            return Restored(entry, Outcome.CHANGED_BY_OTHERS, voice)
        back, left = _put_back(entry, voice)
        if back != voice:
            self._api.update(entry.number_sid, back, voice)
            self._verify(entry.number_sid, back)
        self._journal.remove(entry)
        return Restored(entry, Outcome.PUT_BACK, back, left)

    def _entry(self, change: Change, old: JournalEntry | None) -> JournalEntry:
        """What to write down. A change of ours that is still there keeps what was before it."""
        process = Process.current()
        entry = JournalEntry(
            account_sid=self._api.account_sid,
            number_sid=change.number.sid,
            phone_number=change.number.phone_number,
            before=change.before,
            ours=change.after,
            until_exit=self._until_exit,
            pid=process.pid,
            started_at=process.started_at,
            changed_at=now(),
        )
        if old is None or not old.has_our_url(change.before):
            return entry
        if self._until_exit and not old.until_exit:
            return replace(entry, beneath=old)
        return replace(entry, before=old.before, earlier_url=change.before.voice_url, beneath=old.beneath)

    def _adopted(self, old: JournalEntry | None, change: Change) -> JournalEntry | None:
        """The entry of a process that is gone, made ours: the number is as we want it, and still to be put back."""
        if old is None or not old.left_behind or not old.has_our_url(change.before):
            return None
        process = Process.current()
        entry = replace(old, pid=process.pid, started_at=process.started_at, until_exit=self._until_exit)
        self._journal.write(entry)
        return entry

    def _unchanged_since(self, change: Change) -> None:
        if self._api.fetch(change.number.sid).voice != change.before:
            raise ServiceError(
                f"{change.number.phone_number} was changed by somebody else in the meantime.",
                hint="Nothing was changed by us: look at it again.",
            )

    def _verify(self, sid: str, after: VoiceConfig) -> None:
        number = self._api.fetch(sid)
        wrong = after.differences(number.voice)
        if wrong:
            raise ServiceError(
                f"Twilio took the change of {number.phone_number}, yet does not show it: {', '.join(wrong)}.",
                hint="See the number in the Twilio console, and `twilio-rt configure-number --show`.",
            )

    def _forget(self, entry: JournalEntry, old: JournalEntry | None) -> None:
        if old is None:
            self._journal.remove(entry)
        else:
            self._journal.write(old)


def _put_back(entry: JournalEntry, voice: VoiceConfig) -> tuple[VoiceConfig, tuple[str, ...]]:
    """The number as it was, and the fields that somebody else has changed since."""
    back, left = {}, []
    for name, before in entry.before.differences(entry.ours).items():
        ours = [getattr(entry.ours, name)]
        if name == "voice_url":
            ours.append(entry.earlier_url)
        together = _EXCLUSIVE if name in _EXCLUSIVE else (name,)
        as_we_left = getattr(voice, name) in ours and all(
            getattr(voice, other) == getattr(entry.ours, other) for other in together if other != name
        )
        if as_we_left:
            back[name] = before
        elif getattr(voice, name) != before:
            left.append(name)
    return replace(voice, **back), tuple(left)


def _webhook(voice: VoiceConfig) -> str:
    if voice.trunk_sid:
        return f"trunk {voice.trunk_sid}"
    if voice.voice_application_sid:
        return f"application {voice.voice_application_sid}"
    return without_password(voice.voice_url) or "no webhook"

"""What `configure-number` shows: the number, the difference, and what came of it; in words, or as one JSON object."""

import json
import sys
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from twilio_rt_cli.numbers import Change, Journal, JournalEntry, Outcome, Restored
from twilio_rt_cli.numbers.plan import shown, without_password
from twilio_rt_cli.output import console
from twilio_rt_cli.output.redaction import printable
from twilio_rt_cli.twilio_api import Number, VoiceConfig

_NAME_WIDTH = max(len(field.name) for field in fields(VoiceConfig))


class NumberView:
    """Words go to stdout; with `json` the object alone does, and the words go to stderr."""

    def __init__(self, *, json: bool, dry_run: bool) -> None:
        self.dry_run = dry_run
        self._json = json
        self._warnings: list[str] = []

    def left_over(self, journal: Journal, account_sid: str, spare: JournalEntry | None = None) -> None:
        """Tell what earlier runs left behind, but for an entry that is taken care of."""
        for entry in journal.left_behind(account_sid):
            if entry == spare:
                continue
            self._warn(
                f"A server that is gone left {entry.phone_number} pointed to {entry.ours.voice_url}; "
                f"`twilio-rt configure-number {entry.phone_number} --restore` puts the old webhook back."
            )
        for path in journal.unreadable():
            self._warn(f"{_home(path)} cannot be read. It is kept: it may hold a number's old webhook.")

    def shows(self, number: Number, entry: JournalEntry | None) -> None:
        """The number as it is."""
        self._heading(number)
        for name, value in asdict(number.voice).items():
            if value or name == "voice_url":
                self._print(f"  {name:<{_NAME_WIDTH}} {shown(value)}")
        if entry is not None and entry.has_our_url(number.voice):
            self._print(f"Pointed here by twilio-rt on {entry.changed_at}; before: {shown(entry.before.voice_url)}")
        self._object(number, number.voice, number.voice)

    def plans(self, change: Change, entry: JournalEntry | None) -> None:
        """The difference, before anybody is asked."""
        self._heading(change.number, "has a live webhook" if change.live_webhook else "")
        for line in change.lines(console.width(sys.stderr if self._json else sys.stdout)):
            self._print(line)
        for warning in change.warnings():
            self._warn(warning)
        if entry is not None and entry.held:
            self._warn(f"A server that runs (pid {entry.pid}) holds this number; it will leave it alone from now on.")

    def changed(self, change: Change, path: Path) -> None:
        """What came of the plan."""
        number, done = change.number, change.needed and not self.dry_run
        if not change.needed:
            self._print(f"Nothing to change: {number.phone_number} points to {change.after.voice_url} already.")
        elif done:
            self._print(f"Changed. Backup: {_home(path)}")
            self._print(f"Undo: twilio-rt configure-number {number.phone_number} --restore")
        else:
            self._print("Dry run: nothing was changed.")
        self._object(number, change.before, change.after, changed=done)

    def nothing_to_restore(self) -> None:
        """There is no entry in the journal."""
        self._print("Nothing to put back: we have changed no number, or put it back already.")
        self._object(None, None, None)

    def would_restore(self, entry: JournalEntry, voice: VoiceConfig) -> None:
        """The entry, and what the number does now."""
        ours = entry.has_our_url(voice)
        self._print(f"Number {entry.phone_number}")
        self._print(f"  {'voice_url':<{_NAME_WIDTH}} {shown(voice.voice_url)} → {shown(entry.before.voice_url)}")
        self._print("Dry run: nothing was changed." if ours else "It is not our webhook: it would be left alone.")
        self._object(entry, voice, entry.before if ours else voice)

    def restored(self, restored: Restored, *, put_back: bool) -> None:
        """What came of putting back."""
        self._print(restored.sentence())
        if restored.outcome is not Outcome.PUT_BACK:
            self._warnings.append(restored.sentence())
        before = restored.entry.ours if put_back else restored.voice
        self._object(restored.entry, before, restored.voice, changed=put_back, restored=put_back)

    def _heading(self, number: Number, doubt: str = "") -> None:
        name = "" if number.friendly_name == number.phone_number else f'  "{number.friendly_name}"'
        self._print(f"Number {number.phone_number}{name}  {number.sid}{f'  ⚠ {doubt}' if doubt else ''}")

    def _print(self, line: str) -> None:
        (console.say if self._json else console.data)(printable(line))

    def _warn(self, sentence: str) -> None:
        self._warnings.append(sentence)
        console.say(f"Warning: {printable(sentence)}")

    def _object(
        self,
        number: Number | JournalEntry | None,
        before: VoiceConfig | None,
        after: VoiceConfig | None,
        *,
        changed: bool = False,
        restored: bool = False,
    ) -> None:
        if not self._json:
            return
        result = {
            "v": 1,
            "number": number.phone_number if number else None,
            "sid": (number.sid if isinstance(number, Number) else number.number_sid) if number else None,
            "before": _fields(before),
            "after": _fields(after),
            "changed": changed,
            "restored": restored,
            "dry_run": self.dry_run,
            "warnings": self._warnings,
        }
        console.data(json.dumps(result, ensure_ascii=False))


def _fields(voice: VoiceConfig | None) -> dict[str, Any] | None:
    return None if voice is None else {name: without_password(value) for name, value in asdict(voice).items()}


def _home(path: Path) -> str:
    home = str(Path.home())
    return "~" + str(path).removeprefix(home) if str(path).startswith(home + "/") else str(path)

"""What was changed at Twilio, written down before it is changed: a private file for each number in the state folder.

A file says what the number did before us, what we made of it, and which process did so. Killed or not, whoever comes
next can put it back. A file that cannot be read is never overwritten: it may hold the only copy of somebody's webhook.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from twilio_rt_cli.errors import ServerError
from twilio_rt_cli.machine.private_file import write_private
from twilio_rt_cli.machine.process import Process
from twilio_rt_cli.machine.state import state_folder
from twilio_rt_cli.twilio_api import VoiceConfig

VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """A number that we changed."""

    v: int = VERSION
    account_sid: str
    number_sid: str
    phone_number: str
    before: VoiceConfig
    """to be put back"""
    ours: VoiceConfig
    earlier_url: str = ""
    """the webhook that we had set before this one: the number still has it if we were killed in between"""
    until_exit: bool
    """put back when the process ends; else when somebody asks for it"""
    pid: int
    started_at: str
    """of the process: without it, the number alone says little"""
    changed_at: str
    beneath: "JournalEntry | None" = None
    """a lasting change of ours that this one lies on: putting this one back leaves that one"""

    @property
    def left_behind(self) -> bool:
        """Whether its process should have put it back, and is gone."""
        return self.until_exit and not Process(self.pid, self.started_at).alive

    @property
    def held(self) -> bool:
        """Whether a process that runs will put it back."""
        return self.until_exit and not self.left_behind

    @property
    def urls(self) -> frozenset[str]:
        """The webhooks of ours that the number may have."""
        return frozenset({self.ours.voice_url, self.earlier_url} - {""})

    def has_our_url(self, voice: VoiceConfig) -> bool:
        """Whether this is still what we set."""
        return voice.voice_url in self.urls


def now() -> str:
    """The time for an entry."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


class Journal:
    """The files."""

    def __init__(self, folder: Path | None = None) -> None:
        """In the per-user state folder, or another. Raises ServerError when it cannot be made."""
        try:
            self.folder = folder or state_folder() / "numbers"
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise ServerError(
                f"The state folder cannot be made ({error.strerror}): {error.filename}.",
                hint="What is changed at Twilio is written down there first. XDG_STATE_HOME names another place.",
            ) from error

    def path(self, number_sid: str) -> Path:
        """Where a number's file is, or would be."""
        assert re.fullmatch(r"\w+", number_sid)
        return self.folder / f"{number_sid}.json"

    def write(self, entry: JournalEntry) -> None:
        """Write an entry down, in place of the number's old one. Raises ServerError."""
        path = self.path(entry.number_sid)
        try:
            write_private(path, msgspec.json.format(msgspec.json.encode(entry)))
        except OSError as error:
            hint = "Nothing is changed at Twilio before it is written down there."
            raise ServerError(f"{path} cannot be written ({error.strerror}).", hint=hint) from error

    def load(self, number_sid: str) -> JournalEntry | None:
        """The entry of a number. Raises ServerError when there is a file that cannot be read; it is kept."""
        path = self.path(number_sid)
        try:
            return _read(path)
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise ServerError(
                f"{path} cannot be read ({_why(error)}), and may hold the number's old webhook.",
                hint="Look into it, set the number right in the Twilio console, then delete the file.",
            ) from error

    def entries(self) -> list[JournalEntry]:
        """All that can be read, the oldest first."""
        found = []
        for path in self.folder.glob("*.json"):
            try:
                found.append(_read(path))
            except (OSError, ValueError):
                continue
        return sorted(found, key=lambda entry: entry.changed_at)

    def unreadable(self) -> list[Path]:
        """The files that cannot be read, for a warning."""
        return sorted(set(self.folder.glob("*.json")) - {self.path(entry.number_sid) for entry in self.entries()})

    def left_behind(self, account_sid: str) -> list[JournalEntry]:
        """What processes that are gone should have put back at this account."""
        return [entry for entry in self.entries() if entry.left_behind and entry.account_sid == account_sid]

    def remove(self, entry: JournalEntry) -> None:
        """Strike an entry, unless another has taken its place: a change beneath it comes to the top again."""
        path = self.path(entry.number_sid)
        try:
            if _read(path) != entry:
                return
            if entry.beneath is not None:
                self.write(entry.beneath)
                return
            path.unlink()
        except FileNotFoundError:
            return
        except (OSError, ValueError) as error:
            raise ServerError(f"{path} cannot be removed ({_why(error)}).") from error


def _read(path: Path) -> JournalEntry:
    entry = msgspec.json.decode(path.read_bytes(), type=JournalEntry)
    if entry.v != VERSION or entry.number_sid != path.stem:
        raise ValueError("of another version, or another number")
    return entry


def _why(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)

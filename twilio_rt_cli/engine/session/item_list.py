"""The default conversation: items in order, each with its audio while memory allows.

(OpenAI Realtime, "conversation.item.create", ".retrieve", ".truncate", ".delete".)
"""

from collections.abc import Iterator

from msgspec import UNSET, structs

from twilio_rt_cli.engine.session.formats import bytes_per_ms
from twilio_rt_cli.engine.session.items import Entry, Message
from twilio_rt_cli.engine.session.refusals import RefusedError

ROOT = "root"
MAX_AUDIO_BYTES = 32 * 1024 * 1024
"""Audio kept per conversation; beyond it the oldest items lose theirs and keep their words and length."""


class ItemList:
    """Ordered entries, found by item id."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._audio_bytes = 0

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries)

    @property
    def last_id(self) -> str | None:
        """The id of the newest item."""
        return self._entries[-1].id if self._entries else None

    def find(self, item_id: str) -> Entry | None:
        """The entry with this id."""
        return next((entry for entry in reversed(self._entries) if entry.id == item_id), None)

    def get(self, item_id: str, verb: str) -> Entry:
        """The entry with this id; raises RefusedError in the words of the event that asked (`verb`: "delete", …)."""
        entry = self.find(item_id)
        if entry is None:
            raise RefusedError(
                f"Error {verb.removesuffix('e')}ing item: the item with id '{item_id}' does not exist.",
                f"item_{verb}_invalid_item_id",
                param="item_id",
            )
        return entry

    def add(self, entry: Entry, previous_item_id: str | None = None) -> str | None:
        """Put an entry after the one named (None: at the end, "root": first); the id it follows, None when first.

        Raises RefusedError when the id is taken or the previous item does not exist.
        """
        if self.find(entry.id) is not None:
            raise RefusedError(
                f"Error adding item: an item with id '{entry.id}' already exists.",
                "item_create_duplicate_item_id",
                param="item.id",
            )
        index = self._index_after(previous_item_id)
        self._entries.insert(index, entry)
        self._count(len(entry.audio))
        return self._entries[index - 1].id if index else None

    def remove(self, item_id: str) -> None:
        """Take an item out. Raises RefusedError when it does not exist."""
        entry = self.get(item_id, "delete")
        self._entries.remove(entry)
        self._audio_bytes -= len(entry.audio)

    def grow(self, entry: Entry, audio: bytes) -> None:
        """Add audio to an entry that is being spoken."""
        entry.audio += audio
        if self.find(entry.id) is entry:
            self._count(len(audio))

    def truncate(self, item_id: str, audio_end_ms: int) -> None:
        """Cut an agent's spoken item at what was heard; its transcript goes, as at the original.

        The brain keeps the words that were probably heard. Raises RefusedError for other items and beyond the audio.
        """
        entry = self.get(item_id, "truncate")
        if not entry.is_agent_audio:
            # A null code, as reported of the original.
            raise RefusedError("Only model output audio messages can be truncated")
        if audio_end_ms > entry.duration_ms:
            raise RefusedError(
                f"Audio content of {entry.duration_ms}ms is already shorter than {audio_end_ms}ms", "invalid_value"
            )
        kept = entry.audio[: audio_end_ms * bytes_per_ms(entry.audio_format)]
        self._audio_bytes -= len(entry.audio) - len(kept)
        entry.said = _share(entry.said or "", audio_end_ms, entry.duration_ms)
        entry.audio, entry.duration_ms, entry.truncated = kept, audio_end_ms, True
        if isinstance(entry.item, Message):
            parts = [structs.replace(part, transcript=UNSET) for part in entry.item.content]
            entry.item = structs.replace(entry.item, content=parts)

    def _index_after(self, previous_item_id: str | None) -> int:
        if previous_item_id is None:
            return len(self._entries)
        if previous_item_id == ROOT:
            return 0
        for index, entry in enumerate(self._entries):
            if entry.id == previous_item_id:
                return index + 1
        raise RefusedError(
            f"Error adding item: the previous item with id '{previous_item_id}' does not exist.",
            "item_create_invalid_previous_item_id",
            param="previous_item_id",
        )

    def _count(self, added: int) -> None:
        self._audio_bytes += added
        for entry in self._entries:
            if self._audio_bytes <= MAX_AUDIO_BYTES:
                return
            self._audio_bytes -= len(entry.audio)
            entry.audio = b""


def _share(text: str, heard_ms: int, whole_ms: int) -> str:
    """The words of `text` that fit into the heard part of its audio."""
    if not whole_ms:
        return ""
    return text[: len(text) * heard_ms // whole_ms].rpartition(" ")[0] if heard_ms < whole_ms else text

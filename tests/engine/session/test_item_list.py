"""The conversation's memory: old audio goes before it grows too large."""

from twilio_rt_cli.engine.session.item_list import MAX_AUDIO_BYTES, ItemList
from twilio_rt_cli.engine.session.items import Entry, Message, Part


def spoken(item_id: str, size: int) -> Entry:
    item = Message("assistant", [Part("output_audio", transcript="words")], id=item_id)
    return Entry(item, audio=bytes(size), duration_ms=size // 8, said="words")


def test_the_oldest_audio_is_forgotten_and_its_words_are_not() -> None:
    items = ItemList()
    for name in ("old", "middle", "new"):
        items.add(spoken(name, MAX_AUDIO_BYTES // 2))
    old, middle, new = items
    assert (len(old.audio), old.said, old.duration_ms) == (0, "words", MAX_AUDIO_BYTES // 16)
    assert len(middle.audio) == len(new.audio) == MAX_AUDIO_BYTES // 2


def test_audio_of_deleted_items_does_not_count() -> None:
    items = ItemList()
    items.add(spoken("gone", MAX_AUDIO_BYTES))
    items.remove("gone")
    items.add(spoken("one", MAX_AUDIO_BYTES))
    assert len(next(iter(items)).audio) == MAX_AUDIO_BYTES


def test_an_item_whose_audio_was_forgotten_can_still_be_truncated() -> None:
    items = ItemList()
    items.add(spoken("old", 800))
    items.add(spoken("new", MAX_AUDIO_BYTES))
    items.truncate("old", 50)
    assert items.get("old", "retrieve").duration_ms == 50

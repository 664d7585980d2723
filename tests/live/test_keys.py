"""Keys as a terminal sends them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twilio_rt_cli.live.keys import Keys


@pytest.mark.parametrize(
    ("raw", "keys"),
    [
        (b"qh?", ["q", "h", "?"]),
        (b"\x1b[A\x1b[B\x1bOA\x1bOB", ["up", "down", "up", "down"]),
        (b"\x1b[5~\x1b[6~\x1b[H\x1b[4~\x1b[1;5A", ["page up", "page down", "home", "end", "up"]),
        (b"\x1b[200~x\x1b[3~", ["x"]),
        (b"\x1bq", ["esc", "q"]),
        (b"\x1b\x1b[A", ["esc", "up"]),
        ("é\n".encode(), ["é", "\n"]),
    ],
)
def test_sequences_have_names(raw: bytes, keys: list[str]) -> None:
    assert Keys().feed(raw) == keys


def test_a_sequence_may_come_in_pieces() -> None:
    keys = Keys()
    assert (keys.feed(b"\x1b"), keys.feed(b"["), keys.feed(b"B"), keys.waiting) == ([], [], ["down"], False)


def test_esc_alone_is_known_when_nothing_follows() -> None:
    keys = Keys()
    assert (keys.feed(b"\x1b"), keys.waiting, keys.flush(), keys.flush()) == ([], True, ["esc"], [])


@given(st.lists(st.binary(max_size=12)))
def test_anything_may_be_typed(pieces: list[bytes]) -> None:
    keys = Keys()
    for piece in pieces:
        assert all(key == "esc" or len(key) == 1 or key.isascii() for key in keys.feed(piece))
    assert len(keys.flush()) <= 1

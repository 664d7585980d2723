import pytest

from twilio_rt_cli.output.words import cut, plural


@pytest.mark.parametrize(("count", "told"), [(0, "0 calls"), (1, "1 call"), (2, "2 calls")])
def test_one_is_one_and_all_other_numbers_are_several(count: int, told: str) -> None:
    assert plural(count, "call") == told


def test_several_may_have_a_word_of_their_own() -> None:
    assert [plural(count, "entry", "entries") for count in (1, 2)] == ["1 entry", "2 entries"]


@pytest.mark.parametrize(("room", "shown"), [(9, "long wor…"), (10, "long words"), (1, "…"), (0, "…")])
def test_what_has_no_room_is_cut_with_an_ellipsis(room: int, shown: str) -> None:
    assert cut("long words", room) == shown

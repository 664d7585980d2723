"""Text in cells: escaped, cut, filled up, wrapped."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tests.live.rich_text import sheet
from twilio_rt_cli.live.text import STYLES, Line, ansi, cut, filled, fit, flow, wrapped
from twilio_rt_cli.output.redaction import printable

TEXTS = st.text(max_size=60)


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [("word", 4, "word"), ("words", 4, "wor…"), ("日本語", 4, "日 …"), ("日本語", 6, "日本語"), ("x", 0, "")],
)
def test_what_is_too_wide_is_cut_with_an_ellipsis(text: str, width: int, shown: str) -> None:
    assert cut(text, width) == shown


@given(TEXTS, st.integers(0, 30), st.booleans())
def test_a_cell_has_exactly_its_width(text: str, width: int, left: bool) -> None:
    assert cell_len(fit(printable(text), width, left=left)) == width


@given(TEXTS, st.integers(2, 30))
def test_wrapped_lines_fit_and_lose_no_character(text: str, width: int) -> None:
    shown = printable(text)
    lines = wrapped(shown, width)
    assert all(cell_len(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(shown.split())


def test_words_wrap_as_words() -> None:
    assert wrapped("eins zwei drei", 9) == ["eins zwei", "drei"]
    assert wrapped("eins zwöi drei", 9) == ["eins zwöi", "drei"]
    assert wrapped("", 9) == [""]
    assert wrapped("日本語日本語", 5) == ["日本", "語日", "本語"]


def test_where_room_is_scarce_the_important_pieces_stay_in_their_order() -> None:
    pieces: list[tuple[int, Line]] = [(2, [("aaaa", "")]), (1, [("bbbb", "")]), (3, [("cccc", "")])]
    assert [flow(pieces, width, " ") for width in (14, 13, 9, 3)] == [
        [("aaaa", ""), (" ", ""), ("bbbb", ""), (" ", ""), ("cccc", "")],
        [("aaaa", ""), (" ", ""), ("bbbb", "")],
        [("aaaa", ""), (" ", ""), ("bbbb", "")],
        [("bbbb", "")],
    ]


@given(st.lists(st.tuples(TEXTS.map(printable), st.sampled_from(["", *STYLES])), max_size=6), st.integers(0, 40))
def test_a_line_is_filled_to_its_width_in_text_and_on_a_terminal(line: Line, width: int) -> None:
    full = filled(line, width)
    assert cell_len("".join(text for text, _ in full)) == width
    assert sheet([full], colour=True).plain == "".join(text for text, _ in full)


def test_without_colour_weight_alone_is_left() -> None:
    line: Line = [("a", "bad"), ("b", "good"), ("c", "quiet"), ("d", "")]
    assert ansi(line, colour=True) == "\x1b[1;31ma\x1b[0m\x1b[32mb\x1b[0m\x1b[2mc\x1b[0md"
    assert ansi(line, colour=False) == "\x1b[1ma\x1b[0mb\x1b[2mc\x1b[0md"
    assert [str(span.style) for span in sheet([line], colour=False).spans] == ["bold", "dim"]

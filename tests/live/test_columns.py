"""Which columns there is room for, and a row."""

import pytest
from rich.cells import cell_len

from tests.live.scene import row, statistics
from twilio_rt_cli.live.columns import COLUMNS, columns_for, row_line, titles

ALWAYS = ["CALL", "FROM", "STATE", "AGE", "TURNS", "V2V ms", "BUF ms", "GAPS", "KBIT/S", "EST $"]


def shown(line: list[tuple[str, str]]) -> str:
    return "".join(text for text, _ in line)


def test_at_80_columns_tokens_interruptions_and_percentile_are_left_out() -> None:
    assert [column.head for column in columns_for(80)] == ALWAYS


def test_below_columns_go_in_a_defined_order_and_above_they_come() -> None:
    order = [column.head for column in sorted(COLUMNS, key=lambda column: column.dispensable)]
    for width in range(0, 260):
        titles_shown = {column.head for column in columns_for(width)}
        assert titles_shown == set(order[: len(titles_shown)])
    assert set(ALWAYS) | {"P95 ms", "BARGE", "STOP ms", "TOK", "LAG ms", "JIT ms"} == {
        column.head for column in columns_for(120)
    }
    assert len(columns_for(200)) == len(COLUMNS)


@pytest.mark.parametrize("width", [80, 120, 200])
def test_rows_are_as_wide_as_their_head(width: int) -> None:
    taken = 2 + sum(column.width + 1 for column in columns_for(width)) - 1
    assert taken <= width
    for number in (1, 5, 7):
        line = shown(row_line(row(number), width, selected=True))
        assert cell_len(line) == taken
    assert cell_len(shown(titles(width))) == width


def test_no_figure_however_large_moves_another() -> None:
    huge = statistics(
        1,
        turns=123_456,
        media_gaps=98_765,
        input_tokens=9_876_543,
        cost_usd=12345.678,
        jitter_ms=1e7,
        barge_ins=54_321,
        barge_in_stop_ms=[123_456.0],
        marks_sent=10**7,
        tool_calls=100,
        tool_failures=10,
    )
    wild = row(1, age_s=1e7, v2v_ms=1e6, v2v_p95_ms=1e6, at_twilio_ms=10**7, kbps_in=1e5, kbps_out=1e5, statistics=huge)
    plain = row(2)
    assert len({cell_len(shown(row_line(one, 200, selected=False))) for one in (wild, plain)}) == 1


def test_a_call_that_is_not_healthy_has_a_glyph_and_a_colour() -> None:
    assert [row_line(row(number), 80, selected=False)[1] for number in (1, 5, 7)] == [
        (" ", ""),
        ("▲", "warn"),
        ("✗", "bad"),
    ]


def test_a_figure_that_wants_attention_has_them_too() -> None:
    slow = row_line(row(1, v2v_ms=2140.0), 80, selected=False)
    assert (" " + " ▲2140", "warn") in slow


def test_what_is_not_known_is_not_zero() -> None:
    unknown = row(1, v2v_ms=None, v2v_p95_ms=None, from_number="", statistics=statistics(1, cost_usd=None))
    line = shown(row_line(unknown, 80, selected=False))
    assert "unknown" in line
    assert line.split()[-1] == "n/a"
    assert "–" in line


def test_a_number_in_full_shows_its_end() -> None:
    assert "…5550142" in shown(row_line(row(1, from_number="+14155550142"), 80, selected=False))

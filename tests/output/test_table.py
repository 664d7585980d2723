"""Tables: what goes first where room is scarce, and what is cut at last."""

from hypothesis import given
from hypothesis import strategies as st

from twilio_rt_cli.output.table import Column, table, with_room

NAME = Column[tuple[str, int, str]]("NAME", lambda row: row[0])
COUNT = Column[tuple[str, int, str]]("COUNT", lambda row: str(row[1]), right=True, dispensable=1)
SIZE = Column[tuple[str, int, str]]("SIZE", lambda row: str(row[1] * 1000), right=True, dispensable=2)
WHY = Column[tuple[str, int, str]]("WHY", lambda row: row[2])
COLUMNS = [NAME, COUNT, SIZE, WHY]
ROWS = [("one", 7, "because it is so"), ("another", 12, "")]


def test_without_a_width_it_is_as_wide_as_it_takes() -> None:
    assert list(table(COLUMNS, ROWS, None)) == [
        "NAME     COUNT   SIZE  WHY",
        "one          7   7000  because it is so",
        "another     12  12000",
    ]


def test_the_most_dispensable_goes_first_and_the_last_column_is_cut_at_last() -> None:
    assert list(table(COLUMNS, ROWS, 30)) == ["NAME     COUNT  WHY", "one          7  because it is…", "another     12"]
    assert list(table(COLUMNS, ROWS, 20)) == ["NAME     WHY", "one      because it…", "another"]


@given(st.integers(1, 60))
def test_no_line_is_wider_than_it_may_be(width: int) -> None:
    assert max(map(len, table(COLUMNS, ROWS, width))) <= width


def test_as_few_go_as_must_and_never_one_that_cannot_be_done_without() -> None:
    assert with_room(COLUMNS, lambda left: len(left) <= 3) == [NAME, COUNT, WHY]
    assert with_room(COLUMNS, lambda _: True) == COLUMNS
    assert with_room(COLUMNS, lambda _: False) == [NAME, WHY]


def test_a_table_of_nothing_has_its_heads() -> None:
    assert list(table([NAME, WHY], [], None)) == ["NAME  WHY"]

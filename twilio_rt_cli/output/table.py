"""Tables as lines of text, with columns that may go where room is scarce. Pure, and light to import."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, TypeVar

from msgspec import Struct

from twilio_rt_cli.output.words import cut

Row = TypeVar("Row")
AnyColumn = TypeVar("AnyColumn", bound="Column[Any]")

_GAP = "  "
_NARROWEST_LAST = 14
"""where the last column has less than that, others go; `caller hung up`, the most frequent end, is so wide"""


class Column(Struct, Generic[Row], frozen=True):
    """One column: its head, and what it shows of a row."""

    head: str
    cell: Callable[[Row], str]
    right: bool = False
    """figures stand on the right, words on the left"""
    dispensable: int = 0
    """where room is scarce the highest goes first; 0: never"""


def with_room(columns: Sequence[AnyColumn], fit: Callable[[Sequence[AnyColumn]], bool]) -> list[AnyColumn]:
    """The columns without those that can be done without, as many of them as must go for the rest to fit."""
    kept = list(columns)
    for column in sorted(columns, key=lambda one: -one.dispensable):
        if not column.dispensable or fit(kept):
            break
        kept.remove(column)
    return kept


def table(columns: Sequence[Column[Row]], rows: Sequence[Row], width: int | None) -> Iterator[str]:
    """Heads and a line per row; as wide as it takes where there is no width.

    Only the last column may be cut, once all that can be done without are gone.
    """
    cells = {column.head: [column.cell(row) for row in rows] for column in columns}
    widths = {head: max(map(len, [head, *texts])) for head, texts in cells.items()}
    kept = list(columns)
    if width is not None:
        last, wanted = kept[-1].head, min(widths[kept[-1].head], _NARROWEST_LAST)
        kept = with_room(columns, lambda left: _room_for_last(left, widths, width) >= wanted)
        widths[last] = min(widths[last], max(1, _room_for_last(kept, widths, width)))
    for number in range(-1, len(rows)):
        texts = [(column, column.head if number < 0 else cells[column.head][number]) for column in kept]
        line = _GAP.join(_fitted(text, widths[column.head], column.right) for column, text in texts).rstrip()
        yield line if width is None else line[:width]


def _room_for_last(columns: Sequence[Column[Row]], widths: dict[str, int], width: int) -> int:
    return width - sum(widths[column.head] + len(_GAP) for column in columns[:-1])


def _fitted(text: str, width: int, right: bool) -> str:
    text = cut(text, width)
    return text.rjust(width) if right else text.ljust(width)

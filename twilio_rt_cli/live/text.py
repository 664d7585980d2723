"""Lines of text in terminal cells: nothing in them has power over the terminal, and each is as wide as it says."""

import textwrap
from collections.abc import Iterable

from rich.cells import cell_len, chop_cells, set_cell_size
from rich.style import Style

Piece = tuple[str, str]
"""some text, fit to be shown, and the name of its style"""
Line = list[Piece]

STYLES = {
    "quiet": "dim",
    "head": "bold",
    "good": "green",
    "warn": "bold yellow",
    "bad": "bold red",
    "chosen": "bold",
    "titles": "reverse",
    "ask": "bold reverse",
    "caller": "cyan",
    "agent": "green",
    "tool": "magenta",
    "cut": "yellow",
    "log": "bold yellow",
}
_COLOURS = frozenset({"red", "green", "yellow", "magenta", "cyan"})


def width_of(text: str) -> int:
    """How many cells a text takes."""
    return len(text) if text.isascii() else cell_len(text)


def cut(text: str, width: int) -> str:
    """The text, or its beginning and an ellipsis where it is too wide."""
    if width_of(text) <= width:
        return text
    return set_cell_size(text, width - 1) + "…" if width > 0 else ""


def fit(text: str, width: int, *, left: bool = False) -> str:
    """The text in exactly this many cells: cut, or filled up with blanks on its right (`left`) or left side."""
    if text.isascii() and len(text) <= width:
        return text.ljust(width) if left else text.rjust(width)
    text = cut(text, width)
    room = " " * (width - width_of(text))
    return text + room if left else room + text


def wrapped(text: str, width: int) -> list[str]:
    """The words on lines of at most so many cells; at least one line."""
    if width < 2:
        return [""]
    if text.isascii():
        return textwrap.wrap(text, width) or [""]
    lines, room = [""], width
    for word in text.split():
        for part in [word] if width_of(word) <= width else chop_cells(word, width):
            needed = width_of(part) + (1 if lines[-1] else 0)
            if needed > room:
                lines.append(part)
                room = width - width_of(part)
            else:
                lines[-1] += f" {part}" if lines[-1] else part
                room -= needed
    return lines


def flow(pieces: Iterable[tuple[int, Line]], width: int, between: str = "   ") -> Line:
    """The pieces that find room on a line, in their order; where room is scarce, those of a lower number come first."""
    placed = list(enumerate(pieces))
    kept: list[tuple[int, Line]] = []
    room = width + len(between)
    for place, (_, line) in sorted(placed, key=lambda one: (one[1][0], one[0])):
        needed = sum(width_of(text) for text, _ in line) + len(between)
        if needed <= room or not kept:
            kept.append((place, line))
            room -= needed
    joined: Line = []
    for _, line in sorted(kept, key=lambda one: one[0]):
        joined += [(between, ""), *line] if joined else line
    return joined


def filled(line: Line, width: int) -> Line:
    """The line in exactly `width` cells: cut, or filled up with blanks."""
    kept: Line = []
    room = width
    for text, style in line:
        wide = width_of(text)
        if wide > room:
            kept.append((fit(text, room, left=True), style))
            return kept
        kept.append((text, style))
        room -= wide
    if room:
        kept.append((" " * room, ""))
    return kept


def ansi(line: Line, *, colour: bool) -> str:
    """The line as a terminal takes it. Without colour, weight alone is left."""
    styles = _STYLED if colour else _STYLED_PLAIN
    return "".join(styles[style].render(text) if style in styles else text for text, style in line)


def _without_colour(style: str) -> str:
    return " ".join(word for word in style.split() if word not in _COLOURS)


PLAIN_STYLES = {name: weight for name, style in STYLES.items() if (weight := _without_colour(style))}
_STYLED = {name: Style.parse(style) for name, style in STYLES.items()}
_STYLED_PLAIN = {name: Style.parse(style) for name, style in PLAIN_STYLES.items()}

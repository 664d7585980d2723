"""The text of `.env` with some values changed: what else stands there stays byte for byte.

It is cut into pieces by the parser that reads it later (python-dotenv's), and what comes out is read back by the same
parser before anybody gets it. Names count in any case, and of several the one that the settings would take is changed.
"""

import io
import re
from collections.abc import Iterator, Mapping, Sequence

from dotenv import dotenv_values
from dotenv.parser import Binding, parse_stream

from twilio_rt_cli.errors import SettingsError

_BOM = b"\xef\xbb\xbf"
_PLAIN = re.compile(r"[\w.,:/@%+=~-]+", re.ASCII)
_ESCAPES = {"\n": r"\n", "\r": r"\r", "\t": r"\t", "\a": r"\a", "\b": r"\b", "\f": r"\f", "\v": r"\v"}
_BEFORE_VALUE = re.compile(r"\s*(?:export[^\S\r\n]+)?(?:'[^']+'|[^=#\s]+)[^\S\r\n]*=[^\S\r\n]*")
_QUOTED = re.compile(r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"", re.DOTALL)
_UNQUOTED = re.compile(r"[^\r\n]*?(?=[^\S\r\n]+#|[^\S\r\n]*(?:[\r\n]|\Z))")
_LINE_END = re.compile(r"[^\S\r\n]*(?:\r\n|\n|\r|\Z)")


def values_in(content: bytes) -> dict[str, str]:
    """Name in small letters → value, as the settings read them."""
    return {name.lower(): value for name, value in _read(content).items() if value is not None}


def with_values(content: bytes, values: Mapping[str, str], notes: Mapping[str, str]) -> bytes:
    """The same file with these values. A name that is new there comes with its note as a comment.

    Raises SettingsError for a value that cannot stand in such a file.
    """
    changed = content
    for name, value in values.items():
        if values_in(changed).get(name.lower()) != value:
            changed = _Text(changed).with_value(name, value, notes.get(name, ""))
    return changed


class _Text:
    """A file in pieces."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.bom = _BOM if content.startswith(_BOM) else b""
        text = content.removeprefix(_BOM).decode("utf-8")
        self.newline = "\r\n" if "\r\n" in text else "\n"
        self.pieces = [binding.original.string for binding in _bindings(text)]
        assert "".join(self.pieces) == text

    def with_value(self, name: str, value: str, note: str) -> bytes:
        """The bytes with this value, read back. Raises SettingsError when there are none."""
        for text in self._candidates(name, _written(value), note):
            whole = self.bom + text.encode("utf-8", "replace")
            if _reads_back(self.content, whole, name, value):
                return whole
        raise SettingsError(f"This value of {name} cannot stand in .env.", hint="Set it in the environment instead.")

    def _candidates(self, name: str, written: str, note: str) -> Iterator[str]:
        if (at := self._place(name)) is not None:
            for piece in _changed_piece(self.pieces[at], written):
                yield "".join([*self.pieces[:at], piece, *self.pieces[at + 1 :]])
            return
        line = f"{name}={written}{self.newline}"
        commented = re.compile(rf"\s*#\s*{name}\s*=", re.IGNORECASE)
        at = next((number for number, piece in enumerate(self.pieces) if commented.match(piece)), None)
        if at is not None:  # as in a copy of .env.example
            yield self._joined(self.pieces[: at + 1]) + line + "".join(self.pieces[at + 1 :])
            return
        between = self.newline if self.pieces else ""
        yield self._joined(self.pieces) + between + (f"# {note}{self.newline}" if note else "") + line

    def _place(self, name: str) -> int | None:
        """The piece whose value is taken: of several spellings the last to come up, and of that its last line."""
        spellings = [spelling for spelling in _read(self.content) if spelling.lower() == name.lower()]
        if not spellings:
            return None
        keys = [next((one.key for one in _bindings(piece)), None) for piece in self.pieces]
        return max(number for number, key in enumerate(keys) if key == spellings[-1])

    def _joined(self, pieces: Sequence[str]) -> str:
        """The pieces, the last of them with an end of its line."""
        text = "".join(pieces)
        return text if not text or text.endswith(("\n", "\r")) else text + self.newline


def _changed_piece(piece: str, written: str) -> Iterator[str]:
    """With another value: first with the comment behind the old one; if that is none to the parser, without it."""
    start = _BEFORE_VALUE.match(piece)
    if start is None:
        return
    before, rest = piece[: start.end()], piece[start.end() :]
    if rest.startswith("#") and before[-1].isspace():
        yield f"{before}{written} {rest}"
    old = _QUOTED.match(rest) or _UNQUOTED.match(rest)
    behind = rest[old.end() :] if old else ""
    yield before + written + behind
    line_end = _LINE_END.search(behind)
    yield before + written + (line_end[0].lstrip(" \t") if line_end else "")


def _written(value: str) -> str:
    value = value.replace("${", "${:-$}{")  # the parser puts variables in, quoted or not; this is one that is never set
    if _PLAIN.fullmatch(value):
        return value
    if value.isprintable():
        return "'" + value.replace("\\", r"\\").replace("'", r"\'") + "'"
    escaped = value.replace("\\", r"\\").replace('"', r"\"")
    return '"' + "".join(_ESCAPES.get(character, character) for character in escaped) + '"'


def _reads_back(before: bytes, after: bytes, name: str, value: str) -> bool:
    """Whether the settings read this value, and of everything else what they read before."""
    if values_in(after).get(name.lower()) != value:
        return False
    return _others(before, name) == _others(after, name)


def _others(content: bytes, name: str) -> list[tuple[str, str | None]]:
    """All other values as they are written: those that are made of ours may change."""
    found = _read(content, interpolate=False).items()
    return [(key, value) for key, value in found if key.lower() != name.lower()]


def _read(content: bytes, *, interpolate: bool = True) -> dict[str, str | None]:
    # As the settings open the file: every kind of line end becomes one.
    return dotenv_values(stream=io.TextIOWrapper(io.BytesIO(content), encoding="utf-8"), interpolate=interpolate)


def _bindings(text: str) -> Iterator[Binding]:
    return parse_stream(io.StringIO(text, newline=""))

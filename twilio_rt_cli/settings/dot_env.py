"""The file `.env` before anybody takes settings from it: what is wrong with it, in our own words."""

import difflib
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from twilio_rt_cli.errors import SettingsError

if TYPE_CHECKING:
    from dotenv.parser import Binding

_HINT = "It should be UTF-8 text: NAME=value lines, and comments after #."
_LIKENESS = 0.85  # of names that differ by a slip of the hand; OPENAI_ORG_ID and the like are others' own


def check_dot_env() -> None:
    """Raises SettingsError, a sentence for each line that says nothing, when `.env` cannot be taken as it is."""
    from dotenv.parser import parse_stream

    path = Path(".env")
    if path.is_dir():
        raise SettingsError(".env is a folder, not a file.", hint=_HINT)
    if not path.exists():
        return
    try:
        with path.open(encoding="utf-8") as stream:
            bindings = list(parse_stream(stream))
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise SettingsError(f".env cannot be read ({why}).", hint=_HINT) from error
    wrong = [_line(one) for one in bindings if one.error or (one.key is not None and one.value is None)]
    if wrong:
        raise SettingsError("\n".join(f".env line {number} is not NAME=value." for number in wrong), hint=_HINT)


def slips(names: Collection[str]) -> list[str]:
    """A sentence for each name in `.env` that is none of `names` but looks like one of them. `.env` was checked."""
    from dotenv.parser import parse_stream

    path = Path(".env")
    if not path.is_file():
        return []
    with path.open(encoding="utf-8") as stream:
        found = dict.fromkeys(one.key.upper() for one in parse_stream(stream) if one.key is not None)
    sentences = []
    for name in found:
        likely = [] if name in names else difflib.get_close_matches(name, names, n=1, cutoff=_LIKENESS)
        sentences += [f".env sets {name}, which is no setting: is {one} meant?" for one in likely]
    return sentences


def _line(binding: "Binding") -> int:
    """The line that a binding stands on; the parser counts empty lines before it as its own."""
    text = binding.original.string
    return binding.original.line + text[: len(text) - len(text.lstrip())].count("\n")

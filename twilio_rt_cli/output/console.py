"""The terminal: what a script may want goes to stdout, the rest to stderr. Nothing else in the project prints."""

import os
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.console import Console


def data(line: str) -> None:
    """One line of output for whoever reads stdout, at once. Raises BrokenPipeError when nobody does any more."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def say(line: str = "") -> None:
    """One line for the person at the terminal, on stderr."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def problem(message: str, hint: str = "") -> None:
    """An error and what to do about it, on stderr; each may have several lines."""
    for line in message.splitlines():
        say(_styled("Error:", "1;31") + f" {line}")
    for line in hint.splitlines():
        say(_styled("Hint:", "36") + f" {line}")


def can_ask() -> bool:
    """Whether there is somebody to ask: a person at both ends of the conversation."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


def ask(question: str) -> bool:
    """Whether the person at the terminal says yes; anything but y or yes is no. Ask only when `can_ask`."""
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def is_terminal(stream: TextIO) -> bool:
    """Whether a person sees this stream."""
    return stream.isatty()


def width(stream: TextIO) -> int | None:
    """How many columns a person sees of this stream; None where there is no terminal to fit into."""
    if not stream.isatty():
        return None
    try:
        return os.get_terminal_size(stream.fileno()).columns or None
    except (OSError, ValueError):
        return None


def has_colour(stream: TextIO) -> bool:
    """Whether this stream takes colours: a terminal, and neither NO_COLOR nor TERM=dumb says otherwise."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def rich(*, stderr: bool = True) -> "Console":
    """A rich console on one of the two streams, for tables and markup; plain text where there is no terminal."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False)


def forget_stdout() -> None:
    """Nobody reads stdout any more: lets the interpreter end without a complaint about it."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):  # not a real file: nothing will complain
        return


def _styled(text: str, code: str) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if has_colour(sys.stderr) else text

"""The conversation at the terminal: questions and what came of checks, on stderr; answers, secrets without an echo."""

import getpass
import sys
import textwrap
from collections.abc import Iterable

from twilio_rt_cli.doctor.finding import SIGNS, Finding
from twilio_rt_cli.output import console
from twilio_rt_cli.output.redaction import printable

_WIDEST = 80


def say(text: str = "") -> None:
    """A paragraph, in lines as wide as the terminal, at most 80 columns."""
    for line in _wrapped(text, "", "") or [""]:
        console.say(line)


def show_findings(findings: Iterable[Finding]) -> None:
    """What came of checks, each with what to do about it."""
    for one in findings:
        for line in _wrapped(one.message, f"{SIGNS[one.state]} ", "  "):
            console.say(line)
        for hint in one.hint.splitlines():
            for line in _wrapped(hint, "  → ", "    "):
                console.say(line)


def ask(name: str, shown: str, *, secret: bool) -> str:
    """The answer, empty for Enter alone; `shown` stands in brackets. Raises EOFError when there will be none."""
    prompt = f"{name}{f' [{printable(shown)}]' if shown else ''}: "
    while True:
        try:
            return cleaned(name, getpass.getpass(prompt, stream=sys.stderr) if secret else _line(prompt))
        except UnicodeDecodeError:  # bytes of another encoding, as a terminal set up for it sends
            console.say("That is no UTF-8 text.")


def _line(prompt: str) -> str:
    sys.stderr.write(prompt)
    sys.stderr.flush()
    line = sys.stdin.buffer.readline()  # not by sys.stdin, which would meet the same bytes again
    if not line:
        raise EOFError
    return line.decode("utf-8")


def cleaned(name: str, text: str) -> str:
    """An answer as it was meant: people paste whole lines of other files, with name and quotes."""
    text = text.strip().removeprefix("export ").strip()
    if text.upper().startswith(f"{name}="):
        text = text[len(name) + 1 :].strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        text = text[1:-1]
    return text


def _wrapped(text: str, first: str, others: str) -> list[str]:
    width = min(console.width(sys.stderr) or _WIDEST, _WIDEST)
    return textwrap.wrap(
        printable(text),
        max(width, 20),
        initial_indent=first,
        subsequent_indent=others,
        break_on_hyphens=False,
        break_long_words=False,
    )

"""What `doctor` shows: a line for each check, or one JSON object."""

import json as jsonlib
import sys
import textwrap
from collections.abc import Iterator, Sequence

from twilio_rt_cli.doctor.finding import SIGNS, Finding, State, exit_code
from twilio_rt_cli.output import console
from twilio_rt_cli.output.redaction import printable
from twilio_rt_cli.output.words import plural

_COLOURS = {State.OK: "32", State.WARNING: "33", State.FAILED: "1;31", State.SKIPPED: "2"}
_NARROWEST = 40


def show(findings: Sequence[Finding], *, json: bool) -> None:
    """On stdout. Off a terminal lines are as long as they are."""
    if json:
        console.data(jsonlib.dumps(as_object(findings), ensure_ascii=False))
        return
    width, coloured = console.width(sys.stdout), console.has_colour(sys.stdout)
    for line in lines(findings, width, coloured=coloured):
        console.data(line)


def as_object(findings: Sequence[Finding]) -> dict[str, object]:
    """The object of `--json`."""
    code = exit_code(findings)
    checks = [
        {"name": one.name, "state": one.state.value, "told": one.message, "hint": one.hint or None} for one in findings
    ]
    return {"v": 1, "ok": code == 0, "exit_code": code, "checks": checks}


def lines(findings: Sequence[Finding], width: int | None, *, coloured: bool = False) -> list[str]:
    """For people: sign, name, what is so; below it what to do. A last line counts."""
    column = max((len(one.name) for one in findings), default=0) + 2
    if width is not None and width - column < _NARROWEST:
        column = 0  # too narrow for a column of names
    made = [line for one in findings for line in _lines(one, column, width, coloured=coloured)]
    return [*made, "", _sum(findings)]


def _lines(finding: Finding, column: int, width: int | None, *, coloured: bool) -> Iterator[str]:
    indent = " " * (column + 2)
    room = None if width is None else max(width - len(indent), 20)
    name = f"{finding.name:<{column}}" if column else f"{finding.name}: "
    lines = _wrapped(name + finding.message if not column else finding.message, room)
    sign = SIGNS[finding.state]
    if coloured:
        sign = f"\x1b[{_COLOURS[finding.state]}m{sign}\x1b[0m"
    yield f"{sign} {name if column else ''}{lines[0]}"
    yield from (indent + line for line in lines[1:])
    for paragraph in finding.hint.splitlines():
        first, *more = _wrapped(paragraph, None if room is None else room - 2)
        yield f"{indent}→ {first}"
        yield from (f"{indent}  {line}" for line in more)


def _wrapped(text: str, room: int | None) -> list[str]:
    text = printable(text)
    if room is None:
        return [text]
    return textwrap.wrap(text, room, break_on_hyphens=False) or [""]


def _sum(findings: Sequence[Finding]) -> str:
    count = {state: sum(one.state is state for one in findings) for state in State}
    counted = f"{count[State.OK]} ok"
    for state, noun in ((State.WARNING, "warning"), (State.FAILED, "failure")):
        if count[state]:
            counted += f", {plural(count[state], noun)}"
    if count[State.SKIPPED]:
        counted += f", {count[State.SKIPPED]} skipped"
    return ("Something stands in the way of calls: " if count[State.FAILED] else "Nothing stands in the way: ") + (
        f"{counted}."
    )

"""What came of a test call, as a person reads it: a short table of the figures, what is wrong, and where to listen."""

from collections.abc import Iterator
from statistics import median
from typing import TYPE_CHECKING

from msgspec import UnsetType

from twilio_rt_cli.call_test.summary import BREACH, Spread, Summary
from twilio_rt_cli.output import console
from twilio_rt_cli.output.exit_codes import INTERRUPTED
from twilio_rt_cli.output.redaction import printable
from twilio_rt_cli.output.words import plural

if TYPE_CHECKING:
    from rich.console import RenderableType

_MOST_TURNS = 40
_WIDE = 100  # where no terminal says how wide it is


def printed(summary: Summary) -> list[str]:
    """The lines to print on stdout; as wide as the terminal, or 100 columns where there is none."""
    out = console.rich(stderr=False)
    if not out.is_terminal:
        out.width = _WIDE
    with out.capture() as capture:
        for part in _parts(summary):
            out.print(part)
    return [line.rstrip() for line in capture.get().splitlines()]


def _parts(summary: Summary) -> "list[RenderableType]":
    from rich.table import Table
    from rich.text import Text

    figures = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for name, value in _figures(summary):
        figures.add_row(name, value)
    shown: list[RenderableType] = [Text(), figures]
    if summary.turns:
        shown += [Text(), _turns(summary), *(Text(text) for text in _left_out(summary))]
    shown.append(Text())
    shown += [
        Text(
            f"breach of the protocol: {one.text} (Twilio {one.code}, {plural(one.count, 'time')}){_of(one.call)}",
            style="yellow",
        )
        for one in summary.violations
    ]
    shown += [Text(f"failed: {printable(text)}", style="red") for text in summary.failures if BREACH not in text]
    shown.append(Text(_recording(summary)))
    return [*shown, Text(_verdict(summary), style="bold")]


def _turns(summary: Summary) -> "RenderableType":
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0))
    names = ["call"] * (summary.calls > 1) + ["turn", "v2v", "caller"] + ["agent"] * _was_heard(summary)
    for name in names:
        table.add_column(name, justify="right" if name == "v2v" else "left", overflow="fold")
    numbers: dict[object, int] = {}
    for turn in summary.turns[:_MOST_TURNS]:
        numbers[turn.call] = number = numbers.get(turn.call, 0) + 1
        cells: dict[str, RenderableType] = {
            "call": f"#{turn.call}",
            "turn": str(number),
            "v2v": _ms(turn.v2v_ms),
            "caller": Text(printable(turn.caller)),
            "agent": Text("–" if turn.agent is None else printable(turn.agent)),
        }
        table.add_row(*(cells[name] for name in names))
    return table


def _was_heard(summary: Summary) -> bool:
    return any(turn.agent is not None for turn in summary.turns)


def _left_out(summary: Summary) -> Iterator[str]:
    if len(summary.turns) > _MOST_TURNS:
        yield f"… and {plural(len(summary.turns) - _MOST_TURNS, 'more turn')}"
    if summary.calls > 1 and not _was_heard(summary):
        yield "What the agents said was not transcribed: with several calls that is done for --expect only."


def _of(call: int | UnsetType) -> str:
    return f" (call #{call})" if isinstance(call, int) else ""


def _verdict(summary: Summary) -> str:
    if summary.exit_code == INTERRUPTED:
        return "The call test was stopped."
    return "The call test passed." if summary.ok else "The call test failed."


def _figures(summary: Summary) -> list[tuple[str, str]]:
    frames, marks = summary.frames, summary.marks
    rows = [
        ("webhook", _ms(summary.webhook_ms)) if summary.mode != "stream" else None,
        ("socket", _ms(summary.connect_ms)),
        ("first audio", f"{_ms(summary.first_audio_ms)} after start"),
        ("answers", _v2v(summary)),
        *((f"interruption{_of(one.call)}", _barge_in(one.stop_ms, one.heard_ms)) for one in summary.barge_ins),
        ("frames", f"{frames.sent} sent, {frames.received} received, {frames.dropped} lost on the line"),
        ("marks", f"{marks.received} received, {marks.echoed} echoed"),
        ("breaches", str(len(summary.violations)) if summary.violations else "none"),
    ]
    return [row for row in rows if row is not None]


def _v2v(summary: Summary) -> str:
    seen = [turn.v2v_ms for turn in summary.turns if turn.v2v_ms is not None]
    if not seen:
        return "–"
    return f"{median(seen):.0f} ms median, {max(seen):.0f} ms longest, voice to voice"


def _barge_in(stop_ms: float | None, heard_ms: float | None) -> str:
    if stop_ms is None or heard_ms is None:
        return "the agent was not cut"
    return f"the agent stopped after {stop_ms:.0f} ms; {heard_ms / 1000:.2f} s of its answer were heard"


def _ms(value: float | Spread | None) -> str:
    if value is None:
        return "–"
    if isinstance(value, Spread):
        return f"{value.p50:.0f} / {value.p95:.0f} / {value.max:.0f} ms (p50 / p95 / max)"
    return f"{value:.0f} ms"


def _recording(summary: Summary) -> str:
    if not summary.recordings:
        return "No recording was made; add --record call.wav to hear the call."
    return f"Recording (caller left, agent right): {', '.join(summary.recordings)}"

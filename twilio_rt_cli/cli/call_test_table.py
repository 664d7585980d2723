"""What came of a test call, as a person reads it: a short table of the figures, what is wrong, and where to listen."""

from typing import TYPE_CHECKING

from twilio_rt_cli.cli import console
from twilio_rt_cli.cli.call_test_summary import Spread, Summary, TurnLine
from twilio_rt_cli.cli.masking import printable

if TYPE_CHECKING:
    from rich.console import RenderableType

_MOST_TURNS = 40
_WIDE = 240


def printed(summary: Summary) -> list[str]:
    """The lines to print on stdout; as wide as the terminal, or as their contents where there is none."""
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
        shown += [Text(), _turns(summary)]
    shown.append(Text())
    shown += [
        Text(f"breach of the protocol: {one.text} (Twilio {one.code}, {one.count} times)", style="yellow")
        for one in summary.violations
    ]
    shown += [Text(f"failed: {printable(text)}", style="red") for text in summary.failures]
    shown.append(Text(_recording(summary)))
    return [*shown, Text("The call test passed." if summary.ok else "The call test failed.", style="bold")]


def _turns(summary: Summary) -> "RenderableType":
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in ("turn", "v2v", "caller", "agent"):
        table.add_column(name, justify="right" if name == "v2v" else "left", ratio=1 if name == "agent" else None)
    for number, turn in enumerate(summary.turns[:_MOST_TURNS], 1):
        table.add_row(_number(number, turn), _ms(turn.v2v_ms), Text(printable(turn.caller)), Text(_agent(turn)))
    return table


def _number(number: int, turn: TurnLine) -> str:
    return f"{number}" if not isinstance(turn.call, int) else f"{number} (call {turn.call})"


def _agent(turn: TurnLine) -> str:
    return "–" if turn.agent is None else printable(turn.agent)


def _figures(summary: Summary) -> list[tuple[str, str]]:
    frames, marks = summary.frames, summary.marks
    rows = [
        ("webhook", _ms(summary.webhook_ms)) if summary.mode != "stream" else None,
        ("socket", _ms(summary.connect_ms)),
        ("first audio", f"{_ms(summary.first_audio_ms)} after start"),
        ("answers", _v2v(summary)),
        *(("interruption", _barge_in(one.stop_ms, one.heard_ms)) for one in summary.barge_ins),
        ("frames", f"{frames.sent} sent, {frames.received} received, {frames.dropped} lost on the line"),
        ("marks", f"{marks.received} received, {marks.echoed} echoed"),
        ("breaches", str(len(summary.violations)) if summary.violations else "none"),
    ]
    return [row for row in rows if row is not None]


def _v2v(summary: Summary) -> str:
    seen = sorted(turn.v2v_ms for turn in summary.turns if turn.v2v_ms is not None)
    if not seen:
        return "–"
    return f"{seen[len(seen) // 2]:.0f} ms median, {seen[-1]:.0f} ms longest, voice to voice"


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

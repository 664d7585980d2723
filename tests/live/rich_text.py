"""Screens and lines as one rich text, whose characters and styles a test or a picture can look at."""

from collections.abc import Sequence

from rich.text import Span, Text

from twilio_rt_cli.live.snapshot import CallDetail, RecentEvent, Snapshot
from twilio_rt_cli.live.text import PLAIN_STYLES, STYLES, Line
from twilio_rt_cli.live.view import Look, screen_lines


def render(snapshot: Snapshot, look: Look, detail: CallDetail | None = None, logs: Sequence[RecentEvent] = ()) -> Text:
    """The screen as one rich text; arguments as for `screen_lines`."""
    return sheet(screen_lines(snapshot, look, detail, logs), colour=look.colour)


def sheet(lines: Sequence[Line], *, colour: bool) -> Text:
    """The lines as one rich text."""
    styles = PLAIN_STYLES if not colour else STYLES
    parts: list[str] = []
    spans: list[Span] = []
    at = 0
    for line in lines:
        if parts:
            parts.append("\n")
            at += 1
        for text, style in line:
            parts.append(text)
            if style in styles:
                spans.append(Span(at, at + len(text), styles[style]))
            at += len(text)
    return Text("".join(parts), spans=spans, no_wrap=True, overflow="ignore", end="")

"""What fills the screen beside the list of calls: a call's transcript, and what keys and figures mean."""

from twilio_rt_cli.live.figures import clock
from twilio_rt_cli.live.snapshot import CallDetail, TranscriptLine
from twilio_rt_cli.live.text import Line, width_of, wrapped
from twilio_rt_cli.output.redaction import printable

_INDENT = 18
"""cells before what was said: the time, and who said it"""
_NARROWEST = 10

_KEYS = (
    ("↑ ↓ or k j", "select a call; PgUp, PgDn, Home and End go further"),
    ("t", "transcript of the selected call, and back"),
    ("h", "hang up the selected call; asks first"),
    ("Ctrl-L", "draw the screen anew"),
)
_LEAVE = (("q", "no new calls, and quit after the last one"), ("Ctrl-C", "the same; again: end all calls now"))
_LEAVE_ATTACHED = (("q or Ctrl-C", "leave; the server and its calls go on"),)
_FIGURES = (
    ("▲ ✗", "degraded or failed; of the selected call, why is told below"),
    ("V2V", "from the caller's last sound to the answer's first audio"),
    ("P95", "95 of 100 answers came within it; above, of the last 1000"),
    ("BUF", "agent audio at Twilio that was not heard yet; HELD: with us"),
    ("GAPS", "holes in the caller's audio as Twilio sent it"),
    ("BARGE", "interruptions by the caller; STOP: silence after, the last time"),
    ("KBIT/S", "audio from the caller / to the caller, lately"),
    ("LAG", "how late Twilio plays; MARKS: not echoed; JIT: jitter"),
    ("CONN 1ST", "from the stream's start to session, and to first audio"),
    ("TOK EST $", "tokens, their estimated price; n/a: no prices for that model"),
    ("lag p99", "how late our event loop was in the last minute"),
)


def help_lines(width: int, *, attached: bool) -> list[Line]:
    """Keys and figures, one a line."""
    leave = _LEAVE_ATTACHED if attached else _LEAVE
    lines: list[Line] = [[(f"  {key:<11} ", "head"), (what, "")] for key, what in (*_KEYS, *leave)]
    lines.append([])
    for name, what in _FIGURES:
        first, *rest = wrapped(what, max(_NARROWEST, width - 15))
        lines.append([(f"  {name:<11} ", "head"), (first, "")])
        lines += [[(" " * 14 + more, "")] for more in rest]
    return lines


def transcript_page(detail: CallDetail, width: int, height: int, scroll: int) -> list[Line]:
    """As much of the transcript as there is room for, without its last `scroll` entries; the first page is full."""
    entries = detail.transcript
    end = max(0, len(entries) - scroll)
    lines: list[Line] = []
    for entry in reversed(entries[:end]):  # what is further up need not be wrapped
        lines[:0] = _entry(entry, width)
        if len(lines) >= height:
            return lines[-height:]
    for entry in entries[end:]:
        lines += _entry(entry, width)
        if len(lines) >= height:
            return lines[:height]
    return lines or [[], [("  Nothing was said yet.", "quiet")]]


def _entry(entry: TranscriptLine, width: int) -> list[Line]:
    room = max(_NARROWEST, width - _INDENT - 1)
    first, *rest = wrapped(printable(entry.text), room)
    who = printable(entry.who)
    lines: list[Line] = [[(f" {clock(entry.at_ms / 1000):>7}  ", "quiet"), (f"{who:<8.8}", who), (first, "")]]
    lines += [[(" " * _INDENT + more, "")] for more in rest]
    if entry.aside:
        aside = printable(entry.aside)
        last = (rest or [first])[-1]
        if width_of(last) + 2 + width_of(aside) <= room:
            lines[-1].append((f"  {aside}", "quiet"))
        else:
            lines += [[(" " * _INDENT + more, "quiet")] for more in wrapped(aside, room)]
    return lines

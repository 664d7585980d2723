"""A snapshot as a screen: pure, so that what a person sees can be tested as text.

Only the rows in sight are made, as preformatted text: a rich Table of a hundred rows takes fifty times as long. What is
where depends on the size of the screen and, in steps of five, on how many calls there are; never on figures.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from twilio_rt_cli.live.columns import GLYPHS, row_line, short, titles
from twilio_rt_cli.live.figures import clock, count, dollars, ms, sparkline
from twilio_rt_cli.live.pages import help_lines, transcript_page
from twilio_rt_cli.live.snapshot import CallDetail, CallRow, RecentEvent, Snapshot
from twilio_rt_cli.live.text import Line, cut, filled, fit, flow, width_of
from twilio_rt_cli.output.redaction import printable
from twilio_rt_cli.output.times import time_of_day
from twilio_rt_cli.output.words import plural

_STEP = 5
"""the table grows by so many rows; what it does not need, events have"""
_LOW = 14
"""lines below which there is no room for what can be spared"""
SLOW_LOOP_MS = 100.0
_PLAIN_EVENTS = 10


class Page(Enum):
    """What fills the screen."""

    CALLS = "calls"
    TRANSCRIPT = "transcript"
    HELP = "help"


@dataclass(frozen=True, slots=True)
class Look:
    """What a person wants to see, and how much of it there is room for."""

    width: int
    height: int
    colour: bool = True
    page: Page = Page.CALLS
    selected: str = ""
    """Call SID"""
    top: int = 0
    """index of the first row shown"""
    scroll: int = 0
    """entries of the transcript below the screen"""
    question: str = ""
    """to be answered by y or n"""
    message: str = ""
    """what came of a key"""
    trouble: str = ""
    """why what is shown is old"""
    attached: bool = False
    """to a server of another process: leaving ends nothing there"""


@dataclass(frozen=True, slots=True)
class Room:
    """The lines of each part; together they are the screen."""

    head: int
    titles: int
    rows: int
    rule: int
    detail: int
    events: int
    keys: int


def room_for(height: int, active: int) -> Room:
    """How many lines each part of the list of calls has."""
    if height < _LOW:
        head = 3 if height >= 10 else 1
        heading, keys = int(height >= 4), int(height >= 3)
        return Room(head, heading, max(0, height - head - heading - keys), 0, 0, 0, keys)
    free = height - 7  # three of the head, titles, rule, detail and keys
    most = free - max(3, height // 6)
    rows = min(most, max(_STEP, -(-active // _STEP) * _STEP))
    return Room(3, 1, rows, 1, 1, free - rows, 1)


def screen_lines(
    snapshot: Snapshot, look: Look, detail: CallDetail | None = None, logs: Sequence[RecentEvent] = ()
) -> list[Line]:
    """The screen: `look.height` lines of `look.width` cells.

    `detail` is the call of which the transcript is shown; `logs` are shown among the events.
    """
    match look.page:
        case Page.HELP:
            lines = _page(snapshot, look, "keys and figures", help_lines(look.width, attached=look.attached))
        case Page.TRANSCRIPT if detail is not None:
            title = f"transcript of {short(detail.row.call)}"
            entries = transcript_page(detail, look.width, max(1, look.height - 3), look.scroll)
            lines = _page(snapshot, look, title, entries)
        case _:
            lines = _calls(snapshot, look, logs)
    lines = lines[: look.height]
    lines += [[] for _ in range(look.height - len(lines))]
    return [filled(line, look.width) for line in lines]


def plain(snapshot: Snapshot, width: int) -> list[str]:
    """The whole snapshot as lines without colours or control characters, for where there is no terminal."""
    rows = [row_line(row, width, selected=False) for row in snapshot.calls] or _nobody(snapshot)
    lines = [*_head(snapshot, Look(width, 0)), titles(width), *rows]
    left_out = snapshot.totals.active - len(snapshot.calls)
    lines += [[(f"  and {left_out} more", "")]] if left_out > 0 else []
    lines += [_event(event, width) for event in snapshot.events[-_PLAIN_EVENTS:]]
    return ["".join(text for text, _ in filled(line, width)).rstrip() for line in lines]


# The list of calls


def _calls(snapshot: Snapshot, look: Look, logs: Sequence[RecentEvent]) -> list[Line]:
    room = room_for(look.height, snapshot.totals.active)
    skipped = max(0, look.top - snapshot.first)
    shown = snapshot.calls[skipped : skipped + room.rows]
    rows = [row_line(row, look.width, selected=row.call == look.selected) for row in shown]
    if not snapshot.totals.active:
        rows = _nobody(snapshot)[: room.rows]
    rows += [[] for _ in range(room.rows - len(rows))]
    lines = _head(snapshot, look)[: room.head]
    lines += [titles(look.width)] * room.titles + rows
    lines += [_rule(snapshot, look, snapshot.first + skipped, len(shown))] * room.rule
    lines += [_chosen(shown, look)] * room.detail
    lines += _events([*snapshot.events, *logs], look.width, room.events)
    return lines + [_keys(snapshot, look)] * room.keys


def _head(snapshot: Snapshot, look: Look) -> list[Line]:
    totals = snapshot.totals
    width = look.width - 1
    number = [(6, [(printable(snapshot.number), "")])] if snapshot.number else []
    where = flow(
        [
            (1, [_state(snapshot, look)]),
            (3, [(cut(printable(snapshot.public_url or snapshot.url), max(12, width - 12)), "head")]),
            *number,
            (7, [(printable(snapshot.model), "")]),
            (2, [(f"up {clock(snapshot.uptime_s)}", "")]),
            (8, [(f"twilio-rt {printable(snapshot.version)}", "quiet")]),
        ],
        width,
        "  ",
    )
    calls = flow(
        [
            (1, [("calls ", "quiet"), (f"{totals.active:>4}/{snapshot.capacity}", "head")]),
            (4, [("ended ok ", "quiet"), (f"{totals.ended - totals.failed:>5}", "")]),
            (2, _counted("failed", totals.failed, "✗", "bad")),
            (5, [("refused ", "quiet"), (f"{totals.refused:>4}", "")]),
            (3, _counted("degraded", totals.degraded, "▲", "warn")),
        ],
        width,
    )
    slow = snapshot.lag.p99_ms > SLOW_LOOP_MS
    voice: Line = [("v2v p50 ", "quiet"), (f"{ms(totals.v2v_p50_ms):>4}", "")]
    voice += [(" p95 ", "quiet"), (f"{ms(totals.v2v_p95_ms):>4}", ""), (" ms", "quiet")]
    figures: list[tuple[int, Line]] = [
        (1, voice),
        (2, [("est $ ", "quiet"), (f"{dollars(totals.statistics.cost_usd):>6}", "")]),
        (3, [("lag p99 ", "quiet"), (f"{'▲' if slow else ''}{ms(snapshot.lag.p99_ms):>3} ms", "warn" if slow else "")]),
        (4, [("cpu ", "quiet"), (f"{snapshot.cpu_percent:>3.0f}%", "")]),
        (5, [(f"{count(snapshot.rss_mb):>4} MB", "")]),
    ]
    taken = sum(width_of(text) for _, line in figures for text, _ in line) + 2 * len(figures)
    bars = sparkline(totals.recent_v2v_ms, min(40, width - taken))
    if bars:
        figures.insert(1, (6, [(fit(bars, min(40, width - taken), left=True), "agent")]))
    return [[(" ", ""), *line] for line in (where, calls, flow(figures, width, "  "))]


def _state(snapshot: Snapshot, look: Look) -> tuple[str, str]:
    if look.trouble:
        return f"✗ {printable(look.trouble)}", "bad"
    if snapshot.state == "draining":
        return f"◌ draining, {plural(snapshot.totals.active, 'call')} left", "warn"
    return f"● {printable(snapshot.state)}", "good"


def _counted(name: str, number: int, glyph: str, style: str) -> Line:
    return [(f"{name} ", "quiet"), (f"{f'{glyph} ' if number else ''}{number}".rjust(5), style if number else "")]


def _nobody(snapshot: Snapshot) -> list[Line]:
    """What to do while nobody calls."""
    if snapshot.state == "draining":
        return [[], [("  No calls are left.", "")]]
    webhook = printable(f"{snapshot.public_url or snapshot.url}/incoming-call")
    if snapshot.number:
        now = [("  Call ", ""), (printable(snapshot.number), "head"), (" now.", "")]
    elif snapshot.public_url:
        now = [("  No calls. Let a number's voice webhook be ", ""), (webhook, "head")]
    else:
        now = [("  No calls. Try: ", ""), (f"twilio-rt call-test {printable(snapshot.url)}", "head")]
    return [[], now]


def _rule(snapshot: Snapshot, look: Look, first: int, shown: int) -> Line:
    below = snapshot.totals.active - first - shown
    more_lines = "".join(
        f"── {arrow} {more} more " for arrow, more in (("↑", first), ("↓", below)) if more > 0 and shown
    )
    return [(more_lines + "─" * (look.width - width_of(more_lines)), "quiet")]


def _chosen(shown: Iterable[CallRow], look: Look) -> Line:
    """The selected call by its whole SID, and why it is as it is."""
    row = next((row for row in shown if row.call == look.selected), None)
    if row is None:
        return []
    glyph, style = GLYPHS.get(row.health, ("", "good"))
    health = f"{glyph} {printable(row.why)}" if row.why else printable(row.health)
    return [("▸ ", "chosen"), (printable(row.call), ""), ("  ", ""), (health, style)]


def _events(events: Iterable[RecentEvent], width: int, lines: int) -> list[Line]:
    if not lines:
        return []
    latest = sorted(events, key=lambda event: event.at)[-lines:]
    return [_event(event, width) for event in latest] + [[] for _ in range(lines - len(latest))]


def _event(event: RecentEvent, width: int) -> Line:
    at = time_of_day(event.at)
    call = short(event.call) if event.call else ""
    aside = f"  {printable(event.aside)}" if event.aside else ""
    head: Line = [(f" {at} ", "quiet"), (fit(call, 6, left=True), "quiet")]
    who, style = fit(printable(event.who), 8, left=True), printable(event.who)
    if event.wrong:
        who, style = f"✗ {who}", "bad"
    room = width - 10 - 6 - width_of(who)
    aside = cut(aside, max(0, room // 2))
    return [*head, (who, style), (cut(printable(event.text), room - width_of(aside)), ""), (aside, "quiet")]


def _keys(snapshot: Snapshot, look: Look) -> Line:
    if look.question:
        return [(fit(f" {printable(look.question)}  y/N ", look.width, left=True), "ask")]
    if look.message:
        return [(f" {printable(look.message)}", "head")]
    leave = ("q", "drain and quit")
    if look.attached:
        leave = ("q", "quit")
    elif snapshot.state == "draining":
        leave = ("Ctrl-C", "end all calls now")
    match look.page:
        case Page.CALLS:
            keys = [("↑↓", "select"), ("t", "transcript"), ("h", "hang up"), ("?", "help"), leave]
        case Page.TRANSCRIPT:
            keys = [("↑↓", "scroll"), ("End", "newest"), ("h", "hang up"), ("Esc", "back"), leave]
        case Page.HELP:
            keys = [("Esc", "back"), leave]
    pieces: list[tuple[int, Line]] = [
        (len(keys) - number, [(key, "head"), (f" {what}", "quiet")]) for number, (key, what) in enumerate(keys)
    ]
    return [(" ", ""), *flow(pieces, look.width - 1)]


# Other pages


def _page(snapshot: Snapshot, look: Look, title: str, lines: list[Line]) -> list[Line]:
    room = max(0, look.height - 3)
    body = lines[:room] + [[] for _ in range(room - len(lines))]
    rule: Line = [(f"── {title} ", "head"), ("─" * max(0, look.width - 4 - width_of(title)), "quiet")]
    return [_head(snapshot, look)[0], rule, *body, _keys(snapshot, look)]

"""What a person does at the live view: keys change what is looked at, and sometimes give an order. Pure.

The selected call is known by its SID, and by its place only while it has none: calls that end move the others up. A
question is about the call it named; should that end first, the question is gone, and never about the next one.
"""

from dataclasses import dataclass

from twilio_rt_cli.live.columns import short
from twilio_rt_cli.live.snapshot import CallDetail, CallRow, Snapshot
from twilio_rt_cli.live.view import Look, Page, room_for
from twilio_rt_cli.output.redaction import printable

_SPARE = 5
"""rows asked for above those in sight: so far the selected call may move up at once and still be found"""
_MANY = 1_000_000
_MESSAGE_S = 4.0
"""how long a message stands"""


@dataclass(frozen=True, slots=True)
class HangUp:
    """End this call."""

    call: str


@dataclass(frozen=True, slots=True)
class Leave:
    """Drain and quit; or, attached to another process, only quit."""


@dataclass(frozen=True, slots=True)
class Redraw:
    """Draw everything anew."""


Order = HangUp | Leave | Redraw


class Browser:
    """One per screen: sizes, keys and snapshots come in any order."""

    def __init__(self, width: int, height: int, *, attached: bool = False) -> None:
        self._attached = attached
        self._width, self._height = width, height
        self._page = Page.CALLS
        self._active = 0
        self._cursor = 0
        self._selected = ""
        self._top = 0
        self._scroll = 0
        self._rows: dict[int, CallRow] = {}
        self._asking = ""
        self._message = ("", 0.0)
        self.detail: CallDetail | None = None
        """the call whose transcript is shown; it stays when the call is over"""

    def resize(self, width: int, height: int) -> None:
        """The screen has this size from now on."""
        self._width, self._height = width, height
        self._follow()

    @property
    def window(self) -> tuple[int, int]:
        """The calls to ask for: the first, and how many; room for more of them than there were a moment ago."""
        first = max(0, self._top - _SPARE)
        return first, self._top - first + room_for(self._height, _MANY).rows

    @property
    def wanted_detail(self) -> str:
        """Call SID of the call whose transcript to ask for; empty: none."""
        if self._page is not Page.TRANSCRIPT:
            return ""
        return self.detail.row.call if self.detail is not None else self._selected

    def look(self, now: float, *, colour: bool, trouble: str = "") -> Look:
        """What to draw; `now` is monotonic."""
        message, until = self._message
        return Look(
            self._width,
            self._height,
            colour=colour,
            page=self._page,
            selected=self._selected,
            top=self._top,
            scroll=self._scroll,
            question=self._question(),
            message=message if now < until else "",
            trouble=trouble,
            attached=self._attached,
        )

    # What the server shows

    def take(self, snapshot: Snapshot, detail: CallDetail | None, now: float) -> None:
        """The next moment; the selection keeps to its call."""
        self._active = snapshot.totals.active
        self._rows = {snapshot.first + place: row for place, row in enumerate(snapshot.calls)}
        places = {row.call: place for place, row in self._rows.items()}
        if self._selected not in places:
            self._selected = ""
        self._cursor = places.get(self._selected, min(self._cursor, max(0, self._active - 1)))
        self._follow()
        if detail is not None and detail.row.call == self.wanted_detail:
            self.detail = detail
        if self._asking and self._asking not in places:
            self._show_message(f"{short(self._asking)} is over", now)
            self._asking = ""

    # What the person does

    def press(self, key: str, now: float) -> Order | None:
        """One key, by the name that `Keys` gives it."""
        self._message = ("", 0.0)
        if self._asking:
            return self._answer(key, now)
        match key:
            case "q":
                return Leave()
            case "\x0c":
                return Redraw()
            case "?":
                self._page = Page.CALLS if self._page is Page.HELP else Page.HELP
            case "esc":
                self._close()
            case "t" | "\r" | "\n":
                self._toggle_transcript(now)
            case "h":
                self._ask(now)
            case _ if self._page is Page.CALLS:
                self._move(key)
            case _ if self._page is Page.TRANSCRIPT:
                self._scroll_by(key)
            case _:
                pass
        return None

    def _move(self, key: str) -> None:
        page = max(1, self._visible - 1)
        steps = {"up": -1, "k": -1, "down": 1, "j": 1, "page up": -page, "page down": page}
        steps |= {"home": -self._cursor, "end": self._active}
        self._cursor = max(0, min(self._cursor + steps.get(key, 0), self._active - 1))
        self._selected = ""
        self._follow()

    def _scroll_by(self, key: str) -> None:
        entries = len(self.detail.transcript) if self.detail is not None else 0
        page = max(1, self._height // 3)
        steps = {"up": 1, "k": 1, "down": -1, "j": -1, "page up": page, "page down": -page}
        steps |= {"home": entries, "end": -entries}
        self._scroll = max(0, min(self._scroll + steps.get(key, 0), entries - 1))

    def _toggle_transcript(self, now: float) -> None:
        if self._page is Page.TRANSCRIPT:
            self._close()
        elif self._selected:
            self._page = Page.TRANSCRIPT
        else:
            self._show_message("no call is selected", now)

    def _close(self) -> None:
        self._page, self._scroll, self.detail = Page.CALLS, 0, None

    def _ask(self, now: float) -> None:
        about = self.wanted_detail or self._selected
        if not any(row.call == about for row in self._rows.values()):
            self._show_message(f"{short(about)} is over" if about else "no call is selected", now)
            return
        self._asking = about

    def _question(self) -> str:
        row = next((row for row in self._rows.values() if row.call == self._asking), None)
        return f"Hang up {short(row.call)} from {printable(row.from_number) or 'unknown'}?" if row else ""

    def _answer(self, key: str, now: float) -> Order | None:
        call, self._asking = self._asking, ""
        if key not in ("y", "Y"):
            return None
        self._show_message(f"hanging up {short(call)}", now)
        return HangUp(call)

    # Helpers

    @property
    def _visible(self) -> int:
        return max(1, room_for(self._height, self._active).rows)

    def _follow(self) -> None:
        """Keep the cursor in sight, and select the call it is on."""
        rows = self._visible
        self._top = max(0, min(max(self._cursor - rows + 1, min(self._top, self._cursor)), self._active - rows))
        if not self._selected and (row := self._rows.get(self._cursor)) is not None and self._cursor < self._active:
            self._selected = row.call

    def _show_message(self, message: str, now: float) -> None:
        self._message = (message, now + _MESSAGE_S)

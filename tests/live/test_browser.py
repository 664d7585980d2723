"""Keys, snapshots, and what comes of them."""

from msgspec.structs import replace

from tests.live.scene import detail, row, sid, snapshot
from twilio_rt_cli.live.browser import Browser, HangUp, Leave, Order, Redraw
from twilio_rt_cli.live.snapshot import Snapshot
from twilio_rt_cli.live.view import Look, Page, room_for

ROWS = room_for(24, 500).rows


class Person:
    """Somebody at a screen of 80 by 24, before a server whose calls may end."""

    def __init__(self, calls: int) -> None:
        self.calls = list(range(1, calls + 1))
        self.browser = Browser(80, 24)
        self.now = 0.0
        self.sees()

    def sees(self) -> Look:
        """The next frame."""
        first, rows = self.browser.window
        about = self.browser.wanted_detail
        self.browser.take(self._snapshot(first, rows), detail(about) if about else None, self.now)
        return self.browser.look(self.now, colour=True)

    def presses(self, *keys: str) -> Order | None:
        """The order that the last of the keys gave."""
        order = None
        for key in keys:
            order = self.browser.press(key, self.now)
            self.sees()
        return order

    def _snapshot(self, first: int, rows: int) -> Snapshot:
        first = max(0, min(first, len(self.calls) - 1))
        empty = snapshot(0, first=first)
        shown = tuple(row(number) for number in self.calls[first : first + rows])
        return replace(empty, calls=shown, totals=replace(empty.totals, active=len(self.calls)))


def test_the_first_call_is_selected_and_arrows_move_on_and_stop_at_the_ends() -> None:
    person = Person(3)
    assert person.sees().selected == sid(1)
    person.presses("down", "j", "down", "down")
    assert person.sees().selected == sid(3)
    person.presses("k", "up", "up", "up")
    assert person.sees().selected == sid(1)


def test_the_window_follows_the_selected_call() -> None:
    person = Person(500)
    person.presses("end")
    assert (person.sees().selected, person.sees().top) == (sid(500), 500 - ROWS)
    person.presses("page up", "page up")
    assert (person.sees().selected, person.sees().top) == (sid(500 - 2 * (ROWS - 1)), 500 - 2 * (ROWS - 1) - 1)
    person.presses("home")
    assert (person.sees().selected, person.sees().top) == (sid(1), 0)
    assert person.browser.window[1] < 40


def test_the_selection_keeps_to_its_call_while_others_end() -> None:
    person = Person(500)
    person.presses("end")
    for gone in range(1, 40):
        person.calls.remove(gone)
        assert person.sees().selected == sid(500)


def test_when_the_selected_call_ends_the_next_one_is_selected() -> None:
    person = Person(4)
    person.presses("down")
    person.calls.remove(2)
    assert person.sees().selected == sid(3)
    person.calls = [1]
    assert person.sees().selected == sid(1)
    person.calls = []
    assert person.sees().selected == ""
    assert person.presses("h", "y") is None


def test_hanging_up_asks_first() -> None:
    person = Person(3)
    person.presses("down", "h")
    assert person.sees().question == "Hang up …0002 from ••••5838?"
    assert person.presses("y") == HangUp(sid(2))
    assert person.sees().message == "hanging up …0002"
    person.now += 5
    assert person.sees().message == ""


def test_any_key_but_y_is_a_no() -> None:
    person = Person(3)
    for key in ("n", "\n", "esc", "q", "down"):
        assert person.presses("h", key) is None
        assert person.sees().question == ""
        assert person.sees().selected == sid(1)


def test_a_question_is_never_about_another_call() -> None:
    person = Person(3)
    person.presses("h")
    person.calls.remove(1)
    assert (person.sees().question, person.sees().message) == ("", "…0001 is over")
    assert person.presses("y") is None


def test_a_transcript_stays_when_its_call_is_over() -> None:
    person = Person(3)
    person.presses("t")
    assert person.sees().page is Page.TRANSCRIPT
    person.calls.remove(1)
    assert person.sees().page is Page.TRANSCRIPT
    shown = person.browser.detail
    assert shown is not None
    assert shown.row.call == sid(1)
    person.presses("h")
    assert person.sees().message == "…0001 is over"
    person.presses("esc")
    assert (person.sees().page, person.browser.detail) == (Page.CALLS, None)


def test_a_transcript_scrolls_up_to_its_first_line_and_back() -> None:
    person = Person(3)
    person.presses("t", "up", "up", "down")
    assert person.sees().scroll == 1
    person.presses("home")
    assert person.sees().scroll == 7 * 2 - 1
    person.presses("end", "down")
    assert person.sees().scroll == 0
    person.presses("up", "t", "t")
    assert person.sees().scroll == 0


def test_without_a_call_there_is_no_transcript() -> None:
    person = Person(0)
    person.presses("t")
    assert (person.sees().page, person.sees().message) == (Page.CALLS, "no call is selected")


def test_help_comes_and_goes() -> None:
    person = Person(1)
    for key in ("?", "esc"):
        person.presses("?")
        assert person.sees().page is Page.HELP
        person.presses(key)
        assert person.sees().page is Page.CALLS


def test_leaving_and_redrawing_are_orders() -> None:
    person = Person(1)
    assert person.presses("q") == Leave()
    assert person.presses("\x0c") == Redraw()
    assert person.presses("x", "right") is None

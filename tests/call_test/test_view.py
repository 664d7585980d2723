import pytest

from twilio_rt_cli.call.notices import AgentTurn, BargedIn, CallerTurn, Notice, ToolStarted
from twilio_rt_cli.call_test.view import CallView, event_line, notice_line
from twilio_rt_cli.caller import events
from twilio_rt_cli.caller.events import CallEvent


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (events.Answered(12.3), "call     the bridge answers  12 ms"),
        (events.StreamOpened("MZ1", 3.0), "call     the stream is open (MZ1)  3 ms"),
        (events.AgentSpoke(812.0), "agent    speaks  after 812 ms"),
        (events.AgentSpoke(None), "agent    speaks"),
        (events.CallerSpoke("hello", over_agent=True), "caller   hello  over the agent"),
        (
            events.AgentStopped(150.0, 1240.0),
            "cut      the agent stops for the caller  after 150 ms; 1.24 s of the answer were heard",
        ),
        (events.KeyPressed("#"), "keys     #"),
        (events.Executed("says “Sorry”"), "twiml    says “Sorry”"),
        (events.Failed("no greeting"), "error    no greeting"),
        (events.Ended("the caller hung up"), "ended    the caller hung up"),
    ],
)
def test_what_happens_is_told_in_words(event: CallEvent, line: str) -> None:
    assert event_line(event).render() == line


@pytest.mark.parametrize(
    ("notice", "line"),
    [
        (CallerTurn("Hello."), "heard    “Hello.”"),
        (CallerTurn(""), "heard    (not understood)"),
        (AgentTurn("Good morning.", 812.0), "agent    Good morning."),
        (ToolStarted("call_1", "check", '{"day":"2026-11-26"}'), "tool     check(day=2026-11-26)"),
        (BargedIn(1240, 5000, "item_1"), None),  # the phone tells it better
    ],
)
def test_our_own_bridge_tells_what_it_understood(notice: Notice, line: str | None) -> None:
    told = notice_line(notice)

    assert (told and told.render()) == line


def test_the_agents_words_stand_for_its_first_sound_when_the_bridge_is_ours(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with CallView(1, sees_inside=True, clock=iter([100.0, 101.5]).__next__) as view:
        view.event(0, events.AgentSpoke(5.0))
        view.event(0, events.Ended("over"))

    assert capsys.readouterr().err == "  1.50  ended    over\n"


def test_of_many_calls_only_ends_and_failures_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    with CallView(50, sees_inside=False, clock=lambda: 7.0) as view:
        view.event(3, events.CallerSpoke("hello", over_agent=False))
        view.event(4, events.Failed("no greeting"))

    assert capsys.readouterr().err == "  0.00  #4   error    no greeting\n"


def test_how_long_an_answer_took_is_the_phones_figure_and_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    with CallView(1, sees_inside=True, clock=lambda: 7.0) as view:
        view.event(0, events.AgentSpoke(671.0))
        view.notice(0, AgentTurn("Yes.", 584.0))
        view.notice(0, AgentTurn("And no.", 585.0))

    assert capsys.readouterr().err == "  0.00  agent    Yes.  after 671 ms\n  0.00  agent    And no.\n"


def test_with_several_calls_every_line_says_which(capsys: pytest.CaptureFixture[str]) -> None:
    with CallView(3, sees_inside=True, clock=lambda: 7.0) as view:
        view.notice(2, CallerTurn("Hello."))
        view.event(1, events.KeyPressed("5"))
        view.say("stop", "hanging up")

    assert capsys.readouterr().err == (
        "  0.00  #2  heard    “Hello.”\n  0.00  #1  keys     5\n  0.00      stop     hanging up\n"
    )

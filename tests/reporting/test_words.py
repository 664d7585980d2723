"""A call in words, as a person reads it."""

import pytest

from twilio_rt_cli.call.figures.end_reason import EndReason
from twilio_rt_cli.call.figures.statistics import CallStatistics
from twilio_rt_cli.call.notices import (
    AgentTurn,
    BargedIn,
    CallerTurn,
    CallOver,
    CallTrouble,
    KeyPressed,
    ModelReady,
    Notice,
    ToolAnswered,
    ToolStarted,
)
from twilio_rt_cli.output.redaction import Redactor
from twilio_rt_cli.protocol.twilio import CallSid, StreamSid
from twilio_rt_cli.reporting.words import Line, call_line, server_line
from twilio_rt_cli.server.admission.notices import (
    CallRefused,
    CallStarted,
    Draining,
    Refusal,
    ServerNotice,
    StreamFailed,
)

CALL, STREAM = CallSid("CA1"), StreamSid("MZ1")


@pytest.mark.parametrize(
    ("notice", "text"),
    [
        (CallerTurn("Is Tuesday free?"), "caller   Is Tuesday free?"),
        (CallerTurn(""), "caller   (not understood)"),
        (AgentTurn("Yes.", 760.4), "agent    Yes.  760 ms"),
        (AgentTurn("Yes, it", None, interrupted=True), "agent    Yes, it…"),
        (BargedIn(1240, 3100, "item_1"), "cut      the caller interrupts the agent  1.24 of 3.10 s heard"),
        (ToolStarted("c", "check", '{"day":"2026-11-24","at":"10:00"}'), "tool     check(day=2026-11-24, at=10:00)"),
        (ToolStarted("c", "check", "[1"), "tool     check([1)"),
        (ToolStarted("c", "check", "[1]"), "tool     check([1])"),
        (ToolStarted("c", "check", '{"half":"\\ud83d"}'), "tool     check(half=?)"),  # what no line can be written with
        (ToolAnswered("c", "check", True, 12.3, '{"free":true}'), 'tool     → {"free":true}  12 ms'),
        (ToolAnswered("c", "check", False, 12.3, "no"), "error    → no  12 ms"),
        (KeyPressed("5#"), "keys     5#"),
        (ModelReady(212.4), "ready    the model listens  212 ms"),
        (CallTrouble("model", "rate_limit", "Too fast."), "error    Too fast.  model rate_limit"),
        (
            CallOver(EndReason.DRAINED, "we are stopping", 4_000, CallStatistics(turns=1)),
            "ended    we are stopping  0:04, 1 turn",
        ),
        (
            CallOver(EndReason.CALLER_HUNG_UP, "stop", 94_000, CallStatistics(turns=4, barge_ins=1)),
            "ended    the caller hung up  1:34, 4 turns, 1 barge-in",
        ),
        (
            CallOver(EndReason.CALLER_HUNG_UP, "stop", 13_000, CallStatistics(turns=1, unanswered_max_ms=4070.2)),
            "ended    the caller hung up; ▲ no answer for 4070 ms  0:13, 1 turn",
        ),
        (
            CallOver(EndReason.MODEL_GONE, "1006", 4_000, CallStatistics(turns=1)),
            "error    the model went away: 1006  0:04, 1 turn",
        ),
    ],
)
def test_what_a_call_tells(notice: Notice, text: str) -> None:
    line = call_line(notice)
    assert line is not None
    assert line.render() == text


@pytest.mark.parametrize(
    ("notice", "text"),
    [
        (CallStarted(CALL, STREAM, "+14155550142", "+14155550100"), "call     from ••••0142 to ••••0100"),
        (CallStarted(CALL, STREAM, "", ""), "call     from unknown"),
        (CallRefused(Refusal.BUSY, CALL), "refused  all places are taken"),
        (
            CallRefused(Refusal.CALLER_BLOCKED, CALL, "a list", "+14155550142"),
            "refused  BLOCK_CALLERS names the caller  from ••••0142, a list",
        ),
        (StreamFailed(CALL, STREAM, "31921 - closed"), "error    Twilio's stream failed: 31921 - closed"),
        (Draining(0, 600), "stop     no call is in progress"),
        (
            Draining(1, 600),
            "stop     no new calls; waiting for 1 call, at most 600 s. Ctrl-C again ends it now",
        ),
        (
            Draining(3, 30),
            "stop     no new calls; waiting for 3 calls, at most 30 s. Ctrl-C again ends them now",
        ),
    ],
)
def test_what_the_server_tells(notice: ServerNotice, text: str) -> None:
    assert server_line(notice, Redactor()).render() == text


@pytest.mark.parametrize("reason", Refusal)
def test_every_refusal_has_words(reason: Refusal) -> None:
    assert len(server_line(CallRefused(reason), Redactor()).text) > 10


@pytest.mark.parametrize("reason", [reason for reason in EndReason if reason is not EndReason.PROBE])
def test_every_ending_has_words(reason: EndReason) -> None:
    line = call_line(CallOver(reason, "", 0, CallStatistics()))
    assert line is not None
    assert "_" not in line.text


def test_colours_on_request_and_no_power_over_the_terminal() -> None:
    line = Line("caller", "a\x1b[2Jb", "12 ms")
    assert line.render("12:00:00 …9f2a") == "12:00:00 …9f2a  caller   a\\x1b[2Jb  12 ms"
    assert line.render(colour=True) == "\x1b[36mcaller \x1b[0m  a\\x1b[2Jb  \x1b[2m12 ms\x1b[0m"


@pytest.mark.parametrize("reason", [EndReason.MODEL_UNREACHABLE, EndReason.DRAINED])
def test_what_ends_a_call_is_told_once_by_its_end(reason: EndReason) -> None:
    assert call_line(CallTrouble("model", reason.value, "why")) is None


def test_where_there_is_a_width_words_wrap_under_the_text() -> None:
    line = Line("agent", "How can I help you on this day?", "12 ms")
    assert line.render("1.00", width=40).splitlines() == [
        "1.00  agent    How can I help you on",
        "               this day?  12 ms",
    ]
    assert line.render("1.00") == "1.00  agent    How can I help you on this day?  12 ms"


def test_a_figure_that_finds_no_room_stands_below() -> None:
    assert Line("cut", "x" * 20, "after 12 ms").render(width=35, colour=True).splitlines() == [
        "\x1b[33mcut    \x1b[0m  " + "x" * 20,
        "         \x1b[2mafter 12 ms\x1b[0m",
    ]


def test_raw_data_is_cut_to_one_line() -> None:
    answered = call_line(ToolAnswered("c", "check", True, 12.3, "z" * 90))
    assert answered is not None
    (line,) = answered.render(width=40).splitlines()
    assert (len(line), line[-9:]) == (40, "z…  12 ms")

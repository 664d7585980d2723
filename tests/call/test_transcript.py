"""Transcripts: spoken order, and what was heard of answers that were cut."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twilio_rt_cli.call.figures.end_reason import EndReason
from twilio_rt_cli.call.figures.statistics import CallStatistics
from twilio_rt_cli.call.notices import (
    AgentTurn,
    BargedIn,
    CallerTurn,
    CallOver,
    CallTrouble,
    CutOff,
    FirstAudio,
    ItemCut,
    KeyPressed,
    ModelReady,
    Notice,
    SpokenItem,
    ToolAnswered,
    ToolStarted,
)
from twilio_rt_cli.call.transcript import SpokenLine, TimedNotice, heard_part, transcript

TEXT = "We are open from nine in the morning until six."


def answer(text: str = TEXT, *, at_ms: float | None = 1000, unheard: tuple[str, ...] = ()) -> AgentTurn:
    return AgentTurn(text, 700, spoken_at_ms=at_ms, items=(SpokenItem("a", text),), unheard=unheard)


def words(told: list[TimedNotice]) -> list[tuple[str, str]]:
    return [(line.who, line.text) for line in transcript(told)]


def test_words_that_are_recognised_late_come_before_the_answer_to_them() -> None:
    told: list[TimedNotice] = [
        (200, AgentTurn("Hello.", None, spoken_at_ms=100)),
        (4900, AgentTurn("Yes.", 700, spoken_at_ms=4000)),
        (5100, CallerTurn("Is Tuesday free?", spoken_at_ms=2000)),
    ]
    assert words(told) == [("agent", "Hello."), ("caller", "Is Tuesday free?"), ("agent", "Yes.")]


def test_without_times_lines_stay_as_they_came() -> None:
    told: list[TimedNotice] = [(900, AgentTurn("A", None)), (800, CallerTurn("b")), (950, AgentTurn("C", None))]
    assert words(told) == [("agent", "A"), ("caller", "b"), ("agent", "C")]


def test_what_has_no_time_stays_behind_what_came_before_it() -> None:
    told: list[TimedNotice] = [
        (300, AgentTurn("Hello.", None, spoken_at_ms=100)),
        (5200, CallerTurn("Is Tuesday free?")),
        (5900, AgentTurn("Yes.", 700, spoken_at_ms=5000)),
    ]
    assert words(told) == [("agent", "Hello."), ("caller", "Is Tuesday free?"), ("agent", "Yes.")]


def test_tools_keys_and_errors_stand_where_they_happened() -> None:
    told: list[TimedNotice] = [
        (10, ModelReady(10)),
        (20, FirstAudio(20)),
        (2500, ToolStarted("t", "check", '{"day":1}')),
        (2600, ToolAnswered("t", "check", True, 100, "free")),
        (2700, ToolAnswered("t", "check", False, 100, "boom")),
        (2800, CallerTurn("Is Monday free?", spoken_at_ms=1000)),
        (4000, KeyPressed("5#")),
        (4500, AgentTurn("It is.", 700, spoken_at_ms=2900)),
        (4600, CallTrouble("model", "slow", "too slow")),
        (4700, CallTrouble("model", "slow", "")),
        (4800, CallOver(EndReason.CALLER_HUNG_UP, "", 4800, CallStatistics())),
    ]
    assert transcript(told) == [
        SpokenLine(1000, "caller", "Is Monday free?"),
        SpokenLine(2500, "tool", 'check({"day":1})'),
        SpokenLine(2600, "tool", "check → free"),
        SpokenLine(2700, "error", "check → boom"),
        SpokenLine(2900, "agent", "It is.", v2v_ms=700),
        SpokenLine(4000, "keys", "5#"),
        SpokenLine(4600, "error", "model slow: too slow"),
        SpokenLine(4700, "error", "model slow"),
    ]


def test_an_answer_that_was_heard_has_no_estimate() -> None:
    (line,) = transcript([(1, answer())])
    assert (line.heard_estimate, line.interrupted) == (None, False)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_cut_is_found_whether_it_is_told_before_or_after_the_answer(order: tuple[int, ...]) -> None:
    cut = BargedIn(1000, 2000, "a", 140, (ItemCut("a", 1000, 2000),))
    notices: list[Notice] = [answer(), cut, CallerTurn("Sorry?", spoken_at_ms=2000)]
    agent, caller = transcript([(3000 + at, notices[one]) for at, one in enumerate(order)])
    assert (agent.heard_estimate, agent.interrupted) == ("We are open from nine", True)
    assert (caller.who, caller.heard_estimate, caller.interrupted) == ("caller", None, False)


def test_the_cut_item_counts_where_a_barge_in_lists_no_others() -> None:
    (line,) = transcript([(1, answer()), (2, BargedIn(0, 2000, "a"))])
    assert (line.heard_estimate, line.interrupted) == ("", True)


def test_the_end_of_a_call_cuts_too() -> None:
    (line,) = transcript([(1, answer()), (2, CutOff((ItemCut("a", 500, 2000),)))])
    assert line.heard_estimate == "We are open"


def test_of_an_item_whose_audio_came_too_late_nothing_was_heard() -> None:
    both = AgentTurn("One. Two.", 700, items=(SpokenItem("a", "One."), SpokenItem("b", "Two.")), unheard=("b",))
    (line,) = transcript([(1, both)])
    assert (line.heard_estimate, line.interrupted) == ("One.", True)


def test_the_first_cut_of_an_item_is_the_one_that_was_heard() -> None:
    cuts: list[TimedNotice] = [(2, BargedIn(500, 2000, "a")), (3, CutOff((ItemCut("a", 1500, 2000),)))]
    (line,) = transcript([(1, answer()), *cuts])
    assert line.heard_estimate == "We are open"


@pytest.mark.parametrize(
    ("heard_ms", "received_ms", "part"),
    [
        (0, 1000, ""),
        (1000, 1000, "one two three"),
        (1200, 1000, "one two three"),
        (0, 0, ""),
        (-5, 1000, ""),
        (100, 1000, ""),
        (250, 1000, "one"),
        (300, 1000, "one"),
        (540, 1000, "one two"),
        (999, 1000, "one two"),
    ],
)
def test_the_part_that_was_heard_ends_with_a_word(heard_ms: int, received_ms: int, part: str) -> None:
    assert heard_part("one two three", ItemCut("a", heard_ms, received_ms)) == part


def test_a_script_without_blanks_is_cut_by_its_characters() -> None:
    assert heard_part("営業時間は九時から", ItemCut("a", 500, 1000)) == "営業時間"


@given(st.text(), st.integers(-10, 5000), st.integers(-10, 5000))
def test_whatever_was_heard_begins_the_text_and_breaks_no_word(text: str, heard_ms: int, received_ms: int) -> None:
    part = heard_part(text, ItemCut("a", heard_ms, received_ms))
    assert text.startswith(part)
    rest = text[len(part) :]
    if any(map(str.isspace, text)):
        assert not part or not rest or rest[0].isspace()


_times = st.none() | st.floats(0, 10_000)
_cuts = st.lists(st.builds(ItemCut, st.sampled_from("abc"), st.integers(0, 9), st.integers(0, 9))).map(tuple)
_items = st.lists(st.builds(SpokenItem, st.sampled_from("abc"), st.text("ab ", max_size=9)), max_size=3).map(tuple)
_notices: st.SearchStrategy[Notice] = st.one_of(
    st.builds(CallerTurn, st.text(max_size=5), spoken_at_ms=_times),
    st.builds(AgentTurn, st.text(max_size=5), _times, spoken_at_ms=_times, items=_items),
    st.builds(KeyPressed, st.just("1")),
    st.builds(BargedIn, st.integers(0, 9), st.integers(0, 9), st.sampled_from("abc"), cuts=_cuts),
    st.builds(CutOff, _cuts),
)


@given(st.lists(st.tuples(st.floats(0, 10_000), _notices)))
def test_every_word_has_its_line_and_spoken_times_are_kept(told: list[TimedNotice]) -> None:
    lines = transcript(told)
    spoken = [one for _, one in told if isinstance(one, CallerTurn | AgentTurn | KeyPressed)]
    assert len(lines) == len(spoken)
    if all(isinstance(one, KeyPressed) or one.spoken_at_ms is not None for one in spoken):
        assert [line.at_ms for line in lines] == sorted(line.at_ms for line in lines)
    for line in lines:
        assert line.heard_estimate is None or (line.who == "agent" and line.interrupted)


@given(st.lists(st.tuples(st.floats(0, 10_000), _notices)))
def test_the_order_of_cuts_and_answers_does_not_matter(told: list[TimedNotice]) -> None:
    """Cuts are looked for in all that was told: moving them to the end changes nothing."""
    cuts = [one for one in told if isinstance(one[1], BargedIn | CutOff)]
    others = [one for one in told if one not in cuts]
    assert transcript(told) == transcript(others + cuts) == transcript(cuts + others)

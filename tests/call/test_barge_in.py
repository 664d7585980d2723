"""Barge-ins: which answers end, what becomes of their late audio, and what the model is told."""

import pytest

from tests.playbook import audio
from twilio_rt_cli.call.answers import Answer
from twilio_rt_cli.call.barge_in import BargeIns
from twilio_rt_cli.call.commands import ClearPlayout, SendMark
from twilio_rt_cli.call.figures.statistics import CallStatistics
from twilio_rt_cli.call.generation import Heard
from twilio_rt_cli.call.notices import BargedIn, ItemCut
from twilio_rt_cli.call.playout import Playout
from twilio_rt_cli.protocol.realtime import AudioDelta, ItemId, ResponseId
from twilio_rt_cli.protocol.realtime_client import DeleteItem, TruncateItem

A, B = ItemId("item_a"), ItemId("item_b")
ONE, TWO = ResponseId("resp_1"), ResponseId("resp_2")


class Line:
    """A playout into which the first answer went, and the barge-ins that may end it."""

    def __init__(self, ms: float = 1000) -> None:
        self.counted = CallStatistics()
        self.playout = Playout(0.0, self.counted)
        self.answers = {ONE: Answer()}
        self.barge_ins = BargeIns(self.playout, self.answers, self.counted)
        self.playout.append(A, audio(ms), 0.0)
        self.barge_ins.playing(ONE)


def heard(item: ItemId, ms: int, of_ms: int, *, complete: bool = True) -> Heard:
    return Heard(item, ms * 8, of_ms * 8, complete)


def test_the_running_answer_and_the_one_being_heard_are_interrupted() -> None:
    line = Line()
    line.answers[TWO] = Answer()
    assert line.barge_ins.begin(TWO, None, 0.1) == [ClearPlayout(), SendMark("fence:0")]
    assert [one.interrupted for one in line.answers.values()] == [True, True]
    assert line.barge_ins.drops(ONE)
    assert line.barge_ins.drops(TWO)


def test_who_speaks_into_silence_interrupts_nothing() -> None:
    line = Line(100)
    line.playout.item_done(A, 0.0)
    assert line.barge_ins.begin(None, None, 5.0) == []
    assert line.counted.barge_ins == 0


def test_an_answer_in_the_making_of_which_all_was_heard_is_cut_too() -> None:
    line = Line(100)  # more of it may come at any moment
    assert line.barge_ins.begin(ONE, None, 5.0) == [ClearPlayout(), SendMark("fence:0")]


def test_what_waits_here_is_counted_as_dropped() -> None:
    line = Line(5000)
    line.barge_ins.begin(ONE, None, 0.1)
    assert line.counted.agent_audio_dropped_bytes == 2000 * 8


def test_late_audio_is_dropped_and_its_item_remembered_if_nobody_heard_of_it() -> None:
    line = Line()
    line.barge_ins.begin(ONE, None, 0.1)
    answer = line.answers[ONE]
    for item in (A, B):
        line.barge_ins.drop(AudioDelta(ONE, item, audio(100)), answer)
    assert answer.late_items == {B}  # A is cut, and settled with the fence
    assert line.counted.agent_audio_dropped_bytes == 2 * 800


def test_late_audio_of_an_item_that_was_cut_and_settled_is_no_new_item() -> None:
    line = Line()
    line.barge_ins.begin(ONE, None, 0.1)
    _, found = line.playout.echo("fence:0", 0.2)
    assert found is not None
    line.barge_ins.settle(found)
    line.barge_ins.drop(AudioDelta(ONE, A, audio(100)), line.answers[ONE])
    assert line.answers[ONE].late_items == set()


def test_the_item_being_heard_is_truncated_and_what_follows_deleted() -> None:
    line = Line()
    told, *orders = line.barge_ins.settle([heard(A, 300, 1000), heard(B, 0, 500)])
    cuts = (ItemCut(A, 300, 1000), ItemCut(B, 0, 500))
    assert told == BargedIn(300, 1000, A, None, cuts)
    assert orders == [TruncateItem(A, 300), DeleteItem(B)]
    assert line.counted.barge_ins == 1


def test_what_was_heard_to_the_end_stays_unless_more_of_it_was_to_come() -> None:
    line = Line()
    assert line.barge_ins.settle([heard(A, 500, 500)]) == []
    assert line.counted.barge_ins == 0
    assert line.barge_ins.settle([heard(A, 500, 500, complete=False)])[1:] == [TruncateItem(A, 500)]


def test_each_cut_is_told_with_the_stop_of_its_own_clear() -> None:
    line = Line()
    for stop_ms in (120.0, None, 80.0):
        line.playout.append(B, audio(500), 0.1)
        line.barge_ins.begin(ONE, stop_ms, 0.1)
    stops = []
    for _ in range(3):
        told = line.barge_ins.settle([heard(B, 100, 500)])[0]
        assert isinstance(told, BargedIn)
        stops.append(told.stop_ms)
    assert stops == [120.0, None, 80.0]
    assert line.counted.barge_in_stop_ms == [pytest.approx(120), pytest.approx(80)]


def test_a_response_that_comes_while_the_caller_speaks_can_be_interrupted_before_its_first_audio() -> None:
    line = Line()
    line.barge_ins.interrupt(TWO)
    assert line.barge_ins.drops(TWO)
    assert not line.answers[ONE].interrupted

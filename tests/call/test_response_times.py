"""Voice-to-voice times, by what the model tells of positions in the audio."""

from dataclasses import replace

import pytest

from tests.playbook import PLAN, session_updated
from twilio_rt_cli.call.arrivals import Arrivals
from twilio_rt_cli.call.events import ModelOpened
from twilio_rt_cli.call.figures.statistics import CallStatistics
from twilio_rt_cli.call.model_link import ModelLink
from twilio_rt_cli.call.response_times import HANGOVER_MS, ResponseTimes
from twilio_rt_cli.protocol.realtime import ItemId, SpeechStarted, SpeechStopped

BEGAN_AT = 100.0


class Clocked:
    """Response times of a call into which a second of caller audio came, evenly, the last of it now."""

    def __init__(self, *, silence_ms: int = 500, prefix_ms: int = 0) -> None:
        plan = replace(PLAN, silence_ms=silence_ms, prefix_ms=prefix_ms)
        self.counted = CallStatistics()
        link, arrivals = ModelLink(plan, self.counted, BEGAN_AT), Arrivals(self.counted)
        link.dial()
        link.socket(ModelOpened())
        link.agree(session_updated())
        for ms in range(160, 1001, 20):
            self.counted.bytes_in = ms * 8
            arrivals.arrived(ms, ms * 8, BEGAN_AT + ms / 1000)
        self.now = BEGAN_AT + 1
        self.times = ResponseTimes(plan, link, arrivals, BEGAN_AT)


def started(ms: int) -> SpeechStarted:
    return SpeechStarted(ms, ItemId("item_1"))


def stopped(ms: int) -> SpeechStopped:
    return SpeechStopped(ms, ItemId("item_1"))


def test_an_answer_is_timed_from_the_end_of_speech_and_counted_once() -> None:
    call = Clocked()
    call.times.speech_stopped(stopped(1000), call.now)  # the sound ended 500 ms before, and the detector's hangover
    assert call.times.waiting_ms(call.now + 0.1) == pytest.approx(600 + HANGOVER_MS)
    assert call.times.answered(call.now + 0.2) == pytest.approx(700 + HANGOVER_MS)
    assert call.times.answered(call.now + 0.3) is None
    assert call.counted.v2v_ms == [pytest.approx(700 + HANGOVER_MS)]
    assert call.times.waiting_ms(call.now + 5) == 0


def test_a_turn_detection_without_a_silence_is_believed_to_the_letter() -> None:
    call = Clocked(silence_ms=0)
    call.times.speech_stopped(stopped(900), call.now)
    assert call.times.waiting_ms(call.now) == pytest.approx(100)


def test_an_answer_to_nobody_is_no_response_time() -> None:
    call = Clocked()
    assert call.times.answered(call.now) is None
    call.times.speech_stopped(stopped(0), call.now)  # the model does not tell when
    assert call.times.answered(call.now) is None
    assert call.counted.v2v_ms == []


def test_who_speaks_again_has_waited_in_vain_and_the_longest_such_wait_is_kept() -> None:
    call = Clocked(silence_ms=0)
    for wait_s in (2.0, 3.0, 1.0):
        call.times.speech_stopped(stopped(1000), call.now)
        call.times.speech_started(started(1000), call.now + wait_s)
    assert call.counted.unanswered_max_ms == pytest.approx(3000)
    assert call.counted.v2v_ms == []
    call.times.gave_up(call.now + 60)
    assert call.counted.unanswered_max_ms == pytest.approx(3000)


def test_the_first_sound_lies_a_prefix_behind_where_the_speech_is_told_to_begin() -> None:
    call = Clocked(prefix_ms=300)
    assert call.times.speech_started(started(500), call.now) == pytest.approx(BEGAN_AT + 0.8)
    assert call.times.speech_started(started(0), call.now) is None


def test_moments_are_told_since_the_call_began() -> None:
    assert Clocked().times.ms(BEGAN_AT + 1.5) == pytest.approx(1500)

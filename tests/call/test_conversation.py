"""Conversation: barge-in, several items, tools, errors, and who may ask for a response."""

import pytest

from tests.playbook import Playbook, answering, audio, created, delta, done, echo, function_call, media, talking
from twilio_rt_cli.call.call import CallState
from twilio_rt_cli.call.commands import ClearPlayout, HangUp, RunTool, SendMark, SendMedia
from twilio_rt_cli.call.events import ToolFinished
from twilio_rt_cli.call.figures.end_reason import EndReason
from twilio_rt_cli.call.figures.health import health
from twilio_rt_cli.call.notices import (
    AgentTurn,
    BargedIn,
    CallerTurn,
    CallTrouble,
    CutOff,
    FirstAudio,
    ItemCut,
    SpokenItem,
    ToolAnswered,
)
from twilio_rt_cli.call.response_times import HANGOVER_MS
from twilio_rt_cli.protocol.realtime import (
    AudioDone,
    ErrorDetails,
    ErrorReported,
    InputCommitted,
    Item,
    ItemAdded,
    ItemId,
    ResponseId,
    SpeechStarted,
    SpeechStopped,
    StatusDetails,
    StatusError,
    ToolCallId,
    TranscriptDelta,
    TranscriptDone,
    TranscriptionCompleted,
    TranscriptionFailed,
    Usage,
)
from twilio_rt_cli.protocol.realtime_client import (
    CancelResponse,
    CreateItem,
    CreateResponse,
    DeleteItem,
    FunctionCallOutput,
    TruncateItem,
)
from twilio_rt_cli.protocol.twilio import Stop

A, B, C = ItemId("item_1"), ItemId("item_2"), ItemId("item_3")
ONE = ResponseId("resp_1")
ACTIVE = "conversation_already_has_active_response"


def error(code: str, event_id: str | None = None) -> ErrorReported:
    return ErrorReported(ErrorDetails(message="no", code=code, event_id=event_id))


def tool_finished(call_id: str, output: str = "free") -> ToolFinished:
    return ToolFinished(ToolCallId(call_id), output, ok=True, elapsed_ms=12.0)


def output(number: int, call_id: str, text: str = "free") -> CreateItem:
    item = FunctionCallOutput(id=ItemId(f"item_tool_{number}"), call_id=ToolCallId(call_id), output=text)
    return CreateItem(item)


def asked(number: int) -> CreateResponse:
    return CreateResponse(event_id=f"ask_{number}")


def two_items() -> Playbook:
    call = answering(500)
    call << delta(500, "item_2")
    call << AudioDone(ONE, B)
    return call


def test_a_barge_in_truncates_at_what_the_caller_heard() -> None:
    call = answering(1000)
    call.now += 0.400
    for name in ("0:160", "0:480", "0:2082"):
        call << echo(name)
    assert call << SpeechStarted() == [ClearPlayout(), SendMark("fence:0")]
    assert call << echo("fence:0") == [TruncateItem(A, 2082 // 8)]
    assert call.told(BargedIn) == [BargedIn(2082 // 8, 1000, A, None, (ItemCut(A, 2082 // 8, 1000),))]


def test_an_answer_heard_to_its_end_is_left_alone() -> None:
    call = answering(300)
    call << done()
    call.now += 0.5
    for name in ("0:160", "0:480", "0:2082", "0:2400"):
        call << echo(name)
    assert call << SpeechStarted() == []
    assert call.told(BargedIn) == []


def test_only_the_item_being_heard_is_truncated_and_later_ones_are_taken_out() -> None:
    call = two_items()
    call << SpeechStarted()
    assert call << echo("fence:0") == [DeleteItem(A), DeleteItem(B)]
    call = two_items()
    call.now += 0.250
    call << echo("0:2082")
    call << SpeechStarted()
    assert call << echo("fence:0") == [TruncateItem(A, 260), DeleteItem(B)]
    call = two_items()
    call.now += 0.700
    for name in ("0:4000", "0:5602"):
        call << echo(name)
    call << SpeechStarted()
    assert call << echo("fence:0") == [TruncateItem(B, 200)]


def test_audio_of_a_cut_answer_that_comes_late_is_dropped_by_its_response_id() -> None:
    call = answering(500)
    call << SpeechStarted()
    assert call << delta(200) == []
    assert call << delta(200, "item_2") == []
    call << created("resp_2")
    assert any(isinstance(one, SendMedia) for one in call << delta(200, "item_9", "resp_2"))


def test_late_audio_is_still_dropped_after_the_response_is_done() -> None:
    call = answering(500)
    call << done()
    call << SpeechStarted()
    assert call << delta(200) == []


def test_an_item_whose_audio_came_only_after_the_barge_in_is_taken_out() -> None:
    call = answering(500)
    call << SpeechStarted()
    call << delta(200, "item_2")
    call << echo("fence:0")
    assert DeleteItem(B) in (call << done(status="cancelled"))


def test_the_item_being_heard_is_truncated_not_deleted_when_the_response_ends_before_the_fence_is_back() -> None:
    call = talking()
    call << created()
    call << delta(500)
    call.now += 0.020
    call << echo("0:160")
    call << SpeechStarted()
    call << delta(200)
    assert call << done(status="cancelled") == []
    assert call << echo("fence:0") == [TruncateItem(A, 20)]


def test_audio_that_came_too_late_to_be_heard_keeps_its_item_unfinished() -> None:
    call = talking()
    call << created()
    call << delta(60)
    call.now += 0.2
    for name in ("0:160", "0:480"):
        call << echo(name)
    call << SpeechStarted()
    call << delta(100)
    call << AudioDone(ONE, A)
    assert call << echo("fence:0") == [TruncateItem(A, 60)]


def test_an_item_that_was_to_go_on_is_cut_at_all_we_received() -> None:
    call = talking()
    call << created()
    call << delta(100)
    call.now += 0.2
    for name in ("0:160", "0:480"):
        call << echo(name)
    call << SpeechStarted()
    call.now += 0.1
    call << delta(100)
    assert call << echo("fence:0") == [TruncateItem(A, 100)]


def test_a_second_barge_in_cuts_the_second_answer() -> None:
    call = answering(1000)
    call << SpeechStarted()
    call.now += 0.005
    call << echo("fence:0")
    call << created("resp_2")
    call << delta(1000, "item_2", "resp_2")
    call.now += 0.020
    call << echo("1:322")
    call.now += 0.040
    [mark] = [one for one in call << SpeechStarted() if isinstance(one, SendMark)]
    assert mark == SendMark("fence:1")
    [cut] = call << echo("fence:1")
    assert isinstance(cut, DeleteItem | TruncateItem)
    assert cut.item_id == B


def test_speech_while_the_agent_is_silent_clears_nothing() -> None:
    assert talking() << SpeechStarted() == []


def speak(call: Playbook) -> None:
    """The caller speaks for a second, and the model tells it 560 ms after the last sound."""
    for _ in range(100):
        call << media()
    call << SpeechStarted(500)
    call << SpeechStopped(2000)


def test_voice_to_voice_counts_from_the_end_of_speech_not_of_the_silence() -> None:
    call = talking()
    speak(call)
    call.now += 0.150
    call << created()
    call << delta(200)
    call << TranscriptDone(ONE, A, "At three.")
    call << done()
    [turn] = call.told(AgentTurn)
    assert turn.text == "At three."
    assert turn.v2v_ms == pytest.approx(650 + HANGOVER_MS)


def test_each_voice_to_voice_time_and_the_first_audio_are_counted_once() -> None:
    call = talking()
    call.now += 0.3
    call << created()
    call << delta(200)
    call << delta(200)
    call << done()
    speak(call)
    call.now += 0.150
    call << created("resp_2")
    call << delta(200, "item_2", "resp_2")
    call << delta(200, "item_2", "resp_2")
    assert call.told(FirstAudio) == [FirstAudio(call.core.statistics.first_audio_ms or 0)]
    assert call.core.statistics.first_audio_ms == pytest.approx(300)
    assert call.core.statistics.v2v_ms == [pytest.approx(650 + HANGOVER_MS)]


def test_a_caller_who_speaks_again_or_hangs_up_before_an_answer_has_waited_in_vain() -> None:
    call = talking()
    speak(call)
    call.now += 5.0
    call << SpeechStarted(7000)  # "Hello?"
    assert call.core.statistics.unanswered_max_ms == pytest.approx(5560)
    call << SpeechStopped(8000)
    call.now += 2.0
    call << Stop()
    assert call.core.statistics.unanswered_max_ms == pytest.approx(5560)
    assert call.core.statistics.v2v_ms == []


def test_how_long_the_caller_waits_is_told_while_they_wait() -> None:
    call = talking()
    for _ in range(100):
        call << media()
    call << SpeechStarted(500)
    assert call.core.waiting_ms(call.now) == 0
    call << SpeechStopped(2000)
    call.now += 3.0
    assert call.core.waiting_ms(call.now) == pytest.approx(3560)
    call << created("resp_2")
    call << delta(200, "item_2", "resp_2")
    assert call.core.waiting_ms(call.now) == 0


def test_a_call_that_is_over_before_the_answer_tells_how_long_the_caller_waited() -> None:
    call = talking()
    speak(call)
    call.now += 20.0
    call << Stop()
    assert call.core.statistics.unanswered_max_ms == pytest.approx(20_560)
    assert health(call.core.statistics, EndReason.CALLER_HUNG_UP).why == "no answer for 20560 ms"


def test_the_stop_is_timed_from_the_callers_first_sound() -> None:
    call = talking(prefix_ms=300)
    call << created()
    call << delta(5000)
    for _ in range(50):  # a second of caller audio
        call << media()
    call << SpeechStarted(540, ItemId("item_u"))  # the sound began at 840 ms: 160 ms ago
    call << echo("fence:0")
    [told] = call.told(BargedIn)
    assert told.stop_ms == pytest.approx(160)
    assert call.core.statistics.barge_in_stop_ms == [pytest.approx(160)]


def test_a_model_that_does_not_say_when_speech_began_leaves_the_stop_untold() -> None:
    call = answering(1000)
    call << SpeechStarted()
    call << echo("fence:0")
    assert [one.stop_ms for one in call.told(BargedIn)] == [None]
    assert call.core.statistics.barge_in_stop_ms == []


def test_all_items_that_were_cut_are_told() -> None:
    call = two_items()
    call.now += 0.250
    call << echo("0:2082")
    call << SpeechStarted()
    call << echo("fence:0")
    [told] = call.told(BargedIn)
    assert told.cuts == (ItemCut(A, 260, 500), ItemCut(B, 0, 500))


def test_a_turn_is_told_with_when_the_caller_began_it() -> None:
    call = talking(prefix_ms=300)
    for _ in range(100):
        call.now += 0.02
        call << media()
    call << SpeechStarted(1200, ItemId("item_u"))  # 500 ms before now
    call.now += 1
    call << InputCommitted(ItemId("item_u"))
    call << TranscriptionCompleted(ItemId("item_u"), "Hello?")
    [turn] = call.told(CallerTurn)
    assert (turn.text, turn.item_id) == ("Hello?", "item_u")
    assert turn.spoken_at_ms == pytest.approx(1500)


def test_a_model_that_does_not_say_when_the_caller_spoke_leaves_no_figure_of_it_and_the_turn_in_its_place() -> None:
    call = talking(prefix_ms=300, silence_ms=500)
    for _ in range(250):
        call.now += 0.02
        call << media()
    call << SpeechStarted(0, ItemId("item_u"))
    call.now += 1
    call << SpeechStopped(0)
    call << InputCommitted(ItemId("item_u"))
    call << TranscriptionCompleted(ItemId("item_u"), "Hello?")
    call << created()
    call << delta(200)
    call << done()
    assert [turn.spoken_at_ms for turn in call.told(CallerTurn)] == [pytest.approx(5000)]
    assert [turn.v2v_ms for turn in call.told(AgentTurn)] == [None]
    assert call.core.statistics.v2v_ms == []


def test_an_answer_tells_its_items_and_when_it_began() -> None:
    call = talking()
    call.now += 0.5
    call << created()
    call << delta(200)
    call << TranscriptDelta(ONE, A, "At ")
    call << TranscriptDelta(ONE, A, "three.")
    call << TranscriptDone(ONE, A, "At three o'clock.")
    call << delta(200, "item_2")
    call << TranscriptDelta(ONE, B, "Bye.")
    call << done()
    [turn] = call.told(AgentTurn)
    assert (turn.text, turn.spoken_at_ms) == ("At three o'clock. Bye.", pytest.approx(500))
    assert turn.items == (SpokenItem(A, "At three o'clock."), SpokenItem(B, "Bye."))


def test_an_item_whose_audio_came_too_late_is_told_as_unheard() -> None:
    call = answering(500)
    call << SpeechStarted()
    call << delta(200, "item_2")
    call << TranscriptDone(ONE, B, "Late words.")
    call << echo("fence:0")
    call << done(status="cancelled")
    [turn] = call.told(AgentTurn)
    assert (turn.text, turn.interrupted, turn.unheard) == ("Late words.", True, (B,))


def test_a_hang_up_in_mid_answer_tells_what_was_said_and_not_heard() -> None:
    call = talking()
    call << created()
    call << delta(1000)
    call << TranscriptDelta(ONE, A, "We are open from nine")
    call.now += 0.250
    for name in ("0:160", "0:480", "0:2082"):
        call << echo(name)
    call << Stop()
    assert [turn.text for turn in call.told(AgentTurn)] == ["We are open from nine"]
    assert call.told(CutOff) == [CutOff((ItemCut(A, 260, 1000),))]


def test_a_hang_up_before_the_fence_is_back_still_tells_the_barge_in() -> None:
    call = answering(1000)
    call.now += 0.250
    call << echo("0:2082")
    call << SpeechStarted()
    orders = call << Stop()
    assert orders == [HangUp(EndReason.CALLER_HUNG_UP)]
    assert [one.cuts for one in call.told(BargedIn)] == [(ItemCut(A, 260, 1000),)]
    assert call.told(CutOff) == []


def test_a_call_that_ends_in_silence_has_nothing_cut_off() -> None:
    call = answering(300)
    call << done()
    call.now += 0.5
    for name in ("0:160", "0:480", "0:2082", "0:2400"):
        call << echo(name)
    call << Stop()
    assert call.told(CutOff) == []


def test_what_the_caller_said_is_told() -> None:
    call = talking()
    call << InputCommitted(ItemId("item_u"))
    call << TranscriptionCompleted(ItemId("item_u"), " Is it free? ")
    call << TranscriptionCompleted(ItemId("item_v"), " ")
    assert call.told(CallerTurn) == [CallerTurn("Is it free?", "item_u", 0.0)]
    assert call.core.statistics.turns == 1


def test_a_failed_transcription_is_survived() -> None:
    call = talking()
    assert call << TranscriptionFailed(A, ErrorDetails(message="no", code="model_gone")) == []
    assert call << media() != []


def test_function_calls_run_in_parallel_and_are_answered_together() -> None:
    call = talking()
    call << created()
    first = call << function_call("call_a")
    second = call << function_call("call_b")
    assert [first, second] == [
        [RunTool(ToolCallId(one), "look_up", '{"day":"2026-11-26"}')] for one in ("call_a", "call_b")
    ]
    assert call << tool_finished("call_b", "two") == []
    assert call << done() == []
    assert call << tool_finished("call_a", "one") == [
        output(1, "call_a", "one"),
        output(2, "call_b", "two"),
        asked(1),
    ]
    assert [one.ok for one in call.told(ToolAnswered)] == [True, True]


def test_answers_wait_for_the_response_that_asked() -> None:
    call = talking()
    call << created()
    call << function_call("call_a")
    assert call << tool_finished("call_a") == []
    assert call << done() == [output(1, "call_a"), asked(1)]


def test_a_function_call_told_only_in_response_done_is_run() -> None:
    call = talking()
    call << created()
    item = function_call("call_a").item
    assert RunTool(ToolCallId("call_a"), "look_up", '{"day":"2026-11-26"}') in (call << done(output=(item,)))


def test_a_function_call_is_run_once() -> None:
    call = talking()
    call << created()
    call << function_call("call_a")
    assert call << done(output=(function_call("call_a").item,)) == []


@pytest.mark.parametrize("status", ["incomplete", "in_progress"])
def test_a_function_call_cut_short_is_ignored(status: str) -> None:
    call = talking()
    call << created()
    assert call << function_call("call_a", status=status) == []


def test_a_function_call_without_a_status_is_run() -> None:
    call = talking()
    call << created()
    assert RunTool(ToolCallId("call_a"), "look_up", '{"day":"2026-11-26"}') in (
        call << function_call("call_a", status=None)
    )


def test_an_interrupted_call_is_answered_without_asking_for_a_response() -> None:
    call = talking()
    call << created()
    call << function_call("call_a")
    call << SpeechStarted()
    call << done(status="cancelled")
    assert call << tool_finished("call_a") == [output(1, "call_a")]
    call << SpeechStopped(900)
    call << ItemAdded(Item(id=ItemId("item_tool_1")))
    call << created("resp_2")  # the server's own answer to the caller: it has seen the tool's
    assert call << done("resp_2") == []


def test_an_answer_that_missed_the_servers_response_is_asked_for_after_it() -> None:
    call = talking()
    call << created()
    call << function_call("call_a")
    call << done()
    call << SpeechStarted()
    call << SpeechStopped(900)
    call << created("resp_2")
    assert call << tool_finished("call_a") == [output(1, "call_a")]
    call << ItemAdded(Item(id=ItemId("item_tool_1")))
    assert call << done("resp_2") == [asked(1)]


def test_a_request_that_met_another_response_is_sent_again_when_that_one_is_done() -> None:
    call = talking()
    call << created()
    call << function_call("call_a")
    assert call << done() == []
    assert call << tool_finished("call_a") == [output(1, "call_a"), asked(1)]
    call << created("resp_vad")
    assert call << error(ACTIVE, "ask_1") == []
    assert call << done("resp_vad") == [asked(2)]
    call << created("resp_3")
    assert call << done("resp_3") == []


def test_a_model_that_refuses_again_and_again_is_stalled_and_not_asked_in_a_loop() -> None:
    call = talking(greeting="Hello")
    requests = 0
    for step in range(1, 20):
        commands = [*(call << error(ACTIVE, f"ask_{requests + 1}")), *call.at(step * 1000)]
        requests += sum(isinstance(one, CreateResponse) for one in commands)
        if call.state is CallState.OVER:
            break
    assert requests <= 6
    assert HangUp(EndReason.MODEL_STALLED) in commands


def test_a_request_refused_for_another_reason_is_made_once_more_in_the_same_words() -> None:
    call = talking(greeting="Hello")
    assert call << error("server_error", "ask_1") == []
    [again] = call.at(600)
    assert isinstance(again, CreateResponse)
    assert "Hello" in str(again.response)
    assert call << error("server_error", "ask_2") == [HangUp(EndReason.MODEL_GONE)]


def test_a_greeting_that_failed_is_tried_again_in_the_same_words() -> None:
    call = talking(greeting="Hello")
    call << created()
    [again] = call << done(status="failed")
    assert "Hello" in str(again)


def test_an_interrupted_call_is_never_asked_for_even_if_its_answer_missed_the_servers_response() -> None:
    call = talking()
    call << created()
    call << function_call("call_a")
    call << SpeechStarted()
    call << done(status="cancelled")
    call << SpeechStopped(900)
    call << created("resp_2")
    assert call << tool_finished("call_a") == [output(1, "call_a")]
    assert call << done("resp_2") == []
    assert call.at(20_000) == []


def test_a_turn_that_never_ends_does_not_hold_up_a_tools_answer_for_ever() -> None:
    call = talking()
    call << created()
    call << function_call("call_a")
    call << done()
    call << SpeechStarted()
    call << tool_finished("call_a")
    assert call.at(29_000) == []
    assert call.at(31_000) == [asked(1)]


def test_a_response_that_falls_silent_ends_the_call() -> None:
    call = talking()
    call << created()
    call.at(20_000)
    call << delta(20)
    assert call.at(49_000) == []
    assert call.at(51_000)[-1] == HangUp(EndReason.MODEL_STALLED)


def test_a_refusal_of_somebody_elses_request_is_not_ours() -> None:
    call = talking()
    assert call << error(ACTIVE, "other") == []
    assert call << done("resp_1") == []
    assert call.told(CallTrouble) == []


def test_a_greeting_is_not_wanted_any_more_once_the_caller_spoke() -> None:
    call = talking(greeting="Hello")
    call << created("resp_vad")
    call << SpeechStarted()
    call << error(ACTIVE, "ask_1")
    call << SpeechStopped(900)
    call << created("resp_2")
    assert call << done("resp_2") == []


def test_a_response_of_ours_that_begins_while_the_caller_speaks_is_cancelled() -> None:
    call = talking()
    call << created()
    call << function_call("call_a")
    call << done()
    call << tool_finished("call_a")
    call << SpeechStarted()
    assert call << created("resp_2") == [CancelResponse(ResponseId("resp_2"))]
    assert call << delta(200, "item_2", "resp_2") == []


def test_after_a_turn_that_nobody_answers_the_request_goes_out_all_the_same() -> None:
    call = talking()
    call << created()
    call << function_call("call_a")
    call << done()
    call << SpeechStarted()
    call << SpeechStopped(900)
    assert call << tool_finished("call_a") == [output(1, "call_a")]
    assert call.at(3_100) == [asked(1)]


def test_a_model_that_leaves_our_request_unanswered_is_stalled() -> None:
    call = talking(greeting="Hello")
    assert call.at(10_100) == [HangUp(EndReason.MODEL_STALLED)]


@pytest.mark.parametrize("code", ["response_cancel_not_active", "input_audio_buffer_commit_empty"])
def test_errors_that_only_say_we_were_late_are_counted_and_told_to_nobody(code: str) -> None:
    call = talking()
    assert call << error(code) == []
    assert call.told(CallTrouble) == []
    assert call.core.statistics.model_errors == {code: 1}


def test_a_model_with_ever_new_codes_for_its_errors_fills_no_memory() -> None:
    call = talking()
    for number in range(300):
        call << error(f"code_{number}" + "x" * 10_000)
    counted = call.core.statistics.model_errors
    assert (sum(counted.values()), len(counted) <= 101, max(map(len, counted)) <= 64) == (300, True, True)
    assert call.core.statistics.model_failures == 300


def test_another_error_is_told_and_the_call_goes_on() -> None:
    call = talking()
    assert call << error("server_error") == []
    assert [one.code for one in call.told(CallTrouble)] == ["server_error"]


def test_an_account_without_credit_ends_the_call() -> None:
    assert talking() << error("insufficient_quota") == [HangUp(EndReason.MODEL_REFUSED)]


def test_a_failed_response_is_tried_once_more_and_then_the_call_ends() -> None:
    failed = StatusDetails(error=StatusError(code="rate_limit_exceeded", message="slow down"))
    call = talking()
    call << created()
    assert call << done(status="failed", status_details=failed) == [asked(1)]
    call << created("resp_2")
    assert call << done("resp_2", status="failed", status_details=failed) == [HangUp(EndReason.MODEL_GONE)]


def test_more_audio_than_can_ever_be_heard_cancels_the_response() -> None:
    call = talking()
    call << created()
    commands = [one for _ in range(500) for one in call << delta(1000)]
    assert commands.count(CancelResponse(ONE)) == 1
    assert [one.code for one in call.told(CallTrouble)] == ["too_much_audio"]


def test_tokens_are_added_up() -> None:
    call = talking()
    for number in ("resp_1", "resp_2"):
        call << created(number)
        call << done(number, usage=Usage(input_tokens=100, output_tokens=20))
    assert (call.core.statistics.input_tokens, call.core.statistics.output_tokens) == (200, 40)


def test_what_waits_here_goes_out_as_the_caller_hears() -> None:
    call = talking()
    call << created()
    call << delta(5000)
    heard = 0
    for step in range(1, 300):
        call.now = 100.0 + step * 0.020
        sent = [one for one in call << media() if isinstance(one, SendMedia)]
        heard += sum(len(one.payload) for one in sent)
    assert heard >= len(audio(1900))

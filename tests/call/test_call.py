"""Call: setting up, audio both ways, and how a call ends."""

from random import Random
from typing import Any

import pytest

from tests.playbook import (
    PLAN,
    STREAM,
    Playbook,
    answering,
    audio,
    created,
    delta,
    done,
    echo,
    function_call,
    media,
    session_updated,
    talking,
)
from twilio_rt_cli.call.call import Call, CallState
from twilio_rt_cli.call.commands import Command, DialModel, HangUp, SendMark, SendMedia
from twilio_rt_cli.call.events import (
    BadMessage,
    Began,
    EndRequested,
    ModelClosed,
    ModelFailed,
    ModelOpened,
    ModelPaused,
    ModelResumed,
    PhoneClosed,
    PhonePaused,
    PhoneResumed,
    UnknownMessage,
    Woken,
)
from twilio_rt_cli.call.figures.end_reason import EndReason
from twilio_rt_cli.call.notices import BargedIn, CallTrouble, KeyPressed, ModelReady
from twilio_rt_cli.protocol.realtime import ErrorDetails, ErrorReported, ItemId, SpeechStarted, SpeechStopped
from twilio_rt_cli.protocol.realtime_client import (
    AppendAudio,
    CreateItem,
    CreateResponse,
    InputText,
    ResponseOverrides,
    SessionUpdate,
    TruncateItem,
    UserMessage,
)
from twilio_rt_cli.protocol.twilio import (
    AccountSid,
    CallSid,
    Dtmf,
    DtmfDetails,
    Media,
    MediaDetails,
    Start,
    StartDetails,
    Stop,
    StreamSid,
)


def error(code: str, event_id: str | None = None, message: str = "no") -> ErrorReported:
    return ErrorReported(ErrorDetails(message=message, type="invalid_request_error", code=code, event_id=event_id))


def payloads(commands: list[Any]) -> bytes:
    return b"".join(one.payload for one in commands if isinstance(one, AppendAudio | SendMedia))


def passed_or_told(call: Playbook, event: Media) -> list[Command]:
    """As a bridge does it."""
    return [AppendAudio(event.media.payload)] if call.core.passes(event, lambda: call.now) else call << event


def test_a_call_begins_with_the_models_dial_and_a_mark_that_measures_the_round_trip() -> None:
    assert Playbook().began == [DialModel(0), SendMark("probe")]


def test_the_session_is_asked_for_as_soon_as_the_socket_is_open() -> None:
    assert Playbook() << ModelOpened() == [SessionUpdate(PLAN.session, event_id="session_1")]


def test_no_audio_flows_before_the_session_was_agreed_and_then_all_that_was_held() -> None:
    call = Playbook()
    assert call << media() == []
    call << ModelOpened()
    assert call << media() == []
    assert call << session_updated() == [AppendAudio(audio(20)), AppendAudio(audio(20))]
    assert call << media() == [AppendAudio(audio(20))]
    assert len(call.told(ModelReady)) == 1


def test_a_session_that_stayed_on_pcm_ends_the_call_instead_of_sounding_like_static() -> None:
    call = Playbook()
    call << ModelOpened()
    assert call << session_updated("audio/pcm") == [HangUp(EndReason.MODEL_REFUSED)]
    assert "audio/pcm" in call.told(CallTrouble)[0].message


def test_the_agent_greets_first_when_it_has_a_greeting() -> None:
    call = Playbook(greeting="Hello, this is the workshop.")
    call << ModelOpened()
    [asked] = call << session_updated()
    assert isinstance(asked, CreateResponse)
    assert isinstance(asked.response, ResponseOverrides)
    assert "Hello, this is the workshop." in str(asked.response.instructions)


def test_without_a_greeting_the_agent_waits() -> None:
    call = Playbook()
    call << ModelOpened()
    assert call << session_updated() == []


def test_a_refused_transcription_is_left_out_and_the_call_goes_on() -> None:
    session = {"type": "realtime", "audio": {"input": {"transcription": {"model": "gone"}, "format": 1}}}
    call = Playbook(session=session)
    call << ModelOpened()
    without = {"type": "realtime", "audio": {"input": {"format": 1}}}
    assert call << error("invalid_value", "session_1") == [SessionUpdate(without, event_id="session_2")]
    call << session_updated()
    assert call.state is CallState.TALKING
    assert "transcription" in session["audio"]["input"]  # type: ignore[index]  # the plan itself serves other calls


def test_a_session_refused_for_another_reason_ends_the_call() -> None:
    call = Playbook()
    call << ModelOpened()
    assert call << error("unknown_parameter", "session_1") == [HangUp(EndReason.MODEL_REFUSED)]


def test_a_model_that_gives_no_session_in_time_ends_the_call() -> None:
    call = Playbook(model_timeout_s=6.0)
    call << ModelOpened()
    assert call.at(5_900) == []
    assert call.at(6_100) == [HangUp(EndReason.MODEL_UNREACHABLE)]


def test_a_call_begins_once_and_before_its_model_answers() -> None:
    with pytest.raises(AssertionError, match="once"):
        Playbook() << Began()
    with pytest.raises(AssertionError, match="dialled"):
        Call(PLAN, STREAM, 100.0).receive(ModelOpened(), 100.0)


@pytest.mark.parametrize(
    ("failed", "reason"),
    [
        (ModelFailed("refused", refused=True), EndReason.MODEL_REFUSED),
        (ModelFailed("no route"), EndReason.MODEL_UNREACHABLE),
    ],
)
def test_a_model_that_cannot_be_reached_ends_the_call(failed: ModelFailed, reason: EndReason) -> None:
    assert Playbook() << failed == [HangUp(reason)]
    assert reason.failed


def test_caller_audio_goes_on_unchanged() -> None:
    call = talking()
    frame = Media(MediaDetails(b"speak"), STREAM, 7)
    assert call << frame == [AppendAudio(b"speak")]
    assert call.core.statistics.bytes_in == 5


def test_while_the_model_is_stalled_the_newest_audio_is_held_and_the_rest_counted() -> None:
    call = talking(hold_messages=2)
    call << ModelPaused()
    for ms in (10, 20, 30):
        assert call << media(ms) == []
    assert call << ModelResumed() == [AppendAudio(audio(20)), AppendAudio(audio(30))]
    assert call.core.statistics.caller_audio_dropped == 1


def test_agent_audio_goes_on_unchanged() -> None:
    call = talking()
    call << created()
    commands = call << delta(200)
    assert payloads(commands) == audio(200)
    assert call.core.statistics.bytes_out == 1600


def test_agent_audio_waits_here_while_twilio_takes_nothing_and_a_clear_still_goes_out() -> None:
    call = talking()
    call << created()
    call << delta(100)
    call << PhonePaused()
    assert call << delta(200) == []
    assert call << PhoneResumed() != []
    call << PhonePaused()
    assert call << delta(200) == []
    assert [type(one).__name__ for one in call << SpeechStarted()] == ["ClearPlayout", "SendMark"]
    assert call << PhoneResumed() == []


def test_a_flood_of_media_ends_this_call() -> None:
    call = talking()
    for number in range(1, 1001):
        assert passed_or_told(call, media(20, number)) == [AppendAudio(audio(20))]
    assert passed_or_told(call, media(20, 1001)) == [HangUp(EndReason.BAD_MESSAGES, 1008)]


def test_a_burst_that_makes_up_for_a_stall_is_no_flood() -> None:
    call = talking()
    for second in range(1, 30):
        call.now = 100.0 + second
        for _ in range(190):
            call << media()
    assert call.state is CallState.TALKING


def test_holes_in_the_sequence_are_counted() -> None:
    call = talking()
    for number in (3, 4, 7, 8, 10):
        call << media(20, number)
    assert call.core.statistics.media_gaps == 2


@pytest.mark.parametrize(
    "frame",
    [
        Media(MediaDetails(audio(20)), StreamSid("MZother"), 1),
        Media(MediaDetails(b""), STREAM, 1),
        Media(MediaDetails(audio(1001)), STREAM, 1),
    ],
)
def test_media_that_cannot_be_meant_for_us_is_dropped_and_counted(frame: Media) -> None:
    call = talking()
    assert call << frame == []
    assert call.core.statistics.bad_messages_twilio == 1


def test_twenty_bad_messages_are_survived_and_the_next_ends_this_call_only() -> None:
    call = talking()
    for _ in range(20):
        assert call << BadMessage(from_model=False, why="junk") == []
    assert call << BadMessage(from_model=False, why="junk") == [HangUp(EndReason.BAD_MESSAGES, 1008)]


def test_a_model_that_sends_junk_is_a_model_that_is_gone() -> None:
    call = talking()
    for _ in range(20):
        call << BadMessage(from_model=True, why="junk")
    assert call << BadMessage(from_model=True, why="junk") == [HangUp(EndReason.MODEL_GONE)]


def test_unknown_kinds_are_counted_by_name() -> None:
    call = talking()
    for kind in ("new.event", "new.event", "other"):
        call << UnknownMessage(from_model=True, kind=kind)
    assert call.core.statistics.unknown_messages == {"new.event": 2, "other": 1}


def test_a_second_start_is_a_breach() -> None:
    start = Start(STREAM, StartDetails(CallSid("CA1"), AccountSid("AC1")))
    assert talking() << start == [HangUp(EndReason.BAD_MESSAGES, 1008)]


def test_keys_are_told_to_the_model_after_a_pause_and_answered() -> None:
    call = talking()
    for digit in "42":
        assert call << Dtmf(DtmfDetails(digit), STREAM) == []
    item, asked = call.at(1_600)
    assert isinstance(item, CreateItem)
    assert isinstance(item.item, UserMessage)
    assert item.item.content == (InputText("The caller pressed these keys on the phone: 42"),)
    assert isinstance(asked, CreateResponse)
    assert call.told(KeyPressed) == [KeyPressed("42")]


def test_keys_pressed_before_the_session_is_agreed_are_told_afterwards() -> None:
    call = Playbook()
    call << Dtmf(DtmfDetails("7"), STREAM)
    call.at(1_600)
    call << ModelOpened()
    item, asked = call << session_updated()
    assert isinstance(item, CreateItem)
    assert "7" in str(item.item)
    assert isinstance(asked, CreateResponse)


def test_keys_pressed_before_the_session_are_answered_before_the_greeting() -> None:
    call = Playbook(greeting="Hello")
    call << Dtmf(DtmfDetails("7"), STREAM)
    call.at(1_600)
    call << ModelOpened()
    _, asked = call << session_updated()
    assert asked == CreateResponse(event_id="ask_1")
    call << created()
    [greeting] = call << done()
    assert isinstance(greeting, CreateResponse)
    assert isinstance(greeting.response, ResponseOverrides)
    assert "Hello" in str(greeting.response.instructions)


def test_the_hash_key_ends_the_digits_at_once() -> None:
    call = talking()
    call << Dtmf(DtmfDetails("7"), STREAM)
    assert len(call << Dtmf(DtmfDetails("#"), STREAM)) == 2


def test_a_caller_who_hangs_up_ends_the_call_at_once() -> None:
    call = answering(5000)
    assert call << Stop() == [HangUp(EndReason.CALLER_HUNG_UP)]
    assert not EndReason.CALLER_HUNG_UP.failed
    assert call << media() == []


def test_a_phone_socket_that_breaks_is_a_failure() -> None:
    call = talking()
    assert call << PhoneClosed(1006) == [HangUp(EndReason.STREAM_LOST)]
    assert call.core.over(call.now).reason.failed


def test_a_model_that_leaves_in_mid_sentence_lets_the_caller_hear_what_is_there() -> None:
    call = answering(500)
    assert call << ModelClosed(1011, "trouble") == []
    assert call.state is CallState.ENDING
    for name in ("0:160", "0:480", "0:2082", "0:3684"):
        call.now += 0.1
        assert call << echo(name) == []
    call.now += 0.1
    assert call << echo("0:4000") == [HangUp(EndReason.MODEL_GONE)]


def test_the_last_words_have_a_limit() -> None:
    call = answering(60_000)
    call << ModelClosed(1006)
    assert call.at(3_600)[-1] == HangUp(EndReason.MODEL_GONE)


def test_a_caller_who_hangs_up_during_the_last_words_ends_it() -> None:
    call = answering(60_000)
    call << ModelClosed(1006)
    assert call << Stop() == [HangUp(EndReason.MODEL_GONE)]


@pytest.mark.parametrize("code", [3000, 4000])
def test_a_close_with_the_models_own_code_is_a_refusal(code: int) -> None:
    assert talking() << ModelClosed(code) == [HangUp(EndReason.MODEL_REFUSED)]


def test_a_session_that_expired_ends_the_call_with_the_fallback() -> None:
    assert talking() << error("session_expired") == [HangUp(EndReason.MODEL_GONE)]


def test_a_call_has_a_longest_duration() -> None:
    call = talking(max_call_s=60.0)
    assert call.at(59_000) == []
    assert call.at(61_000) == [HangUp(EndReason.TIME_LIMIT)]


def test_somebody_outside_may_end_it() -> None:
    assert talking() << EndRequested(EndReason.DRAINED) == [HangUp(EndReason.DRAINED)]


def test_nothing_is_ordered_after_the_end() -> None:
    call = talking()
    call << Stop()
    for event in (media(), created(), delta(200), ModelClosed(1000), PhoneClosed(1000), echo("probe")):
        assert call << event == []
    assert call.core.deadline() is None


@pytest.mark.parametrize("seed", range(20))
def test_caller_audio_that_passes_is_told_and_counted_as_receive_would_have_done(seed: int) -> None:
    dice = Random(seed)
    short, long = talking(), talking()
    passed = 0
    for number in range(1, 400):
        short.now = long.now = short.now + dice.choice((0.0, 0.02, 0.02, 0.3))
        event = dice.choice(
            (
                *(media(20, number),) * 12,
                media(dice.choice((0, 5, 1500)), number),
                replace_stream(media(20, number)),
                delta(dice.choice((200, 4000))),
                created(),
                SpeechStarted(),
                echo("fence:0"),
                ModelPaused(),
                ModelResumed(),
            )
        )
        orders = long << event
        if isinstance(event, Media) and short.core.passes(event, lambda: short.now):
            passed += 1
            assert orders == [AppendAudio(event.media.payload)]
        else:
            assert short << event == orders
        assert short.core.statistics == long.core.statistics
    assert passed > 5


@pytest.mark.parametrize(("ms", "most_looks_s"), [(20, 0.08), (100, 0.4), (500, 0.5), (1000, 1.0)])
def test_agent_audio_that_waits_goes_on_with_the_callers_though_no_mark_comes_back(
    ms: int, most_looks_s: float
) -> None:
    """A far end that echoes nothing is known as one 2.02 s after the first mark; nothing else moves what waits."""
    call = talking()
    call << created()
    call << delta(30_000)
    went_at_s = 0.0
    for number in range(1, 20_000 // ms):
        call.now = 100.0 + number * ms / 1000
        went = [one for one in passed_or_told(call, media(ms, number)) if isinstance(one, SendMedia)]
        if not went:
            continue
        if went_at_s:
            assert call.now - went_at_s <= 0.2 + most_looks_s + 1e-6
        else:
            assert call.now <= 102.02 + most_looks_s
        went_at_s = call.now
        assert call.core.status(call.now).at_twilio_ms > 3000 - 200
    assert went_at_s


def test_while_a_cut_is_open_the_callers_audio_settles_which_marks_were_played() -> None:
    call = answering(1000)
    call.now += 0.1
    for _ in range(2):  # so that the next one is none of those that look anyway
        call << media()
    call << SpeechStarted()
    for name in ("0:160", "0:480"):
        call << echo(name)
    assert passed_or_told(call, media(20, 1)) == [AppendAudio(audio(20))]
    call << echo("0:2082")  # flushed: no audio lies between it and the fence
    assert call << echo("fence:0") == [TruncateItem(ItemId("item_1"), 60)]


@pytest.mark.parametrize("agreed", [True, False])
def test_audio_that_was_held_or_dropped_is_none_that_the_model_has_heard(agreed: bool) -> None:
    call = talking(hold_messages=2) if agreed else Playbook(hold_messages=2)
    call << ModelPaused()
    for _ in range(5):
        call << media(20)
    if not agreed:
        call << ModelOpened()
    call << ModelResumed()
    if not agreed:
        call << session_updated()  # either way two messages have gone to the model
    call << created()
    call << delta(1000)
    call << media(20)
    call << SpeechStarted(audio_start_ms=20)
    call << echo("fence:0")
    [barge_in] = call.told(BargedIn)
    assert barge_in.stop_ms == pytest.approx(40)


def replace_stream(event: Media) -> Media:
    return Media(event.media, StreamSid("MZother"), event.sequence_number)


def test_what_goes_on_is_seen_at_a_glance() -> None:
    call = Playbook()
    assert call.core.status(call.now).state == "connecting"
    call = talking()
    assert call.core.status(call.now).state == "listening"
    call << SpeechStarted()
    assert call.core.status(call.now).state == "caller"
    call << SpeechStopped()
    assert call.core.status(call.now).state == "thinking"
    call << created()
    assert call.core.status(call.now).state == "thinking"
    call << function_call("call_a", "look_up")
    assert call.core.status(call.now).state == "tool:look_up"
    call << delta(5000)
    status = call.core.status(call.now)
    assert (status.state, status.buffered_ms, status.at_twilio_ms, status.overdue_ms) == ("speaking", 5000, 3000, 0)
    call.now += 1.0
    status = call.core.status(call.now)
    assert (status.buffered_ms, status.overdue_ms) == (4980, 980)  # no mark came back: 20 ms count as heard
    call << ModelClosed(1006)
    assert call.core.status(call.now).state == "ending"
    call << Stop()
    assert call.core.status(call.now).state == "over"


def test_a_mark_that_comes_back_late_is_counted() -> None:
    call = answering(1000)
    call.now += 0.02025
    call << echo("0:160")
    call.now += 0.040 + 0.120
    call << echo("0:480")
    counted = call.core.statistics
    assert counted.playout_lag_ms == pytest.approx(120, abs=1)
    call.now += 0.200
    call << echo("0:2082")
    assert counted.playout_lag_ms == pytest.approx(0, abs=1)
    assert counted.playout_lag_max_ms == pytest.approx(120, abs=1)
    assert sum(counted.mark_lag.counts) == 3
    assert counted.mark_lag.total_s == pytest.approx(0.120, abs=0.002)
    assert counted.round_trip_ms == 0


def test_a_hole_in_the_streams_time_is_a_gap_and_one_in_the_numbers_too_is_still_one() -> None:
    call = talking()
    frames = [(1, 5), (2, 25), (3, 65), (4, 85), (6, 125), (7, 145), (9, 165), (10, 100), (11, 120)]
    for number, timestamp_ms in frames:
        event = Media(MediaDetails(audio(20), timestamp_ms), STREAM, number)
        if not call.core.passes(event, lambda: call.now):
            call << event
    assert call.core.statistics.media_gaps == 3
    assert call.core.statistics.frames_in == len(frames)


def test_an_operator_who_hangs_up_waits_for_nothing() -> None:
    call = answering(60_000)
    assert call << EndRequested(EndReason.OPERATOR) == [HangUp(EndReason.OPERATOR)]
    assert call.state is CallState.OVER


def test_a_call_that_ends_in_the_moment_in_which_its_model_stalls_ends_once() -> None:
    call = talking(greeting="Hello", max_call_s=15)
    call.now += 20  # the loop was late, and both are due
    assert call << Woken() == [HangUp(EndReason.TIME_LIMIT)]
    assert call.state is CallState.OVER


def test_a_drained_call_stays_that_though_the_model_stalls_while_the_last_words_are_heard() -> None:
    call = talking(greeting="Hello")
    call << delta(1000, response="resp_9")
    assert call << EndRequested(EndReason.DRAINED) == []
    call.now += 20
    assert call << Woken() == [HangUp(EndReason.DRAINED)]

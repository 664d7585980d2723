"""The way to the model: its states, its session, and what waits while it takes nothing."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from tests.playbook import PLAN, session_updated
from twilio_rt_cli.call.commands import DialModel
from twilio_rt_cli.call.events import ModelClosed, ModelFailed, ModelOpened, ModelPaused, ModelResumed
from twilio_rt_cli.call.figures.end_reason import Ending, EndReason
from twilio_rt_cli.call.figures.statistics import CallStatistics
from twilio_rt_cli.call.model_link import LinkState, ModelLink
from twilio_rt_cli.call.notices import CallTrouble
from twilio_rt_cli.protocol.realtime import ErrorDetails
from twilio_rt_cli.protocol.realtime_client import AppendAudio, SessionUpdate


def new(hold_messages: int = 64, **session: Any) -> ModelLink:
    plan = replace(PLAN, hold_messages=hold_messages, session=session or PLAN.session)
    return ModelLink(plan, CallStatistics(), 100.0)


def configuring(**options: Any) -> ModelLink:
    link = new(**options)
    assert link.dial() == DialModel(0)
    assert [type(one) for one in ordered(link.socket(ModelOpened()))] == [SessionUpdate]
    return link


def up(**options: Any) -> ModelLink:
    link = configuring(**options)
    assert link.agree(session_updated()) == []
    return link


def ordered(answer: Any) -> Sequence[Any]:
    assert not isinstance(answer, Ending)
    return list(answer)


def come(link: ModelLink, *payloads: bytes) -> None:
    """Caller audio that is counted, and cannot be written."""
    for payload in payloads:
        link.statistics.bytes_in += len(payload)
        link.hold(payload)


def error(name: str, event_id: str | None = None) -> ErrorDetails:
    return ErrorDetails(message="no", code=name, event_id=event_id)


def test_it_takes_audio_once_the_session_is_agreed() -> None:
    link = new()
    seen = [(link.state, link.takes_audio)]
    for step in (link.dial, lambda: link.socket(ModelOpened()), lambda: link.agree(session_updated()), link.end):
        step()
        seen.append((link.state, link.takes_audio))
    assert seen == [
        (LinkState.NEW, False),
        (LinkState.DIALLING, False),
        (LinkState.CONFIGURING, False),
        (LinkState.UP, True),
        (LinkState.ENDED, False),
    ]


def test_a_call_begins_once() -> None:
    link = new()
    link.dial()
    with pytest.raises(AssertionError, match="once"):
        link.dial()


def test_a_socket_that_nobody_dialled_cannot_open() -> None:
    with pytest.raises(AssertionError, match="dialled"):
        new().socket(ModelOpened())


def test_a_session_that_comes_again_says_nothing_new() -> None:
    assert up().agree(session_updated()) is None
    assert new().agree(session_updated()) is None


def test_a_session_of_another_format_is_the_end() -> None:
    answer = configuring().agree(session_updated("audio/pcm"))
    assert answer == Ending(EndReason.MODEL_REFUSED, "the session's input audio is audio/pcm, not audio/pcmu")


def test_what_came_before_the_session_is_written_when_it_is_agreed() -> None:
    link = configuring()
    come(link, b"one", b"three")
    assert link.appended == 0
    assert link.agree(session_updated()) == [AppendAudio(b"one"), AppendAudio(b"three")]
    assert link.appended == 8


def test_a_model_that_is_paused_when_it_agrees_gets_it_when_it_takes_data_again() -> None:
    link = configuring()
    come(link, b"one")
    link.socket(ModelPaused())
    assert link.agree(session_updated()) == ()
    assert not link.takes_audio
    assert ordered(link.socket(ModelResumed())) == [AppendAudio(b"one")]
    assert link.takes_audio


def test_the_oldest_of_what_waits_goes_first_and_is_never_heard_by_the_model() -> None:
    link = up(hold_messages=2)
    link.socket(ModelPaused())
    come(link, b"1", b"22", b"333")
    assert link.statistics.caller_audio_dropped == 1
    assert ordered(link.socket(ModelResumed())) == [AppendAudio(b"22"), AppendAudio(b"333")]
    assert (link.statistics.bytes_in, link.appended) == (6, 5)


def test_an_ending_call_keeps_nothing_for_the_model() -> None:
    link = up()
    link.socket(ModelPaused())
    come(link, b"1")
    link.end()
    come(link, b"22")
    assert ordered(link.socket(ModelResumed())) == []
    assert (link.appended, link.takes_audio) == (0, False)
    link.end()  # a call may be broken off while it ends
    assert link.state is LinkState.ENDED


def test_a_session_is_overdue_until_it_is_agreed() -> None:
    link = configuring()
    due_at = link.deadline()
    assert due_at == 100.0 + PLAN.model_timeout_s
    assert link.wake(due_at - 0.001) is None
    assert link.wake(due_at) == Ending(EndReason.MODEL_UNREACHABLE, "the model gave no session in time")
    link.agree(session_updated())
    assert (link.deadline(), link.wake(due_at)) == (None, None)


@pytest.mark.parametrize(
    ("event", "reason", "why"),
    [
        (ModelFailed("no route"), EndReason.MODEL_UNREACHABLE, "no route"),
        (ModelFailed("a bad key", refused=True), EndReason.MODEL_REFUSED, "a bad key"),
        (ModelClosed(1006), EndReason.MODEL_GONE, "the model closed with 1006"),
        (ModelClosed(3000, "invalid_api_key"), EndReason.MODEL_REFUSED, "the model closed with 3000 invalid_api_key"),
    ],
)
def test_how_the_way_ends(event: ModelFailed | ModelClosed, reason: EndReason, why: str) -> None:
    assert up().socket(event) == Ending(reason, why)


def test_a_refused_session_is_asked_for_again_without_the_transcription_and_then_given_up() -> None:
    session = {"audio": {"input": {"transcription": {"model": "whisper"}}}}
    link = configuring(**session)
    trouble, again = ordered(link.refused(error("invalid_value", "session_1")))
    assert isinstance(trouble, CallTrouble)
    assert again == SessionUpdate({"audio": {"input": {}}}, event_id="session_2")
    assert link.refused(error("invalid_value", "session_2")) == Ending(EndReason.MODEL_REFUSED, "no")


def test_a_hopeless_error_is_not_tried_again() -> None:
    link = configuring(audio={"input": {"transcription": {"model": "whisper"}}})
    assert link.refused(error("insufficient_quota", "session_1")) == Ending(EndReason.MODEL_REFUSED, "no")


def test_an_expired_session_is_the_end_and_any_other_error_is_not_about_the_session() -> None:
    assert up().refused(error("session_expired")) == Ending(EndReason.MODEL_GONE, "no")
    assert up().refused(error("insufficient_quota")) is None

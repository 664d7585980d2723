import pytest

from tests.server.world import ACCOUNT, STREAM, call_sid, config
from twilio_rt_cli.call.figures.end_reason import EndReason
from twilio_rt_cli.protocol.twilio import PROBE_CALL_SID
from twilio_rt_cli.server.admission.notices import Refusal
from twilio_rt_cli.server.admission.registry import CallStage, HungUp, IncomingCall, LiveCall, Registry, is_sid


class Runner:
    """Somebody who runs a call, and only notes that it was told to end."""

    def __init__(self) -> None:
        self.told: list[EndReason] = []

    def end(self, reason: EndReason) -> None:
        self.told.append(reason)


def incoming(number: int = 1) -> IncomingCall:
    return IncomingCall(call_sid=call_sid(number), account_sid=ACCOUNT)


def registry(**changes: int) -> Registry:
    return Registry(config(**changes))


def connected(book: Registry, number: int = 1, now: float = 0.0) -> LiveCall:
    token = book.admit(incoming(number), now)
    live = book.redeem(token, now)
    assert live is not None
    return live


def talking(book: Registry, number: int = 1, now: float = 0.0) -> tuple[LiveCall, Runner]:
    live, runner = connected(book, number, now), Runner()
    book.stream_started(live, runner)
    return live, runner


def test_a_token_is_good_once() -> None:
    book = registry()
    token = book.admit(incoming(), 0.0)
    assert not isinstance(token, Refusal)
    assert len(token) >= 32
    assert book.knows(token)
    live = book.redeem(token, 1.0)
    assert live is not None
    assert live.incoming == incoming()
    assert not book.knows(token)
    assert book.redeem(token, 1.0) is None
    assert book.redeem("nobody's", 1.0) is None


def test_a_token_expires_with_its_place() -> None:
    book = registry()
    token = book.admit(incoming(), 0.0)
    assert book.redeem(token, 60.0) is None
    book.sweep(59.9)
    assert (book.places, book.tokens) == (1, 1)
    assert book.sweep(60.0) == []
    assert (book.places, book.tokens) == (0, 0)
    assert book.how_it_ended(call_sid()) is EndReason.STREAM_LOST


def test_a_call_answered_again_keeps_its_token_and_its_one_place() -> None:
    book = registry()
    token = book.admit(incoming(), 0.0)
    assert book.admit(incoming(), 5.0) == token
    live = book.redeem(token, 6.0)
    assert book.admit(incoming(), 7.0) == token
    assert live is not None
    book.stream_started(live, Runner())
    assert book.admit(incoming(), 8.0) == token
    assert book.places == 1
    assert book.redeem(token, 9.0) is None


def test_above_the_limit_callers_are_refused_until_a_place_is_free() -> None:
    book = registry(limit_concurrency=2)
    live, _ = talking(book, 1)
    talking(book, 2)
    assert book.admit(incoming(3), 0.0) is Refusal.BUSY
    assert book.admit(incoming(1), 0.0) == live.token
    assert book.admit_nameless(0.0) is Refusal.BUSY
    book.stream_over(live, EndReason.CALLER_HUNG_UP, 1.0)
    assert not isinstance(book.admit(incoming(3), 1.0), Refusal)


def test_the_callers_hang_up_ends_a_call_at_once() -> None:
    book = registry()
    live, _ = talking(book)
    book.stream_over(live, EndReason.CALLER_HUNG_UP, 1.0)
    assert book.places == 0
    assert book.how_it_ended(call_sid()) is EndReason.CALLER_HUNG_UP


def test_after_our_close_a_call_lives_until_its_tail_was_asked_or_five_seconds() -> None:
    book = registry()
    live, _ = talking(book)
    book.stream_over(live, EndReason.AGENT_HUNG_UP, 10.0)
    book.sweep(14.9)
    assert (book.places, live.stage) == (1, CallStage.CLOSING)
    book.sweep(15.0)
    assert book.places == 0
    assert book.how_it_ended(call_sid()) is EndReason.AGENT_HUNG_UP


def test_the_end_of_a_stream_is_told_once_to_who_waits_for_it() -> None:
    book = registry()
    live, _ = talking(book)
    told: list[str] = []
    live.waiting.append(lambda: told.append("over"))
    book.stream_over(live, EndReason.MODEL_GONE, 1.0)
    book.stream_over(live, EndReason.CALLER_HUNG_UP, 1.0)
    book.finish(live, EndReason.MODEL_GONE, 2.0)
    assert told == ["over"]
    assert book.how_it_ended(call_sid()) is EndReason.MODEL_GONE


def test_a_call_that_lost_its_socket_and_says_nothing_is_written_off() -> None:
    book = registry()
    live, _ = talking(book)
    book.sweep(100_000.0)
    assert book.places == 1
    book.socket_lost(live, 100_000.0)
    assert book.sweep(100_009.0) == []
    assert book.sweep(100_010.0) == [live]
    assert book.places == 0
    assert book.how_it_ended(call_sid()) is EndReason.INTERNAL_ERROR


def test_a_connected_socket_that_nobody_watches_is_written_off() -> None:
    book = registry()
    live = connected(book)
    assert book.sweep(14.9) == []
    assert book.sweep(15.0) == [live]


def test_twilio_says_that_the_call_is_completed() -> None:
    book = registry()
    _, runner = talking(book, 1)
    book.admit(incoming(2), 0.0)
    live, _ = talking(book, 3)
    book.stream_over(live, EndReason.MODEL_GONE, 0.0)
    for number in (1, 2, 3, 4):
        book.completed(call_sid(number), 1.0)
    assert runner.told == [EndReason.CALLER_HUNG_UP]
    assert book.places == 1  # the bridge says when
    assert (book.how_it_ended(call_sid(2)), book.how_it_ended(call_sid(3))) == (
        EndReason.CALLER_HUNG_UP,
        EndReason.MODEL_GONE,
    )


def test_a_completed_call_that_was_ending_already_frees_its_place_with_its_stream() -> None:
    book = registry()
    live, _ = talking(book)
    book.completed(call_sid(1), 1.0)
    assert book.places == 1
    book.stream_over(live, EndReason.MODEL_GONE, 1.1)
    assert book.places == 0
    assert book.how_it_ended(call_sid()) is EndReason.MODEL_GONE


def test_a_failed_stream_frees_the_place_only_if_it_never_came() -> None:
    book = registry()
    token = book.admit(incoming(1), 0.0)
    talking(book, 2)
    for number in (1, 2, 3):
        book.stream_failed(call_sid(number), 1.0)
    assert book.places == 1
    assert book.redeem(str(token), 1.0) is None
    assert book.how_it_ended(call_sid(1)) is EndReason.STREAM_LOST


def test_a_probe_has_a_token_but_no_place_and_no_memory() -> None:
    book = registry(limit_concurrency=1)
    talking(book, 1)
    probe = IncomingCall(call_sid=PROBE_CALL_SID, account_sid=ACCOUNT)
    first, second = book.admit(probe, 0.0), book.admit(probe, 0.0)
    assert first != second
    live = book.redeem(str(first), 1.0)
    assert live is not None
    assert book.places == 1
    book.stream_over(live, EndReason.PROBE, 1.0)
    book.sweep(60.0)
    assert (book.tokens, book.how_it_ended(PROBE_CALL_SID)) == (0, None)


def test_a_socket_without_token_is_named_by_its_start() -> None:
    book = registry()
    live = book.admit_nameless(0.0)
    assert isinstance(live, LiveCall)
    assert book.places == 1
    assert book.identify(live, incoming(), 0.0)
    assert book.find(call_sid()) is live
    second = book.admit_nameless(0.0)
    assert isinstance(second, LiveCall)
    assert not book.identify(second, incoming(), 0.0)


@pytest.mark.parametrize("stage", [CallStage.ANSWERED, CallStage.CLOSING])
def test_a_socket_without_token_may_be_the_one_that_an_answered_call_waits_for(stage: CallStage) -> None:
    book = registry()
    if stage is CallStage.ANSWERED:
        book.admit(incoming(), 0.0)
    else:
        book.stream_over(talking(book)[0], EndReason.MODEL_GONE, 0.0)
    live = book.admit_nameless(0.0)
    assert isinstance(live, LiveCall)
    assert book.identify(live, incoming(), 0.0)
    assert (book.places, book.tokens) == (1, 0)


def test_a_nameless_socket_that_goes_frees_its_place() -> None:
    book = registry()
    live = book.admit_nameless(0.0)
    assert isinstance(live, LiveCall)
    book.stream_over(live, EndReason.STREAM_LOST, 1.0)
    assert book.places == 0


def test_a_drain_takes_no_new_call_and_waits_ten_seconds_for_answered_ones() -> None:
    book = registry()
    late, too_late = book.admit(incoming(1), 0.0), book.admit(incoming(2), 0.0)
    talking(book, 3)
    book.drain(20.0)
    assert book.admit(incoming(4), 20.0) is Refusal.DRAINING
    assert book.admit_nameless(20.0) is Refusal.DRAINING
    assert book.admit(incoming(1), 21.0) == late
    assert book.redeem(str(late), 29.9) is not None
    assert book.redeem(str(too_late), 30.0) is None
    book.sweep(30.0)
    assert book.places == 2


def test_a_drain_does_not_lengthen_a_tokens_life() -> None:
    book = registry()
    book.admit(incoming(1), 0.0)
    book.drain(55.0)
    book.sweep(60.0)
    assert book.places == 0


def test_ending_all_tells_those_who_run_a_call_and_forgets_the_others() -> None:
    book = registry()
    _, runner = talking(book, 1)
    book.admit(incoming(2), 0.0)
    closing, _ = talking(book, 3)
    book.stream_over(closing, EndReason.AGENT_HUNG_UP, 0.0)
    book.end_all(EndReason.DRAINED, 1.0)
    assert runner.told == [EndReason.DRAINED]
    assert (book.places, closing.stage) == (2, CallStage.CLOSING)


def test_how_calls_ended_is_remembered_for_a_while_and_not_without_bound() -> None:
    book = registry()
    for number in range(1, 5003):
        book.stream_over(talking(book, number)[0], EndReason.CALLER_HUNG_UP, float(number))
    assert book.how_it_ended(call_sid(2)) is None
    assert book.how_it_ended(call_sid(3)) is EndReason.CALLER_HUNG_UP
    book.sweep(604.0)
    assert book.how_it_ended(call_sid(3)) is None
    assert book.how_it_ended(call_sid(4)) is EndReason.CALLER_HUNG_UP


@pytest.mark.parametrize(
    ("text", "right"),
    [("CA" + "0" * 32, True), ("CAtest-1", True), ("", False), ("a b", False), ("a\nb", False), ("x" * 65, False)],
)
def test_what_may_stand_as_a_sid(text: str, right: bool) -> None:
    assert is_sid(text) is right


def test_a_talking_call_is_told_that_an_operator_hangs_up() -> None:
    book = registry()
    live, runner = talking(book)
    assert book.hang_up(call_sid(), 1.0) is HungUp.DONE
    assert book.hang_up(call_sid(), 1.5) is HungUp.ENDING
    assert runner.told == [EndReason.OPERATOR]
    book.stream_over(live, EndReason.OPERATOR, 2.0)
    assert book.hang_up(call_sid(), 3.0) is HungUp.ENDING
    book.finish(live, EndReason.OPERATOR, 4.0)
    assert book.hang_up(call_sid(), 5.0) is HungUp.UNKNOWN


def test_a_call_that_only_has_a_token_is_over_when_an_operator_hangs_up() -> None:
    book = registry()
    token = book.admit(incoming(), 0.0)
    assert isinstance(token, str)
    assert book.hang_up(call_sid(), 1.0) is HungUp.DONE
    assert book.redeem(token, 2.0) is None
    assert (book.places, book.how_it_ended(call_sid())) == (0, EndReason.OPERATOR)


def test_the_stream_of_a_call_is_known_from_its_start_until_it_is_forgotten() -> None:
    book = registry()
    assert book.stream_of(call_sid()) == ""
    live, _ = talking(book)
    assert book.stream_of(call_sid()) == ""
    live.stream_sid = STREAM
    assert book.stream_of(call_sid()) == STREAM
    book.finish(live, EndReason.CALLER_HUNG_UP, 1.0)
    assert book.stream_of(call_sid()) == STREAM
    book.sweep(1000.0)
    assert book.stream_of(call_sid()) == ""

import logging

import pytest

from tests.server.admission.test_registry import Runner, connected, registry, talking
from tests.server.world import config
from twilio_rt_cli.call.figures.end_reason import EndReason
from twilio_rt_cli.server.admission.notices import Draining, ServerNotice
from twilio_rt_cli.server.admission.registry import LiveCall, Registry
from twilio_rt_cli.server.drain import Drain


class Stopping:
    """A book of calls with its drain, and what people hear of it."""

    def __init__(self, **changes: float) -> None:
        self.book: Registry = registry()
        self.heard: list[ServerNotice] = []
        self.drain = Drain(config(drain_s=600.0, tail_s=30.0, **changes), self.book, self.heard.append)

    def call(self, number: int = 1) -> tuple[LiveCall, Runner]:
        return talking(self.book, number)


def test_with_no_call_on_the_line_it_is_over_at_once() -> None:
    stopping = Stopping()
    stopping.drain.look(100.0)
    assert not stopping.drain.over.is_set()
    stopping.drain.ask(100.0)
    assert stopping.heard == [Draining(0, 600.0)]
    assert stopping.drain.over.is_set()
    assert not stopping.drain.forced


def test_it_takes_no_new_calls_and_waits_for_the_last_one() -> None:
    stopping = Stopping()
    live, runner = stopping.call()
    stopping.drain.ask(100.0)
    assert (stopping.heard, stopping.book.draining) == ([Draining(1, 600.0)], True)
    stopping.drain.look(699.0)
    assert (runner.told, stopping.drain.over.is_set()) == ([], False)
    stopping.book.stream_over(live, EndReason.CALLER_HUNG_UP, 699.5)
    stopping.drain.look(699.6)
    assert stopping.drain.over.is_set()


def test_at_the_deadline_calls_are_ended_and_may_still_say_goodbye() -> None:
    stopping = Stopping()
    live, runner = stopping.call()
    stopping.drain.ask(100.0)
    stopping.drain.look(700.0)
    assert (set(runner.told), stopping.drain.over.is_set()) == ({EndReason.DRAINED}, False)
    stopping.book.stream_over(live, EndReason.DRAINED, 702.0)
    stopping.drain.look(702.0)  # `/stream-ended` may follow
    assert not stopping.drain.over.is_set()
    stopping.book.finish(live, EndReason.DRAINED, 703.0)
    stopping.drain.look(703.0)
    assert stopping.drain.over.is_set()


def test_a_call_that_does_not_end_holds_nothing_up_for_long() -> None:
    stopping = Stopping()
    stopping.call()
    stopping.drain.ask(100.0)
    stopping.drain.look(734.9)
    assert not stopping.drain.over.is_set()
    stopping.drain.look(735.0)  # 600 s, the tail, and five for last words
    assert stopping.drain.over.is_set()


def test_asked_twice_it_is_over_now(caplog: pytest.LogCaptureFixture) -> None:
    stopping = Stopping()
    stopping.call(1)
    connected(stopping.book, 2)
    with caplog.at_level(logging.WARNING):
        stopping.drain.ask(100.0)
        stopping.drain.ask(101.0)
        stopping.drain.ask(102.0)
    assert [one.getMessage() for one in caplog.records] == ["second signal: ending 2 calls now"]
    assert (stopping.drain.over.is_set(), stopping.drain.forced) == (True, True)
    assert stopping.heard == [Draining(2, 600.0)]


def test_without_time_to_drain_calls_end_at_once() -> None:
    book, heard = registry(), list[ServerNotice]()
    _, runner = talking(book)
    drain = Drain(config(drain_s=0.0), book, heard.append)
    drain.ask(100.0)
    assert (runner.told, drain.over.is_set()) == ([EndReason.DRAINED], True)

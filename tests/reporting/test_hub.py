"""Everybody who listens hears the same, at the same time, without secrets; a listener that fails hurts nobody."""

import logging

import pytest

from twilio_rt_cli.call.notices import CallerTurn, CallTrouble, Notice
from twilio_rt_cli.output.redaction import Redactor
from twilio_rt_cli.protocol.twilio import CallSid, StreamSid
from twilio_rt_cli.reporting.hub import Hub
from twilio_rt_cli.server.admission.notices import CallStarted, Draining, ServerNotice

CALL = CallSid("CA" + "1" * 32)
STREAM = StreamSid("MZ" + "2" * 32)
SECRET = "sk-proj-0123456789abcdef"


class Ear:
    def __init__(self, *, fails: bool = False) -> None:
        self.heard: list[tuple[float, str, Notice | ServerNotice]] = []
        self._fails = fails

    def on_call(self, at: float, call_sid: CallSid, notice: Notice) -> None:
        self._hear(at, call_sid, notice)

    def on_server(self, at: float, notice: ServerNotice) -> None:
        self._hear(at, "", notice)

    def _hear(self, at: float, call_sid: str, notice: Notice | ServerNotice) -> None:
        if self._fails:
            raise ValueError("a listener's bug")
        self.heard.append((at, call_sid, notice))


def test_all_hear_the_same() -> None:
    times = iter((1.0, 2.0))
    first, second = Ear(), Ear()
    hub = Hub(Redactor(), [first, second], clock=lambda: next(times))
    hub.publisher_for(CALL)(CallerTurn("Hi."))
    hub.publish_server(Draining(1, 600.0))
    assert first.heard == second.heard == [(1.0, CALL, CallerTurn("Hi.")), (2.0, "", Draining(1, 600.0))]


def test_secrets_are_hidden_before_anybody_hears() -> None:
    ear = Ear()
    hub = Hub(Redactor((SECRET,)), [ear])
    hub.publish_call(CALL, CallTrouble("model", "invalid_api_key", f"no such key: {SECRET}"))
    assert SECRET not in repr(ear.heard)


def test_a_listener_that_fails_is_logged_with_the_call_and_the_others_hear(caplog: pytest.LogCaptureFixture) -> None:
    ear = Ear()
    hub = Hub(Redactor(), [Ear(fails=True), ear])
    with caplog.at_level(logging.ERROR):
        hub.publish_server(CallStarted(CALL, STREAM, "", ""))
        hub.publish_call(CALL, CallerTurn("Hi."))
        hub.publish_server(Draining(1, 600.0))
    assert len(ear.heard) == 3
    sids = [(getattr(one, "call", None), getattr(one, "stream", None)) for one in caplog.records]
    assert sids == [(CALL, STREAM), (CALL, STREAM), (None, None)]

"""One line per event, in the form that was asked for."""

import io
import json
import os
import sys
from functools import partial

import pytest

from twilio_rt_cli.call.notices import CallerTurn
from twilio_rt_cli.output.redaction import Redactor
from twilio_rt_cli.protocol.twilio import CallSid
from twilio_rt_cli.reporting.reporter import Form, Reporter, form_for
from twilio_rt_cli.server.admission.notices import CallRefused, Draining, Refusal

CALL = CallSid("CA" + "1" * 28 + "9f2a")


def told(form: Form, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a short life of a server prints."""
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    with Reporter(form, Redactor(), clock=lambda: 0.0) as reporter:
        reporter.ready("http://127.0.0.1:5001", None, "http://127.0.0.1:5002")
        reporter.on_call(0.0, CALL, CallerTurn("Hi."))
        reporter.on_server(0.0, CallRefused(Refusal.BUSY, CALL))
        reporter.on_server(0.0, Draining(1, 600.0))
        reporter.stopped()
    return out.getvalue().splitlines()


def test_json_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = told(Form.JSON, monkeypatch)
    assert lines[0] == (
        '{"v":1,"ts":"1970-01-01T00:00:00.000Z","type":"server.ready","url":"http://127.0.0.1:5001",'
        f'"public_url":null,"admin_url":"http://127.0.0.1:5002","pid":{os.getpid()}}}'
    )
    assert [json.loads(line)["type"] for line in lines] == [
        "server.ready",
        "call.turn",
        "call.refused",
        "server.draining",
        "server.stopped",
    ]


def test_plain_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = told(Form.PLAIN, monkeypatch)
    where = "url=http://127.0.0.1:5001 admin_url=http://127.0.0.1:5002"
    assert lines[0] == f"1970-01-01T00:00:00.000Z server.ready {where} pid={os.getpid()}"
    assert lines[1] == f"1970-01-01T00:00:00.000Z call.turn call={CALL} who=caller text=Hi."


def test_a_refusal_is_not_told_again_to_whoever_reads_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    with Reporter(Form.TRANSCRIPT, Redactor(), clock=lambda: 0.0, logged=True) as reporter:
        reporter.on_server(0.0, CallRefused(Refusal.BUSY, CALL))
        reporter.on_server(0.0, Draining(0, 600.0))
    assert [line.split()[1] for line in out.getvalue().splitlines()] == ["stop"]


def test_under_a_live_view_that_nobody_attached_to_no_event_of_a_call_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    heard: list[str] = []
    for attached in (False, True):
        with Reporter(Form.VIEW, Redactor(), clock=lambda: 0.0) as reporter:
            with reporter.overheard_by(lambda _, event: heard.append(event.type), partial(bool, attached)):
                reporter.on_call(0.0, CALL, CallerTurn("Hi."))
                reporter.on_server(0.0, CallRefused(Refusal.BUSY, CALL))
                reporter.number_changed("••••0100", "", "https://x")  # the view itself shows it
            reporter.stopped()  # nobody overhears that any more
    assert heard == ["number.changed", "call.turn", "call.refused", "number.changed"]
    assert out.getvalue() == ""


def test_a_transcript(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [line.partition(" ")[2] for line in told(Form.TRANSCRIPT, monkeypatch)]  # without the local time
    assert lines == [
        "…9f2a  caller   Hi.",
        "…9f2a  refused  all places are taken",
        " stop     no new calls; waiting for 1 call, at most 600 s. Ctrl-C again ends it now",
        " stopped  no call is left",
    ]


@pytest.mark.parametrize(
    ("terminal", "json", "plain", "form"),
    [
        (True, False, False, Form.TRANSCRIPT),
        (True, False, True, Form.PLAIN),
        (True, True, False, Form.JSON),
        (False, False, False, Form.PLAIN),
        (False, True, False, Form.JSON),
    ],
)
def test_the_form(terminal: bool, json: bool, plain: bool, form: Form, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", Terminal() if terminal else io.StringIO())
    assert form_for(json=json, plain=plain) is form


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True

"""Log lines: three forms, the SIDs on each, nothing secret in any."""

import io
import json
import logging
import re
import sys
import threading
from collections.abc import Callable
from contextvars import Context

import pytest

from twilio_rt_cli.output.call_context import context_of
from twilio_rt_cli.output.logs import log_lines, logfmt
from twilio_rt_cli.protocol.twilio import CallSid, StreamSid

CALL = {"call": "CA1", "stream": "MZ1"}


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().err.splitlines()


def test_logfmt_carries_both_sids(capsys: pytest.CaptureFixture[str]) -> None:
    with log_lines(log_format="logfmt"):
        logging.getLogger("twilio_rt.bridge").info("socket %s", "open", extra=CALL)
    (line,) = lines(capsys)
    assert re.fullmatch(r'ts=\S+Z level=info logger=twilio_rt\.bridge msg="socket open" call=CA1 stream=MZ1', line)


def test_json_is_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    with log_lines(log_format="json"):
        try:
            raise ValueError("née")
        except ValueError:
            logging.getLogger("twilio_rt.bridge").exception("it failed", extra=CALL)
    (line,) = lines(capsys)
    told = json.loads(line)
    assert told.pop("ts").endswith("Z")
    assert told.pop("exception").splitlines()[-1] == "ValueError: née"
    assert told == {"level": "error", "logger": "twilio_rt.bridge", "msg": "it failed", "call": "CA1", "stream": "MZ1"}


def test_pretty_lines_are_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    with log_lines(log_format="pretty"):
        logging.getLogger("twilio_rt.bridge").warning("a\x1b[2Jb", extra=CALL)
    (line,) = lines(capsys)
    assert re.fullmatch(r"\d\d:\d\d:\d\d warning  bridge a\\x1b\[2Jb call=CA1 stream=MZ1", line)


@pytest.mark.parametrize("log_format", ["pretty", "logfmt", "json"])
def test_a_line_of_a_stranger_is_about_the_call_it_runs_for(
    log_format: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def work(about: dict[str, str]) -> None:
        logging.getLogger("somebodys.tool").warning("busy", extra=about)

    context = context_of(CallSid("CA7"), StreamSid("MZ7"))
    with log_lines(log_format=log_format):
        context.run(work, {})
        threading_run(context.copy(), work)
        context.run(work, {"call": "CA7"})
        context.run(work, {"call": "CA8"})
        work({})
    told = [tuple(re.findall(r"(?:CA|MZ)\d", line)) for line in lines(capsys)]
    assert told == [("CA7", "MZ7"), ("CA7", "MZ7"), ("CA7", "MZ7"), ("CA8",), ()]


def threading_run(context: Context, work: Callable[[dict[str, str]], None]) -> None:
    thread = threading.Thread(target=context.run, args=(work, {}))
    thread.start()
    thread.join()


@pytest.mark.parametrize(("terminal", "start"), [(True, r"\d\d:\d\d:\d\d "), (False, "ts=")])
def test_without_a_format_a_terminal_gets_pretty_lines_and_a_file_logfmt(
    terminal: bool, start: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stream(io.StringIO):
        def isatty(self) -> bool:
            return terminal

    monkeypatch.setenv("NO_COLOR", "1")
    stream = Stream()
    monkeypatch.setattr(sys, "stderr", stream)
    with log_lines():
        logging.getLogger("twilio_rt").info("x")
    assert re.match(start, stream.getvalue())


def test_a_terminal_gets_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stream(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    stream = Stream()
    monkeypatch.setattr(sys, "stderr", stream)
    with log_lines():
        logging.getLogger("twilio_rt").error("x")
    assert "\x1b[31merror" in stream.getvalue()


def test_nothing_secret_and_no_whole_number_is_logged(capsys: pytest.CaptureFixture[str]) -> None:
    secret = "0123456789abcdef0123456789abcdef"
    with log_lines(log_format="json", secrets=[secret]):
        logging.getLogger("twilio_rt").info("%s called /media-stream/%s with %s", "+14155550142", "tok", secret)
    assert json.loads(lines(capsys)[0])["msg"] == "••••0142 called /media-stream/… with 01234567…cdef"


def test_numbers_are_shown_on_request(capsys: pytest.CaptureFixture[str]) -> None:
    with log_lines(log_format="json", show_numbers=True):
        logging.getLogger("twilio_rt").info("+14155550142")
    assert json.loads(lines(capsys)[0])["msg"] == "+14155550142"


@pytest.mark.parametrize(
    ("level", "ours", "sockets", "others"),
    [("debug", True, True, False), ("info", True, False, False), ("error", False, False, False)],
)
def test_libraries_are_quiet_and_sockets_speak_at_debug(level: str, ours: bool, sockets: bool, others: bool) -> None:
    with log_lines(level=level):
        assert logging.getLogger("twilio_rt.bridge").isEnabledFor(logging.INFO) is ours
        assert logging.getLogger("picows.model").isEnabledFor(logging.INFO) is others
        assert logging.getLogger("uvicorn.error").isEnabledFor(logging.INFO) is sockets
        assert logging.getLogger("websockets.client").isEnabledFor(logging.INFO) is others
        assert not logging.getLogger("uvicorn.access").isEnabledFor(logging.INFO)


def test_all_is_as_before_afterwards() -> None:
    root = logging.getLogger()
    before = (list(root.handlers), root.level, logging.getLogger("uvicorn").level)
    with log_lines(level="debug"):
        assert len(root.handlers) == len(before[0]) + 1
    assert (root.handlers, root.level, logging.getLogger("uvicorn").level) == before


def test_a_bad_log_call_ends_nothing(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging, "raiseExceptions", False)
    with log_lines():
        logging.getLogger("twilio_rt").info("%d", "no number")
        logging.getLogger("twilio_rt").info("next")
    assert [line.rpartition(" ")[2] for line in lines(capsys)] == ["msg=next"]


def test_logfmt_quotes_what_needs_it() -> None:
    pairs: list[tuple[str, object]] = [
        ("a", "x"), ("b", "x y"), ("c", 'q"'), ("d", None), ("e", True), ("f", 1.5), ("g", ""), ("h", "l\n")
    ]  # fmt: skip
    assert logfmt(pairs) == r'a=x b="x y" c="q\"" e=true f=1.5 g="" h="l\n"'

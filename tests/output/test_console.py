"""Who sees what: data on stdout, the rest on stderr, colours only where they are wanted."""

import io
import sys

import pytest

from twilio_rt_cli.output import console


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_data_goes_to_stdout_and_the_rest_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    console.data('{"v":1}')
    console.say("listening")
    console.problem("PORT is wrong.\nHOST is wrong.", "Look at .env.")
    out, err = capsys.readouterr()
    assert out == '{"v":1}\n'
    assert err == "listening\nError: PORT is wrong.\nError: HOST is wrong.\nHint: Look at .env.\n"


def test_a_terminal_gets_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    console.problem("No.")
    assert terminal.getvalue() == "\x1b[1;31mError:\x1b[0m No.\n"


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_nobody_who_said_no_gets_colours(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    assert not console.has_colour(Terminal())


def test_a_file_gets_no_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    assert not console.has_colour(io.StringIO())
    assert not console.is_terminal(io.StringIO())


def test_the_rich_console_writes_to_the_stream_it_was_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    console.rich().print("for a person")
    console.rich(stderr=False).print("data")
    assert capsys.readouterr() == ("data\n", "for a person\n")

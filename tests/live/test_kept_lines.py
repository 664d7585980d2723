"""What is kept while something else has the terminal, and what is told afterwards."""

import io
import logging
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout

import pytest

from tests.live.glass import Glass
from twilio_rt_cli.live.kept_lines import kept_lines
from twilio_rt_cli.output.logs import log_lines

log = logging.getLogger("twilio_rt.test")


@pytest.fixture
def glass(monkeypatch: pytest.MonkeyPatch) -> Iterator[Glass]:
    monkeypatch.setenv("NO_COLOR", "1")
    glass = Glass()
    yield glass
    glass.close()


@contextmanager
def terminal(glass: Glass) -> Iterator[None]:
    """It is stdout and stderr."""
    with glass.streams() as (out, _), redirect_stdout(out), redirect_stderr(out):
        yield


def test_warnings_errors_and_prints_are_shown_meanwhile_and_told_afterwards(glass: Glass) -> None:
    with terminal(glass), log_lines():
        with kept_lines() as kept:
            log.info("one of many")
            log.warning("a\x1b[2Jb from +14155550142", extra={"call": "CA1", "stream": "MZ1"})
            log.error("it failed")
            sys.stdout.write("a tool prints\nhalf a ")
            sys.stdout.write("line\n")
            sys.stderr.write("and leaves a rest")
            events = kept.events()
        log.info("afterwards")
    glass.wait(lambda seen: "afterwards" in seen.raw)
    assert [(one.who, one.call, one.text, one.wrong) for one in events] == [
        ("log", "CA1", "a\x1b[2Jb from ••••0142", False),  # the view escapes what it shows
        ("log", "", "it failed", True),
        ("print", "", "a tool prints", False),
        ("print", "", "half a line", False),
    ]
    told = [line.strip() for line in glass.raw.splitlines()]
    assert [line.partition(" ")[2] for line in told[:2]] == [
        "warning  test a\\x1b[2Jb from ••••0142 call=CA1 stream=MZ1",
        "error    test it failed",
    ]
    assert told[2:5] == ["a tool prints", "half a line", "and leaves a rest"]
    assert "one of many" not in glass.raw


def test_of_many_lines_the_last_are_kept(glass: Glass) -> None:
    with terminal(glass), log_lines(), kept_lines() as kept:
        for number in range(300):
            log.warning("number %d", number)
        assert [kept.events()[0].text, len(kept.events())] == ["number 100", 200]


def test_what_is_no_warning_or_told_by_the_view_itself_drives_no_warning_out(glass: Glass) -> None:
    with terminal(glass), log_lines():
        with kept_lines() as kept:
            log.warning("the disk is full")
            for number in range(300):
                log.info("number %d", number)
                logging.getLogger("twilio_rt.server.refused").warning("call refused: caller_blocked")
            assert [one.text for one in kept.events()] == ["the disk is full"]
        log.info("afterwards")
    glass.wait(lambda seen: "afterwards" in seen.raw)
    assert glass.raw.count("\n") == 2


def test_a_child_process_gets_the_real_terminal(glass: Glass) -> None:
    with terminal(glass), kept_lines():
        subprocess.run(["echo", "from a child"], stdout=sys.stdout, check=True)
    glass.wait(lambda seen: "from a child" in seen.raw)


def test_what_goes_to_a_file_goes_on(glass: Glass) -> None:
    file = io.StringIO()
    with terminal(glass), redirect_stderr(file), log_lines(), kept_lines() as kept:
        log.warning("into the file")
        assert kept.events() == ()
        assert sys.stderr is file
    assert "into the file" in file.getvalue()


def test_once_released_everything_is_written_as_before(glass: Glass) -> None:
    with terminal(glass), log_lines(), kept_lines() as kept:
        log.warning("kept")
        kept.release()
        log.warning("not kept")
        sys.stderr.write("printed\n")
        sys.stderr.flush()
        glass.wait(lambda seen: all(line in seen.raw for line in ("test kept", "not kept", "printed")))
        assert kept.events() == ()


def test_after_an_error_lines_are_told_too(glass: Glass) -> None:
    def broken() -> None:
        with kept_lines():
            log.error("before it broke")
            raise RuntimeError

    with terminal(glass), log_lines(), pytest.raises(RuntimeError):
        broken()
    glass.wait(lambda seen: "before it broke" in seen.raw)


def test_a_print_that_never_ends_its_line_is_kept_in_pieces(glass: Glass) -> None:
    with terminal(glass), kept_lines() as kept:
        for _ in range(3000):
            sys.stdout.write("." * 100)
        assert sum(len(one.text) for one in kept.events()) > 250_000
        assert max(len(one.text) for one in kept.events()) <= 10_000

"""A terminal taken and given back."""

import os
import signal
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.glass import Glass
from twilio_rt_cli.live.terminal import Guard, Terminal, can_show


@pytest.fixture
def glass() -> Iterator[Glass]:
    glass = Glass()
    yield glass
    glass.close()


def always(_: float) -> bool:
    return True


def test_it_is_given_back_as_it_was(glass: Glass) -> None:
    before = glass.attributes
    with glass.streams() as (out, keys):
        terminal = Terminal(out, keys)
        terminal.hold()
        terminal.take(always)
        glass.wait(lambda seen: seen.alternate and seen.hidden_cursor and not seen.wraps)
        assert glass.attributes != before
        terminal.hold()
        terminal.give_back()
        terminal.let_go()
        terminal.close()
    glass.wait(lambda seen: seen.clean)
    assert glass.attributes == before


def test_ctrl_c_stays_a_signal_and_ctrl_z_and_ctrl_s_are_only_keys(glass: Glass) -> None:
    with glass.streams() as (out, keys):
        terminal = Terminal(out, keys)
        terminal.hold()
        flags, control = termios.tcgetattr(glass.descriptor)[3], termios.tcgetattr(glass.descriptor)[6]
        assert flags & termios.ISIG
        assert not flags & (termios.ICANON | termios.ECHO)
        assert control[termios.VINTR] == b"\x03"
        assert control[termios.VSUSP] == b"\x00"
        glass.press("\x13\x1a")
        assert terminal.write(b"x", lambda waited_s: waited_s < 1)
        assert terminal.read() == b"\x13\x1a"
        terminal.let_go()
        terminal.close()


def test_keys_that_nobody_read_are_forgotten(glass: Glass) -> None:
    with glass.streams() as (out, keys):
        terminal = Terminal(out, keys)
        terminal.hold()
        glass.press("qqq")
        terminal.let_go()
        assert terminal.read() == b""
        terminal.close()


def test_reading_and_writing_do_not_block_and_leave_the_streams_blocking(glass: Glass) -> None:
    with glass.streams() as (out, keys):
        terminal = Terminal(out, keys)
        assert terminal.read() == b""
        asked: list[float] = []

        def go_on(waited_s: float) -> bool:
            asked.append(waited_s)
            return waited_s < 0.15

        assert not terminal.write(b"x" * 1_000_000, go_on)
        assert asked[-1] >= 0.15
        assert os.get_blocking(out.fileno())
        assert os.get_blocking(keys.fileno())
        terminal.close()


def test_a_full_terminal_is_given_back_all_the_same(glass: Glass) -> None:
    with glass.streams() as (out, keys):
        terminal = Terminal(out, keys)
        terminal.take(always)
        terminal.write(b"\x1b[5;1H" + b"x" * 1_000_000, lambda waited_s: waited_s < 0.1)
        terminal.give_back()
        terminal.close()
    glass.wait(lambda seen: seen.clean)


def test_a_terminal_that_is_gone_has_no_more_keys() -> None:
    glass = Glass()
    with glass.streams() as (out, keys):
        terminal = Terminal(out, keys)
        glass.close()
        with pytest.raises(EOFError):
            terminal.read()
        terminal.give_back()
        terminal.let_go()
        terminal.close()


def test_keys_of_something_else_are_not_read(glass: Glass, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with glass.streams() as (out, _), file.open() as keys:
        for none in (keys, None):
            terminal = Terminal(out, none)
            assert terminal.keys is None
            terminal.close()


def test_size_is_the_terminals(glass: Glass) -> None:
    with glass.streams() as (out, keys):
        terminal = Terminal(out, keys)
        assert terminal.size() == (80, 24)
        glass.resize(133, 41)
        assert terminal.size() == (133, 41)
        glass.resize(0, 0)
        assert terminal.size() == (80, 24)
        terminal.close()


def test_it_is_for_terminals_that_understand_it(glass: Glass, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with glass.streams() as (out, _), (tmp_path / "file").open("w") as file:
        for term, shown in (("xterm", True), ("dumb", False)):
            monkeypatch.setenv("TERM", term)
            assert can_show(out) is shown
            assert not can_show(file)
        monkeypatch.delenv("TERM")
        assert not can_show(out)


def test_while_guarded_a_job_signal_stops_nobody() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGTTIN, signal.SIGTTOU)]
    guard = Guard(lambda: None)
    assert [signal.getsignal(number) for number in (signal.SIGTTIN, signal.SIGTTOU)] == [signal.SIG_IGN] * 2
    guard.end()
    assert [signal.getsignal(number) for number in (signal.SIGTTIN, signal.SIGTTOU)] == before


@pytest.mark.parametrize(("ended", "told"), [(False, "restored\n"), (True, "")])
def test_what_is_guarded_is_restored_at_the_end_of_the_interpreter_unless_it_was(ended: bool, told: str) -> None:
    code = "from twilio_rt_cli.live.terminal import Guard\nguard = Guard(lambda: print('restored'))\n"
    done = subprocess.run(
        [sys.executable, "-c", code + "guard.end()\n" * ended], capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == (told, "")

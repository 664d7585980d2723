"""Shell completion: what may follow, where the lines for the shell are put, and real shells that ask by them."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import typer

from tests.cli.test_help import COMMANDS
from tests.live.glass import Glass
from twilio_rt_cli.cli.app import app
from twilio_rt_cli.cli.completion import ASKED, following

PROGRAM = Path(sys.executable).parent / "twilio-rt"
ROOT = typer.main.get_command(app)


def after(*words: str) -> list[str]:
    return [word for word, _ in following(ROOT, words)]


def test_commands_come_first_each_with_its_line() -> None:
    assert sorted(after("")) == sorted(COMMANDS)
    assert after("ca") == ["calls", "call-test"]
    assert dict(following(ROOT, ["doc"])) == {"doctor": "Check all that a call needs, and say what to do."}


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["--ver"], ["--version"]),
        (["call-test", "--max"], ["--max-first-audio-ms", "--max-v2v-ms"]),
        (["call-test", "--strict", "--s"], ["--say", "--sign-as", "--seed"]),  # what is there once is not offered again
        (["call-test", "--say", "Hi", "--sa"], ["--say"]),  # but for what may be there often
        (["call-test", "--say", "--calls", "--dt"], ["--dtmf"]),  # a value may look like an option
        (["call-test", "--seed=3", "--see"], []),
        (["call-test", "--record", "x"], ["*"]),
        (["call-test", "--record", "="], ["*"]),  # bash makes a word of =
        (["call-test", "--seed", ""], []),
        (["calls", ""], ["list", "show", "export"]),
        (["calls", "--json", "s"], ["show"]),
        (["calls", "show", ""], []),
        (["no-such-command", ""], []),
        (["calls", "-"], ["--limit", "--since", "--failed", "--refused", "--json", "--text"]),
        ([], COMMANDS),
    ],
)
def test_what_may_follow(words: list[str], found: list[str]) -> None:
    told = after(*words)
    assert told[: len(found)] == found
    if words != ["calls", "-"]:
        assert len(told) == len(found)


def program(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PROGRAM, *words], capture_output=True, text=True, check=False, env={**os.environ, **environment}
    )


@pytest.mark.parametrize(
    ("shell", "line"),
    [
        ("bash", "top"),
        ("zsh", "top:Show the calls of a server that runs, as they go on."),
        ("fish", "top\tShow the calls of a server that runs, as they go on."),
    ],
)
def test_the_answer_is_as_each_shell_takes_it(shell: str, line: str) -> None:
    done = program("to", **{ASKED: shell})
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{line}\n", "")


def test_an_answer_imports_nothing_heavy() -> None:
    code = """
import sys
from twilio_rt_cli.cli.app import main
sys.argv[1:] = ["serve", "--port", "5001", "--"]
main()
print("loaded:", *sorted({"pydantic", "rich", "numpy", "fastapi", "twilio"} & sys.modules.keys()))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**os.environ, ASKED: "zsh"}
    )
    assert done.stdout.startswith("--local:")
    assert done.stdout.endswith("\nloaded:\n")


@pytest.mark.parametrize(
    ("shell", "code", "out", "err"),
    [
        ("/usr/bin/fish", 0, "function __twilio_rt\n", ""),
        ("/bin/tcsh", 2, "", "Error: Completion is there for bash, zsh and fish, and this is none of them.\n"),
        ("", 2, "", "Error: Completion is there for bash, zsh and fish, and this is none of them.\n"),
    ],
)
def test_without_shellingham_the_persons_own_shell_is_meant(shell: str, code: int, out: str, err: str) -> None:
    without = "import sys; from twilio_rt_cli.cli.app import main; sys.modules['shellingham'] = None; main()"
    done = subprocess.run(
        [sys.executable, "-c", without, "--show-completion"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "SHELL": shell},
    )
    assert done.returncode == code
    assert done.stdout.startswith(out)
    assert bool(done.stdout) is bool(out)
    assert done.stderr.startswith(err)


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / ".bash_completions").write_text("a file where the folder should be")
    (tmp_path / ".zfunc").write_text("")
    (tmp_path / "fish").write_text("")
    done = program("--install-completion", HOME=str(tmp_path), XDG_CONFIG_HOME=str(tmp_path), SHELL="/bin/bash")
    assert (done.returncode, done.stdout) == (1, "")
    assert " cannot be written (" in done.stderr
    assert "Hint: twilio-rt --show-completion prints what to put there.\n" in done.stderr


# In real shells

_OWN_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execvp(sys.argv[1], sys.argv[1:])"
)
PLAIN = {"bash": ["bash", "--norc", "-i"], "zsh": ["zsh", "-f", "-i"], "fish": ["fish", "--no-config", "-i"]}
WITH_START_FILES = {"bash": ["bash", "-i"], "zsh": ["zsh", "-i"], "fish": ["fish", "-i"]}
START_FILE = {"bash": ".bashrc", "zsh": ".zshrc"}


@contextmanager
def shell(command: list[str], home: Path) -> Iterator[Glass]:
    """A shell on a terminal of its own, at whose prompt `ready` stands."""
    glass = Glass(120, 40)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
    environment = {**kept, "HOME": str(home), "TERM": "xterm", "PATH": f"{PROGRAM.parent}:{os.environ['PATH']}"}
    process = subprocess.Popen(
        [sys.executable, "-c", _OWN_TERMINAL, *command],
        stdin=glass.descriptor,
        stdout=glass.descriptor,
        stderr=glass.descriptor,
        cwd=home,
        env=environment,
        start_new_session=True,
    )
    try:
        glass.press("echo rea''dy\r")
        glass.wait(lambda seen: "ready\r\n" in seen.raw)
        yield glass
    finally:
        process.kill()
        process.wait()
        glass.close()


@pytest.mark.parametrize("name", PLAIN)
def test_a_real_shell_completes_once_it_is_installed(name: str, tmp_path: Path) -> None:
    if shutil.which(name) is None:
        pytest.skip(f"there is no {name} on this machine")
    if name in START_FILE:
        (tmp_path / START_FILE[name]).write_text("PS1='$ '  # of their own")
    with shell(PLAIN[name], tmp_path) as glass:
        glass.press("twilio-rt --install-completion; twilio-rt --install-completion\r")  # twice does no harm
        glass.wait(lambda seen: seen.raw.count("Open a new terminal to use it.") == 2)
    if name in START_FILE:
        first, *lines = (tmp_path / START_FILE[name]).read_text().splitlines()
        assert first == "PS1='$ '  # of their own"
        assert len(lines) == 1
    (tmp_path / "agent-file.wav").touch()
    with shell(WITH_START_FILES[name], tmp_path) as glass:
        glass.press("twilio-rt configure-num\t --dry\t --url x --he\t\r")
        glass.wait(lambda seen: "Usage: twilio-rt configure-number" in seen.raw)
        glass.press("twilio-rt call-test --strict --record agent-f\t --he\t\r")
        glass.wait(lambda seen: "Usage: twilio-rt call-test" in seen.raw)
        assert "agent-file.wav" in glass.raw

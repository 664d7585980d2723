"""The command line as a whole: errors become sentences and exit codes, and help answers at once."""

import os
import subprocess
import sys
from importlib.metadata import version

import pytest
import typer
from typer.testing import CliRunner

from tests.cli.test_help import COMMANDS
from twilio_rt_cli import __version__, errors
from twilio_rt_cli.cli.app import Root, app

HEAVY = {"fastapi", "numpy", "pydantic", "rich", "twilio", "twilio_rt_cli.settings.groups", "uvicorn", "websockets"}


def run_raising(error: BaseException) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a command that raises this."""
    root = typer.Typer(cls=Root, add_completion=False)

    @root.callback()
    def _() -> None: ...

    @root.command()
    def fail() -> None:
        raise error

    result = CliRunner().invoke(root, ["fail"])
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (errors.ServerError, 1),
        (errors.TwilioRtError, 1),
        (errors.SettingsError, 2),
        (errors.MissingExtraError, 2),
        (errors.CredentialsError, 4),
        (errors.UnreachableError, 5),
    ],
)
def test_an_error_is_a_sentence_a_hint_and_an_exit_code(kind: type[errors.TwilioRtError], code: int) -> None:
    error = kind("It is not there.", hint="Look elsewhere.")
    assert run_raising(error) == (code, "", "Error: It is not there.\nHint: Look elsewhere.\n")


def test_ctrl_c_is_130() -> None:
    assert run_raising(KeyboardInterrupt())[0] == 130


def test_a_forced_end_keeps_its_code() -> None:
    assert run_raising(SystemExit(130))[0] == 130


@pytest.mark.parametrize("arguments", [["serv"], ["serve", "--no-such-flag"], ["serve", "--port", "x"]])
def test_bad_usage_is_exit_2(arguments: list[str]) -> None:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert "Usage: " in result.stderr


def test_version() -> None:
    result = CliRunner().invoke(app, ["--version"])
    assert (result.exit_code, result.stdout) == (0, f"twilio-rt {__version__}\n")
    assert version("twilio-rt") == __version__


def test_help_lists_every_command() -> None:
    result = CliRunner().invoke(app, ["--help"])
    assert result.exit_code == 0, result.output
    for command in COMMANDS:
        assert f"\n  {command} " in result.stdout


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_imports_nothing_heavy(command: str) -> None:
    code = f"""
import sys
from twilio_rt_cli.cli.app import app
try:
    app({[*command.split(), "--help"]!r}, prog_name="twilio-rt")
finally:
    print("\\nloaded:", *sorted({HEAVY!r} & sys.modules.keys()))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Usage: twilio-rt" in done.stdout
    assert done.stdout.rstrip().endswith("\nloaded:")


def test_the_module_runs_as_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "twilio_rt_cli", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"twilio-rt {__version__}\n"


def test_a_reader_who_left_is_no_error() -> None:
    code = """
import os, sys
from twilio_rt_cli.output import console
from twilio_rt_cli.cli.app import Root
import typer
root = typer.Typer(cls=Root, add_completion=False)
@root.callback()
def _() -> None: ...
@root.command()
def talk() -> None:
    sys.stdin.read()
    for number in range(100):
        console.data("line")
root()
"""
    reading, writing = os.pipe()
    with subprocess.Popen(
        [sys.executable, "-c", code, "talk"], stdin=subprocess.PIPE, stdout=writing, stderr=subprocess.PIPE
    ) as process:
        os.close(writing)
        os.close(reading)
        _, complaints = process.communicate(timeout=30)
    assert (process.returncode, complaints) == (0, b"")

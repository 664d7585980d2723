"""`twilio-rt engine` as users start it: one line, a clean end, and its options."""

import json
import signal
import subprocess
import sys

from typer import Typer
from typer.testing import CliRunner

from tests.e2e.callers import real_stack
from twilio_rt_cli.cli.engine import engine

COMMAND = [sys.executable, "-m", "twilio_rt_cli", "engine", "--port", "0", "--json"]


def app() -> Typer:
    """An app with this command alone."""
    alone = Typer()
    alone.command()(engine)
    return alone


def test_it_says_where_it_listens_and_ends_on_sigterm() -> None:
    real_stack()
    with subprocess.Popen(COMMAND, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        ready = json.loads(process.stdout.readline())
        assert (ready["type"], ready["pid"]) == ("engine.ready", process.pid)
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert process.stdout.read() == b""
        assert process.stderr.read() == b""


def test_help_names_the_options() -> None:
    result = CliRunner().invoke(app(), ["--help"], env={"COLUMNS": "200", "NO_COLOR": "1"})
    assert result.exit_code == 0, result.output
    for option in ("--host", "--port", "--json", "8765"):
        assert option in result.output


def test_a_port_beyond_65535_is_refused() -> None:
    assert CliRunner().invoke(app(), ["--port", "70000"]).exit_code == 2

"""Checks of this machine."""

import os
import socket
import subprocess
from pathlib import Path

import pytest

from twilio_rt_cli.doctor.finding import Finding, State
from twilio_rt_cli.doctor.machine import (
    disk_finding,
    dot_env_findings,
    ngrok_finding,
    open_files_finding,
    packages_finding,
    port_findings,
    python_finding,
)
from twilio_rt_cli.machine.state import RunningServer
from twilio_rt_cli.settings.groups import setting_names
from twilio_rt_cli.settings.loading import bare_settings

NAMES = setting_names()


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def dot_env(text: str, mode: int = 0o600) -> list[Finding]:
    Path(".env").write_text(text)
    Path(".env").chmod(mode)
    return list(dot_env_findings(NAMES))


@pytest.mark.parametrize(
    ("running", "state"),
    [((3, 10), State.WARNING), ((3, 11), State.OK), ((3, 13), State.OK), ((3, 14), State.WARNING)],
)
def test_pythons(running: tuple[int, int], state: State) -> None:
    assert python_finding(running).state is state


def test_packages_are_named() -> None:
    assert "twilio-rt " in packages_finding().message


def test_without_dot_env_the_environment_counts() -> None:
    [finding] = dot_env_findings(NAMES)
    assert finding.state is State.OK


def test_a_private_dot_env_is_well() -> None:
    [finding] = dot_env("PORT=5001\n")
    assert finding.state is State.OK


def test_what_others_can_read_is_told() -> None:
    [finding] = dot_env("PORT=5001\n", 0o644)
    assert (finding.state, finding.hint) == (State.WARNING, "chmod 600 .env")
    assert "mode 644" in finding.message


def test_lines_that_say_nothing_and_slips_are_told() -> None:
    [finding] = dot_env("PORT\n")
    assert (finding.state, finding.message) == (State.FAILED, ".env line 1 is not NAME=value.")
    [finding] = dot_env("TWILIO_AUTH_TOKN=x\n")
    assert (finding.state, "TWILIO_AUTH_TOKEN" in finding.message) == (State.WARNING, True)


def test_git_must_ignore_it() -> None:
    subprocess.run(["git", "init", "--quiet", "."], check=True)
    [finding] = dot_env("PORT=5001\n")
    assert (finding.state, "git" in finding.message) == (State.WARNING, True)
    Path(".gitignore").write_text(".env\n")
    [finding] = dot_env("PORT=5001\n")
    assert finding.state is State.OK


def test_open_files_must_do_for_the_calls() -> None:
    assert open_files_finding(100, 400).state is State.OK
    few = open_files_finding(101, 400)
    assert (few.state, few.hint) == (
        State.WARNING,
        "ulimit -n 404 before the server starts, or LIMIT_CONCURRENCY=100.",
    )


def test_the_disk(tmp_path: Path) -> None:
    assert disk_finding(tmp_path).message.endswith(f"MB are free in {tmp_path}.")
    assert disk_finding(tmp_path / "missing").state is State.WARNING


def test_the_port() -> None:
    settings = bare_settings(realtime_provider="local", port=0).server
    [finding] = port_findings(settings, RunningServer(os.getpid(), "", 5001, "http://127.0.0.1:5002"))
    assert finding.message == f"A server runs on port 5001 (pid {os.getpid()})."
    [finding] = port_findings(settings, None)
    assert finding.state is State.OK
    with socket.create_server(("127.0.0.1", 0)) as taken:
        busy = bare_settings(realtime_provider="local", port=taken.getsockname()[1]).server
        [finding] = port_findings(busy, None)
    assert (finding.state, "in use" in finding.message) == (State.FAILED, True)


def test_a_tunnel_needs_ngrok(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    away = {"realtime_provider": "local", "ngrok_api_url": "http://127.0.0.1:1"}
    assert ngrok_finding(bare_settings(**away).tunnel).state is State.SKIPPED
    assert ngrok_finding(bare_settings(**away, ngrok_authtoken="canary-canary").tunnel).state is State.OK
    (tmp_path / "ngrok").touch(0o755)
    assert ngrok_finding(bare_settings(**away).tunnel).message == f"ngrok is at {tmp_path}/ngrok; no agent runs."

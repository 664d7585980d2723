"""State folder: a server that is believed only while it lives."""

import json
import os
from pathlib import Path

import pytest

from twilio_rt_cli.machine.process import Process
from twilio_rt_cli.machine.state import (
    RunningServer,
    announce,
    running_server,
    state_folder,
    withdraw,
)


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


def test_a_server_that_runs_is_found_and_one_that_stopped_is_not() -> None:
    assert running_server() is None
    server = announce(5001, "http://127.0.0.1:5002")
    assert running_server() == server == RunningServer(os.getpid(), server.started_at, 5001, "http://127.0.0.1:5002")
    withdraw(server)
    assert running_server() is None


def test_a_server_does_not_take_back_what_a_later_one_said() -> None:
    first = announce(5001, "http://127.0.0.1:5002")
    second = announce(6001, "http://127.0.0.1:6002")
    withdraw(first)
    assert running_server() == second


def test_a_process_that_is_gone_is_no_server_even_when_its_number_is_used_again() -> None:
    server = announce(5001, "http://127.0.0.1:5002")
    assert server.alive
    assert not RunningServer(server.pid, "1", server.port, server.admin_url).alive


def test_a_broken_announcement_is_none() -> None:
    (state_folder() / "server.json").write_text("{")
    assert running_server() is None


def test_the_folder_is_for_this_user_alone() -> None:
    assert state_folder().stat().st_mode & 0o777 == 0o700


def test_what_an_earlier_version_wrote_is_read() -> None:
    us = Process.current()
    told = {"pid": us.pid, "started_at": us.started_at, "port": 5001, "admin_url": "http://127.0.0.1:5002"}
    (state_folder() / "server.json").write_text(json.dumps(told))
    server = running_server()
    assert server == RunningServer(us.pid, us.started_at, 5001, "http://127.0.0.1:5002")
    announce(5001, "http://127.0.0.1:5002")
    assert json.loads((state_folder() / "server.json").read_bytes()) == told

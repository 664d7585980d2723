"""`twilio-rt tunnel` as users start it: the address on stdout, the server told, a clean end."""

import asyncio
import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.ngrok_agent.install import NO_AGENT, TOKEN, agents, install
from tests.nursery.nursery import Nursery
from tests.nursery.program import Program
from tests.tunnel.world import PORT, kill, left, some_agent
from twilio_rt_cli.cli.app import app
from twilio_rt_cli.machine.state import announce, running_server, withdraw
from twilio_rt_cli.settings.groups import setting_names


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Ours without any setting, a state folder of its own, and the stand-in on PATH."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    install(tmp_path)
    names = set(setting_names())
    kept = {name: value for name, value in os.environ.items() if name not in names}
    path = f"{tmp_path}{os.pathsep}{kept['PATH']}"
    return kept | {"PATH": path, "NGROK_AUTHTOKEN": TOKEN, "NGROK_API_URL": NO_AGENT}


@contextmanager
def tunnelling(nursery: Nursery, *arguments: str, cwd: Path, env: dict[str, str]) -> Iterator[Program]:
    """The command in a process of its own; its agent does not survive the test."""
    try:
        with nursery.program("twilio_rt_cli", "tunnel", *arguments, folder=cwd, environment=env) as process:
            yield process
    finally:
        for pid in agents(cwd):
            kill(pid)


def line(process: Program) -> str:
    assert process.stdout is not None
    return process.stdout.readline().rstrip("\n")


def complaints(process: Program) -> str:
    assert process.stderr is not None
    return process.stderr.read()


@contextmanager
def admin_port(status: int = 200) -> Iterator[tuple[str, "Queue[dict[str, Any]]"]]:
    """A server's admin port: its URL, and what it was told."""
    told: Queue[dict[str, Any]] = Queue()

    class Admin(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:  # http.server's name
            assert self.path == "/origin"
            told.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Admin) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", told
        server.shutdown()
        thread.join()


def test_it_prints_the_address_and_ends_on_ctrl_c(
    tmp_path: Path, environment: dict[str, str], nursery: Nursery
) -> None:
    announce(PORT - 1, "http://127.0.0.1:1")  # a server on another port is none of its business
    with tunnelling(nursery, "--port", str(PORT), cwd=tmp_path, env=environment) as process:
        assert line(process).startswith("http://127.0.0.1:")
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
        assert line(process) == ""
        said = complaints(process)
    assert said == (
        f"Opening a tunnel to port {PORT} …\n"
        "It is open until Ctrl-C.\n"
        f"No twilio-rt of yours serves on port {PORT}: one that starts there will be told its address. "
        "Any other program has to be told by you.\n"
    )
    assert left(tmp_path / "twilio-rt") == []


def test_a_tunnel_that_breaks_is_an_event_and_so_is_its_return(
    tmp_path: Path, environment: dict[str, str], nursery: Nursery
) -> None:
    with tunnelling(nursery, "--port", str(PORT), "--json", cwd=tmp_path, env=environment) as process:
        first = json.loads(line(process))
        assert {"v", "ts", "type", "url", "changed"} == first.keys()
        assert (first["type"], first["changed"]) == ("tunnel.up", False)
        kill(agents(tmp_path)[0])
        down, up = json.loads(line(process)), json.loads(line(process))
        assert (down["type"], down["why"], down["lost"]) == ("tunnel.down", "ngrok ended (signal 9)", False)
        assert (up["type"], up["changed"], up["url"] == first["url"]) == ("tunnel.up", True, False)
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert complaints(process).startswith(f"No twilio-rt of yours serves on port {PORT}: ")


def test_a_running_server_is_told_its_address_each_time_and_that_it_is_gone(
    tmp_path: Path, environment: dict[str, str], nursery: Nursery
) -> None:
    with admin_port() as (url, told):
        server = announce(PORT, url)
        with tunnelling(nursery, cwd=tmp_path, env=environment) as process:
            assert told.get(timeout=10) == {"origin": line(process), "port": PORT}
            kill(agents(tmp_path)[0])
            assert told.get(timeout=10) == {"origin": line(process), "port": PORT}
            process.send_signal(signal.SIGINT)
            assert process.wait(10) == 0
            assert told.get(timeout=10) == {"origin": None, "port": PORT}
            assert f"The server on port {PORT} knows that this is its address." in complaints(process)
        withdraw(server)
        assert running_server() is None
        assert told.empty()


def test_a_server_that_starts_later_is_told_too(tmp_path: Path, environment: dict[str, str], nursery: Nursery) -> None:
    with (
        admin_port() as (url, told),
        tunnelling(nursery, "--port", str(PORT), cwd=tmp_path, env=environment) as process,
    ):
        address = line(process)
        announce(PORT, url)
        assert told.get(timeout=10) == {"origin": address, "port": PORT}


def test_a_server_that_does_not_check_signatures_gets_no_tunnel(
    tmp_path: Path, environment: dict[str, str], nursery: Nursery
) -> None:
    with admin_port(409) as (url, _):
        announce(PORT, url)
        with tunnelling(nursery, cwd=tmp_path, env=environment) as process:
            assert process.wait(10) == 2
            assert "does not check Twilio's signatures" in complaints(process)
    assert left(tmp_path / "twilio-rt") == []


def test_a_refused_token_is_a_sentence_and_exit_code_4(
    tmp_path: Path, environment: dict[str, str], nursery: Nursery
) -> None:
    with tunnelling(nursery, "--json", cwd=tmp_path, env=environment | {"NGROK_STANDIN": "107"}) as process:
        assert process.wait(10) == 4
        said = complaints(process)
        assert "(ERR_NGROK_107).\nHint: " in said
        assert TOKEN not in said
        assert line(process) == ""


def test_ctrl_c_before_it_is_open_is_130(tmp_path: Path, environment: dict[str, str], nursery: Nursery) -> None:
    with tunnelling(nursery, cwd=tmp_path, env=environment | {"NGROK_STANDIN": "silent"}) as process:
        asyncio.run(some_agent(tmp_path))
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130
        assert "Traceback" not in complaints(process)
    assert left(tmp_path / "twilio-rt") == []


@pytest.mark.parametrize(
    ("arguments", "settings"), [(["--port", "0"], {}), (["--url", "ngrok.app"], {}), ([], {"PORT": "0"})]
)
def test_bad_usage_and_settings_are_exit_2(
    arguments: list[str], settings: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    result = CliRunner().invoke(app, ["tunnel", *arguments], env=settings)
    assert (result.exit_code, result.stdout) == (2, ""), result.output

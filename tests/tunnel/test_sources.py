"""Where a tunnel comes from: an agent left behind, somebody else's, or one of our own; and what of it is ended."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.ngrok_agent.install import TOKEN, agents
from tests.ngrok_agent.running import running_agent
from tests.tunnel.world import PORT, Changes, config, left, run
from twilio_rt_cli.errors import ServiceError, UnreachableError
from twilio_rt_cli.tunnel import Tunnel, TunnelConfig, ngrok_api, open_tunnel


def opened(wanted: TunnelConfig, state: Path | None = None) -> tuple[Tunnel, list[int]]:
    """A tunnel that was open for a moment, and the agents that ran meanwhile."""

    async def story() -> tuple[Tunnel, list[int]]:
        async with open_tunnel(wanted, Changes()) as tunnel:
            assert ngrok_api.find_tunnel(tunnel.api_url, wanted.port, tunnel.public_url) is not None
            return tunnel, agents(state) if state else []

    return run(story())


def leave_behind(folder: Path, port: int) -> str:
    """The address of a tunnel whose owner was killed."""
    command = [sys.executable, "-m", "tests.tunnel.left_behind", str(folder), str(port)]
    killed = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert killed.returncode == -9, killed.stderr
    return killed.stdout


def test_an_agent_left_behind_is_taken_over_and_ended(
    tmp_path: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions = tmp_path / "sessions"
    sessions.mkdir()
    monkeypatch.setenv("NGROK_STANDIN_SESSIONS", str(sessions))
    url = leave_behind(tmp_path, PORT)
    [pid] = agents(state)
    assert all(TOKEN not in path.read_text() for path in state.rglob("*") if path.is_file())
    tunnel, meanwhile = opened(config(tmp_path), state)
    assert (tunnel.public_url, meanwhile) == (url, [pid])
    assert left(state) == []


def test_an_agent_left_behind_that_does_not_fit_is_ended(
    tmp_path: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions = tmp_path / "sessions"
    sessions.mkdir()
    monkeypatch.setenv("NGROK_STANDIN_SESSIONS", str(sessions))  # the account allows one agent
    url = leave_behind(tmp_path, PORT - 1)
    old = agents(state)
    tunnel, meanwhile = opened(config(tmp_path), state)
    assert tunnel.public_url != url
    assert (len(old), len(meanwhile), set(old) & set(meanwhile)) == (1, 1, set())
    assert left(state) == []


def test_an_agent_left_behind_that_ended_since_leaves_no_trace(tmp_path: Path, state: Path) -> None:
    leave_behind(tmp_path, PORT)
    [pid] = agents(state)
    subprocess.run(["kill", "-9", str(pid)], check=True)
    opened(config(tmp_path))
    assert left(state) == []


def test_somebody_elses_tunnel_is_used_and_left_alone(tmp_path: Path, state: Path) -> None:
    with running_agent(tmp_path / "theirs") as agent:
        theirs = ngrok_api.make_tunnel(agent.api_url, PORT)
        tunnel, _ = opened(config(tmp_path, api_url=agent.api_url))
        assert tunnel.public_url == theirs.public_url
        assert ngrok_api.public_url(agent.api_url, PORT) == theirs.public_url
        assert agent.alive
    assert left(state) == []


def test_somebody_elses_agent_is_asked_for_a_tunnel_that_is_taken_back(tmp_path: Path) -> None:
    with running_agent(tmp_path / "theirs") as agent:
        theirs = ngrok_api.make_tunnel(agent.api_url, PORT - 1)
        tunnel, _ = opened(config(tmp_path, api_url=agent.api_url))
        assert tunnel.api_url == agent.api_url
        assert ngrok_api.tunnels(agent.api_url) == [theirs]
        assert agent.alive


def test_somebody_elses_tunnel_at_another_address_than_the_wanted_is_not_used(tmp_path: Path, free_port: int) -> None:
    wanted = f"http://127.0.0.1:{free_port}"
    with running_agent(tmp_path / "theirs") as agent:
        theirs = ngrok_api.make_tunnel(agent.api_url, PORT)
        tunnel, _ = opened(config(tmp_path, api_url=agent.api_url, url=wanted))
        assert tunnel.public_url == wanted
        assert ngrok_api.tunnels(agent.api_url) == [theirs]


def test_what_somebody_elses_agent_refuses_is_told(tmp_path: Path) -> None:
    with running_agent(tmp_path / "theirs", NGROK_STANDIN="334") as agent, pytest.raises(ServiceError) as refused:
        opened(config(tmp_path, api_url=agent.api_url))
    assert "already online" in refused.value.message


def test_an_agent_on_another_machine_must_be_there_and_have_the_tunnel(tmp_path: Path) -> None:
    with pytest.raises(UnreachableError, match=r"^No ngrok agent answers at http://agent\.invalid:4040\.$"):
        opened(config(tmp_path, api_url="http://agent.invalid:4040"))

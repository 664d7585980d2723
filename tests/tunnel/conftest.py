"""A state folder of each test's own, and none of this machine's ngrok settings."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ngrok_agent.install import agents
from tests.tunnel.world import kill


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The state folder; agents that a test leaves behind are killed."""
    folder = tmp_path / "state"
    folder.mkdir()
    monkeypatch.setenv("XDG_STATE_HOME", str(folder))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("NGROK_AUTHTOKEN", "NGROK_API_KEY", "PYNGROK_NGROK_PATH"):
        monkeypatch.delenv(name, raising=False)
    yield folder
    for pid in agents(folder):
        kill(pid)


@pytest.fixture
def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probing:
        probing.bind(("127.0.0.1", 0))
        port: int = probing.getsockname()[1]
        return port

"""The ngrok agent's local API: which tunnel is ours, whatever kind of agent tells it, and however badly."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.ngrok_agent.running import running_agent
from twilio_rt_cli.tunnel.ngrok_api import (
    DEFAULT_API_URL,
    AgentRefused,
    AgentTunnel,
    end_tunnel,
    find_tunnel,
    make_tunnel,
    public_url,
    tunnels,
)
from twilio_rt_cli.tunnel.ngrok_api import running_agent as agent_at

NOBODY = "http://127.0.0.1:1"
V2 = {
    "name": "command_line",
    "uri": "/api/tunnels/command_line",
    "public_url": "https://two.ngrok-free.app",
    "proto": "https",
    "config": {"addr": "http://localhost:5001", "inspect": True},
    "metrics": {},
}
V3 = {"name": "web", "url": "https://three.ngrok.app", "upstream": {"url": "http://localhost:5001", "protocol": None}}


@contextmanager
def told(answers: dict[str, Any]) -> Iterator[str]:
    """An agent that answers these paths with this JSON (or, as bytes, with just that), and 404 elsewhere."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # http.server's name
            answer = answers.get(self.path)
            raw = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(200 if answer is not None else 404)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("answers", "url"),
    [
        ({"/api/tunnels": {"tunnels": [V2], "uri": "/api/tunnels"}}, "https://two.ngrok-free.app"),
        ({"/api/endpoints": {"endpoints": [V3]}}, "https://three.ngrok.app"),
        ({"/api/endpoints": {"tunnels": [V3]}}, "https://three.ngrok.app"),
        ({"/api/endpoints": {"endpoints": [V3 | {"upstream": "localhost:5001"}]}}, "https://three.ngrok.app"),
        ({"/api/endpoints": {"endpoints": []}, "/api/tunnels": {"tunnels": [V2]}}, "https://two.ngrok-free.app"),
        ({"/api/tunnels": {"tunnels": [V2 | {"public_url": "http://two.ngrok-free.app"}]}}, None),
        ({"/api/tunnels": {"tunnels": [V2 | {"public_url": "tcp://2.tcp.ngrok.io:1"}]}}, None),
        ({"/api/tunnels": {"tunnels": [V2 | {"config": {"addr": "http://localhost:15001"}}]}}, None),
        ({"/api/tunnels": {"tunnels": None}}, None),
        ({"/api/tunnels": b"<html>"}, None),
        ({"/api/tunnels": {"tunnels": 5}}, None),
        ({}, None),
    ],
)
def test_the_https_tunnel_to_our_port_is_found(answers: dict[str, Any], url: str | None) -> None:
    with told(answers) as api_url:
        assert public_url(api_url, 5001) == url
        assert public_url(api_url, 5002) is None


@pytest.mark.parametrize("url", [NOBODY, "http://no.such.host.invalid", "http://[::1", "ftp://127.0.0.1:1", "nonsense"])
def test_nobody_there_is_no_tunnel_and_no_error(url: str) -> None:
    assert public_url(url, 5001) is None
    assert agent_at(url) is None


@pytest.mark.parametrize(
    ("upstream", "fits"),
    [
        ("http://localhost:5001", True),
        ("http://127.0.0.1:5001/", True),
        ("https://bridge:5001", True),
        ("localhost:5001", True),
        ("[::1]:5001", True),
        ("5001", True),
        ("http://localhost:50010", False),
        ("http://localhost:15001", False),
        ("http://localhost:8000/5001", False),
        ("", False),
    ],
)
def test_an_upstream_fits_by_its_port(upstream: str, fits: bool) -> None:
    assert AgentTunnel(NOBODY, "", "https://x.ngrok.app", upstream).leads_to(5001) is fits


def test_a_wanted_address_must_be_the_very_one() -> None:
    with told({"/api/endpoints": {"endpoints": [V3]}}) as api_url:
        assert find_tunnel(api_url, 5001, "https://Three.ngrok.app/") is not None
        assert find_tunnel(api_url, 5001, "https://four.ngrok.app") is None


def test_a_tunnel_is_made_and_ended(tmp_path: Path) -> None:
    with running_agent(tmp_path) as agent:
        assert tunnels(agent.api_url) == []
        made = make_tunnel(agent.api_url, 5001)
        assert public_url(agent.api_url, 5001) == made.public_url
        with pytest.raises(AgentRefused, match="ERR_NGROK_334"):
            make_tunnel(agent.api_url, 5001, made.public_url)
        end_tunnel(made)
        end_tunnel(made)
        assert public_url(agent.api_url, 5001) is None


def test_agents_behind_the_first_port_are_found_too(tmp_path: Path) -> None:
    with running_agent(tmp_path, NGROK_STANDIN_WEB="127.0.0.1:4041") as agent:
        made = make_tunnel(agent.api_url, 59_999)
        assert public_url(DEFAULT_API_URL, 59_999) == made.public_url


def test_a_proxy_is_not_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", NOBODY)
    with running_agent(tmp_path) as agent:
        assert tunnels(agent.api_url) == []

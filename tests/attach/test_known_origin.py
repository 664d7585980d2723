"""The origin that commands take for granted."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from twilio_rt_cli.attach.known_origin import LOOKUPS, Lookup, known_origin
from twilio_rt_cli.machine.state import announce
from twilio_rt_cli.settings.loading import bare_settings


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


@contextmanager
def admin_port(answer: bytes, status: int = 200) -> Iterator[None]:
    """A running server's admin port, announced."""

    class Admin(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/origin" else 404)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Admin) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        announce(5001, f"http://127.0.0.1:{server.server_port}")
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


def known(*lookups: Lookup, **given: object) -> str | None:
    settings = bare_settings(realtime_provider="local", **given)
    return known_origin(settings.server, settings.tunnel, lookups or LOOKUPS)


def test_nobody_knows() -> None:
    assert known() is None


def test_a_running_server_tells_its_own() -> None:
    with admin_port(b'{"origin": "https://ab12.ngrok.app", "port": 5001}'):
        assert known() == "https://ab12.ngrok.app"


def test_the_setting_comes_first() -> None:
    with admin_port(b'{"origin": "https://ab12.ngrok.app", "port": 5001}'):
        assert known(public_url="https://set.example", twilio_auth_token="0" * 32) == "https://set.example"


@pytest.mark.parametrize(("answer", "status"), [(b"{", 200), (b"[]", 200), (b'{"origin": null}', 200), (b"{}", 404)])
def test_a_server_that_does_not_tell_is_as_none(answer: bytes, status: int) -> None:
    with admin_port(answer, status):
        assert known() is None


def test_a_server_that_is_deaf_is_as_none() -> None:
    announce(5001, "http://127.0.0.1:1")
    assert known() is None


def test_others_may_know() -> None:
    assert known(lambda *_: None, lambda *_: "https://cd34.ngrok.app") == "https://cd34.ngrok.app"

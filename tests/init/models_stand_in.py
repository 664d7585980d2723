"""A server that tells of its models to whoever has the key, as the API of a model does."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

KEY = "sk-proj-" + "0123456789abcdef" * 2


class ModelsStandIn(ThreadingHTTPServer):
    """Knows one key. `status` is what it answers to everything else than a wrong key."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Asked)
        self.status = 200
        self.asked: list[tuple[str, str]] = []
        """path and key of each request"""

    @property
    def realtime_url(self) -> str:
        """Where its realtime sockets would be."""
        return f"ws://127.0.0.1:{self.server_port}/v1/realtime"


class _Asked(BaseHTTPRequestHandler):
    server: ModelsStandIn

    def do_GET(self) -> None:  # http.server's name
        key = self.headers.get("api-key") or self.headers.get("Authorization", "").removeprefix("Bearer ")
        self.server.asked.append((self.path, key))
        self.send_response(self.server.status if key == KEY else 401)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        """Not on the terminal."""


@contextmanager
def models_stand_in() -> Iterator[ModelsStandIn]:
    """One that runs."""
    with ModelsStandIn() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()

"""A server's admin port as `top` knows it: snapshots, calls and hang-ups, over real HTTP in a thread."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec

from tests.live.scene import detail, snapshot


class AdminStandIn(ThreadingHTTPServer):
    """Answers until it is closed; notes what was asked."""

    daemon_threads = True

    def __init__(self, calls: int = 12, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Answer)
        self.calls = calls
        self.asked: list[str] = []
        self.hung_up: list[str] = []
        self.connections = 0
        self.open: set[socket.socket] = set()
        self.wrong: bytes | None = None
        """what is answered instead"""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


@contextmanager
def admin_stand_in(calls: int = 12, port: int = 0) -> Iterator[AdminStandIn]:
    with AdminStandIn(calls, port) as server:
        thread = Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
            for connection in server.open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: AdminStandIn

    def setup(self) -> None:
        super().setup()
        self.server.connections += 1
        self.server.open.add(self.connection)

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        path, query = urlsplit(self.path).path, parse_qs(urlsplit(self.path).query)
        match path.split("/")[1:]:
            case ["calls"]:
                first, rows = int(query["first"][0]), int(query["rows"][0])
                self._tell(snapshot(self.server.calls, first=first, rows=rows))
            case ["calls", sid] if (found := detail(sid)) is not None:
                self._tell(found)
            case _:
                self._tell({"detail": "Not Found"}, 404)

    def do_POST(self) -> None:
        _, _, sid, _ = self.path.split("/")
        self.server.hung_up.append(sid)
        self._tell({"call": sid})

    def _tell(self, answer: object, status: int = 200) -> None:
        body = msgspec.json.encode(answer) if self.server.wrong is None else self.server.wrong
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing."""

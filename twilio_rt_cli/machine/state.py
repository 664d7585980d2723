"""The per-user state folder: what one command leaves for another, in files that only this user can read.

A running server says there where its ports are; what was changed at Twilio is written down there before it is changed.
"""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec
import platformdirs

from twilio_rt_cli.machine.private_file import write_private
from twilio_rt_cli.machine.process import Process

_SERVER = "server.json"


def state_path() -> Path:
    """Where the folder is, made or not: `$XDG_STATE_HOME/twilio-rt` or what the platform has for it."""
    return platformdirs.user_state_path("twilio-rt", appauthor=False)


def state_folder() -> Path:
    """The folder (0700), made if it is missing. Raises OSError when it cannot be made."""
    folder = state_path()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


@dataclass(frozen=True, slots=True)
class RunningServer:
    """Where a server of this user listens."""

    pid: int
    started_at: str
    """of the process: without it, the number alone says little"""
    port: int
    """its public port"""
    admin_url: str

    @property
    def alive(self) -> bool:
        """Whether that very process still runs."""
        return Process(self.pid, self.started_at).alive


def announce(port: int, admin_url: str) -> RunningServer:
    """Tell other commands where this process serves. Raises OSError."""
    process = Process.current()
    server = RunningServer(process.pid, process.started_at, port, admin_url)
    write_private(state_folder() / _SERVER, msgspec.json.encode(server))
    return server


def withdraw(server: RunningServer) -> None:
    """Take the announcement back, unless another server has replaced it since."""
    if running_server() == server:
        with suppress(OSError):
            (state_folder() / _SERVER).unlink(missing_ok=True)


def running_server() -> RunningServer | None:
    """The server announced last, if it lives."""
    try:
        server = msgspec.json.decode((state_folder() / _SERVER).read_bytes(), type=RunningServer)
    except (OSError, msgspec.MsgspecError):
        return None
    return server if server.alive else None

"""Agents of ours that may outlive us: which process it is, written down in the state folder while it runs.

A kill -9 of ours leaves the agent running, and a free ngrok account allows one. Each agent has a private folder there,
`ngrok-…`, with the note `agent.json` in it. The next start looks through them: whose owner lives is let be, the
others are orphans, to be adopted or ended. A process counts as that agent only if its start time is the one noted.
"""

import shutil
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from twilio_rt_cli.machine.private_file import write_private
from twilio_rt_cli.machine.process import Process
from twilio_rt_cli.machine.state import state_folder

_NOTE = "agent.json"
_PREFIX = "ngrok-"
_YOUNG_S = 60.0


@dataclass(frozen=True, slots=True)
class Note:
    """One agent of ours."""

    owner: Process
    """who started it, or adopted it"""
    port: int
    agent: Process | None = None
    """None: it is being started"""
    api_url: str = ""


def new_folder(port: int) -> Path:
    """A private folder for an agent to be started, with its note; a temporary one where there is no state folder."""
    try:
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=state_folder()))
    except OSError:
        folder = Path(tempfile.mkdtemp(prefix="twilio-rt-ngrok-"))
    note(folder, port)
    return folder


def note(folder: Path, port: int, agent: Process | None = None, api_url: str = "") -> None:
    """Write down what is known of the agent of this folder, which is ours from now on. Raises OSError."""
    write_private(folder / _NOTE, msgspec.json.encode(Note(Process.current(), port, agent, api_url)))


def remove(folder: Path) -> None:
    """Forget the agent of this folder."""
    shutil.rmtree(folder, ignore_errors=True)


def orphans() -> list[tuple[Path, Note]]:
    """Agents that live though whoever started them is gone. Folders of agents that are gone too are removed."""
    try:
        folders = list(state_folder().glob(f"{_PREFIX}*/"))
    except OSError:
        return []
    found = []
    for folder in folders:
        written = _read(folder)
        if written is None or written.owner.alive:
            continue
        if written.agent is not None and written.agent.alive:
            found.append((folder, written))
        else:
            remove(folder)
    return found


def _read(folder: Path) -> Note | None:
    try:
        return msgspec.json.decode((folder / _NOTE).read_bytes(), type=Note)
    except (OSError, msgspec.MsgspecError):
        with suppress(OSError):
            if time.time() - folder.stat().st_mtime > _YOUNG_S:  # else somebody is just making it
                remove(folder)
        return None

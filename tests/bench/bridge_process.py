"""The candidates, each alone in a process on core 0: our bridge as `serve` runs it, the relay, the reference.

Ours is started by its own command with everything on that is on by default (statistics, event lines, info logs, pings),
into files; only signatures are off, unless settings say otherwise, so that a bare `/media-stream` is taken. What it
costs to check them is paid once per call and not on the media path.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.meters import BRIDGE_CORE, on_core
from tests.bench.watched_terminal import Terminal, scraping

ROOT = Path(__file__).parents[2]
START_S = 20.0
OURS = "twilio_rt_cli"
"""what `python -m` runs as ours"""


class Candidate(Enum):
    """Who stands between phones and model."""

    OURS = "ours"
    BARE = "bare"
    """ours with nothing that watches: no records, no view, nobody asks for metrics"""
    WATCHED = "watched"
    """ours with the live view on a terminal, records, and metrics that are scraped"""
    RELAY = "relay"
    REFERENCE = "reference"


@dataclass(frozen=True, slots=True)
class BridgeProcess:
    """A candidate that listens."""

    pid: int
    url: str
    """where phones connect"""
    process: "subprocess.Popen[bytes]"
    folder: Path
    """its stdout, stderr and state"""

    def stop(self) -> int:
        """SIGTERM, and the exit code; killed after five seconds."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait(5)


@contextmanager
def bridge_process(
    candidate: Candidate, model_port: int, *, ca_file: Path | None = None, module: str = OURS, **settings: str
) -> Iterator[BridgeProcess]:
    """The candidate, started towards a model on loopback: by TLS when there is a CA file (not the relay).

    `settings` are more environment variables of ours, `module` is what runs it. Raises RuntimeError when it does not
    come up.
    """
    scheme = "ws" if ca_file is None else "wss"
    model_url = f"{scheme}://127.0.0.1:{model_port}/v1/realtime"
    with TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        command, environment = _start_of(candidate, model_url, model_port, module)
        trust = {"SSL_CERT_FILE": str(ca_file)} if ca_file else {}
        terminal = Terminal() if candidate is Candidate.WATCHED else None
        process = _start(command, {**environment, **trust, **settings}, folder, terminal)
        started = BridgeProcess(process.pid, _url(candidate, process, folder), process, folder)
        try:
            if terminal is None:
                yield started
            else:
                with scraping(_announced(process, folder)["admin_url"]):
                    yield started
                assert terminal.shown_bytes > 10_000, "nothing was shown"
        except Exception as error:  # whatever went wrong, what the bridge said last belongs to it
            error.add_note((folder / "err").read_text()[-2000:])
            raise
        finally:
            if process.poll() is None:
                started.stop()
            if terminal is not None:
                terminal.close()


def _start_of(candidate: Candidate, model_url: str, model_port: int, module: str) -> tuple[list[str], dict[str, str]]:
    match candidate:
        case Candidate.OURS | Candidate.BARE | Candidate.WATCHED:
            settings = {
                "TWILIO_VALIDATE": "false",
                "HOST": "127.0.0.1",
                "OPENAI_REALTIME_URL": model_url,
                "OPENAI_API_KEY": "sk-bench",
                "LIMIT_CONCURRENCY": "5000",
                "DRAIN_SECONDS": "0",
            }
            if candidate is Candidate.BARE:
                settings["RECORDS"] = "false"
            form = [] if candidate is Candidate.WATCHED else ["--json"]
            return ["-m", module, "serve", "--port", "0", *form], settings
        case Candidate.RELAY:
            return ["-m", "tests.bench.relay", "127.0.0.1", str(model_port)], {}
        case Candidate.REFERENCE:
            return ["-m", "tests.bench.reference", model_url], {}


def _start(
    command: list[str], environment: dict[str, str], folder: Path, terminal: Terminal | None
) -> "subprocess.Popen[bytes]":
    """Start on the bridge's core, in a folder without `.env`, with none of the person's own settings."""
    keep = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    with on_core(BRIDGE_CORE), (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
        return subprocess.Popen(
            [sys.executable, *command],
            env={
                **keep,
                "PYTHONPATH": str(ROOT),
                "XDG_STATE_HOME": str(folder / "state"),
                "ADMIN_PORT": "0",
                "TERM": "xterm-256color",
                **environment,
            },
            cwd=folder,
            stdin=terminal.slave if terminal else subprocess.DEVNULL,
            stdout=terminal.slave if terminal else out,
            stderr=err,
            start_new_session=True,
        )


def _url(candidate: Candidate, process: "subprocess.Popen[bytes]", folder: Path) -> str:
    match candidate:
        case Candidate.OURS | Candidate.BARE:
            origin = _first_line(process, folder)["url"].replace("http:", "ws:")
        case Candidate.WATCHED:
            origin = f"ws://127.0.0.1:{_announced(process, folder)['port']}"
        case Candidate.RELAY | Candidate.REFERENCE:
            origin = f"ws://127.0.0.1:{_first_line(process, folder)['port']}"
    return f"{origin}/media-stream"


def _announced(process: "subprocess.Popen[bytes]", folder: Path) -> dict[str, str]:
    """Where a server says that it is to the other commands of its user."""
    return _told(process, folder, (folder / "state/twilio-rt/server.json").read_text)


def _first_line(process: "subprocess.Popen[bytes]", folder: Path) -> dict[str, str]:
    return _told(process, folder, lambda: (folder / "out").read_text().partition("\n")[0])


def _told(process: "subprocess.Popen[bytes]", folder: Path, read: Callable[[], str]) -> dict[str, str]:
    """The JSON in a file that a process writes when it is up."""
    until = time.monotonic() + START_S
    while time.monotonic() < until and process.poll() is None:
        with suppress(OSError, ValueError):  # it is not there yet, or not whole
            told: dict[str, str] = json.loads(read())
            return told
        time.sleep(0.02)  # a process that starts has nothing to wait for but its file
    process.kill()
    raise RuntimeError(f"{process.args!r} did not come up:\n{(folder / 'err').read_text()}")

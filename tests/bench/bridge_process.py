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
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.meters import BRIDGE_CORE, on_core

ROOT = Path(__file__).parents[2]
START_S = 20.0
OURS = "twilio_rt_cli"
"""what `python -m` runs as ours"""


class Candidate(Enum):
    """Who stands between phones and model."""

    OURS = "ours"
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
    """its stdout and stderr"""

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
        process = _start(command, {**environment, **trust, **settings}, folder)
        started = BridgeProcess(process.pid, _url(candidate, process, folder), process, folder)
        try:
            yield started
        except Exception as error:
            error.add_note((folder / "err").read_text()[-2000:])
            raise
        finally:
            if process.poll() is None:
                started.stop()


def _start_of(candidate: Candidate, model_url: str, model_port: int, module: str) -> tuple[list[str], dict[str, str]]:
    match candidate:
        case Candidate.OURS:
            settings = {
                "TWILIO_VALIDATE": "false",
                "HOST": "127.0.0.1",
                "OPENAI_REALTIME_URL": model_url,
                "OPENAI_API_KEY": "sk-bench",
                "LIMIT_CONCURRENCY": "5000",
                "DRAIN_SECONDS": "0",
            }
            return ["-m", module, "serve", "--port", "0", "--json"], settings
        case Candidate.RELAY:
            return ["-m", "tests.bench.relay", "127.0.0.1", str(model_port)], {}
        case Candidate.REFERENCE:
            return ["-m", "tests.bench.reference", model_url], {}


def _start(command: list[str], environment: dict[str, str], folder: Path) -> "subprocess.Popen[bytes]":
    """Start on the bridge's core, in a folder without `.env`, with none of the person's own settings."""
    keep = {
        name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR", "XDG_STATE_HOME") if name in os.environ
    }
    with on_core(BRIDGE_CORE), (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
        return subprocess.Popen(
            [sys.executable, *command],
            env={**keep, "PYTHONPATH": str(ROOT), **environment},
            cwd=folder,
            stdout=out,
            stderr=err,
            start_new_session=True,
        )


def _url(candidate: Candidate, process: "subprocess.Popen[bytes]", folder: Path) -> str:
    first = _first_line(process, folder)
    origin = first["url"].replace("http:", "ws:") if candidate is Candidate.OURS else f"ws://127.0.0.1:{first['port']}"
    return f"{origin}/media-stream"


def _first_line(process: "subprocess.Popen[bytes]", folder: Path) -> dict[str, str]:
    until = time.monotonic() + START_S
    while time.monotonic() < until and process.poll() is None:
        line, end, _ = (folder / "out").read_text().partition("\n")
        if end:
            told: dict[str, str] = json.loads(line)
            return told
        time.sleep(0.02)  # a process that starts has nothing to wait for but its file
    process.kill()
    raise RuntimeError(f"{process.args!r} did not come up:\n{(folder / 'err').read_text()}")

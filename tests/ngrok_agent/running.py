"""A stand-in that somebody else started: as a process beside us, with its API."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.ngrok_agent.install import TOKEN, install


@dataclass(frozen=True, slots=True)
class Running:
    """The process and where its API answers."""

    process: "subprocess.Popen[str]"
    api_url: str

    @property
    def alive(self) -> bool:
        return self.process.poll() is None


@contextmanager
def running_agent(folder: Path, **environment: str) -> Iterator[Running]:
    """An agent without tunnels; killed at the end."""
    folder.mkdir(exist_ok=True)
    config = folder / "ngrok.yml"
    config.write_text(f"version: '3'\nagent:\n  authtoken: {TOKEN}\n")
    command = [str(install(folder)), "start", "--none", "--log", "stdout", "--config", str(config)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=os.environ | environment, start_new_session=True
    ) as process:
        assert process.stdout is not None
        try:
            first = process.stdout.readline()
            for _ in range(2):
                process.stdout.readline()
            yield Running(process, "http://" + first.partition("addr=")[2].split()[0])
        finally:
            process.kill()

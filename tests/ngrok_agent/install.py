"""The stand-in as an executable named `ngrok`, and what tests want to know of it."""

import os
import shlex
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
TOKEN = "2abcDEFcanary0123456789_tokenTOKENtokenTOKEN12345"
NO_AGENT = "http://127.0.0.1:1"
"""for NGROK_API_URL in tests: there may be a real agent on this machine"""


def install(folder: Path) -> Path:
    """Write the executable into this folder; gives its path."""
    path = folder / "ngrok"
    root, python = shlex.quote(str(ROOT)), shlex.quote(sys.executable)
    path.write_text(f'#!/bin/sh\nPYTHONPATH={root} exec {python} -m tests.ngrok_agent "$@"\n')
    path.chmod(0o700)
    return path


def agents(under: Path) -> list[int]:
    """The pids of all stand-ins that were started with a configuration in this folder, wherever they are."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            words = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        if "tests.ngrok_agent" in words and any(word.startswith(str(under)) for word in words):
            found.append(int(entry.name))
    return found

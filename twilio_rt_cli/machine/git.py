"""What git, if it is there, makes of a file."""

import shutil
import subprocess
from enum import Enum
from pathlib import Path

_ANSWER_S = 3.0


class GitStatus(Enum):
    """How a file stands with git."""

    APART = "apart"
    """ignored, or there is no git and no repository"""
    WOULD_TAKE = "would take it"
    """not ignored: the next `git add .` takes it"""
    TRACKS = "tracks it"


def git_status(path: Path) -> GitStatus:
    """How this file stands, there or not. Where git cannot be asked, or does not answer, it is apart."""
    if _code("ls-files", "--error-unmatch", "--", path.name, folder=path.parent) == 0:
        return GitStatus.TRACKS
    ignored = _code("check-ignore", "--quiet", "--", path.name, folder=path.parent)
    return GitStatus.WOULD_TAKE if ignored == 1 else GitStatus.APART  # 0: ignored; 128: no repository


def _code(*words: str, folder: Path) -> int | None:
    git = shutil.which("git")
    if git is None:
        return None
    try:
        done = subprocess.run([git, "-C", str(folder), *words], capture_output=True, timeout=_ANSWER_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.returncode

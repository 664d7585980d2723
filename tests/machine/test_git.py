"""How a file stands with git, with a real one and with none."""

import subprocess
from pathlib import Path

import pytest

from twilio_rt_cli.machine.git import GitStatus, git_status


@pytest.fixture(name="path")
def _path(tmp_path: Path) -> Path:
    return tmp_path / ".env"


def git(path: Path, *words: str) -> None:
    subprocess.run(["git", "-C", str(path.parent), *words], check=True, capture_output=True)


def test_outside_of_a_repository_it_is_apart(path: Path) -> None:
    assert git_status(path) is GitStatus.APART


def test_git_would_take_what_is_not_ignored_there_or_not(path: Path) -> None:
    git(path, "init")
    assert git_status(path) is GitStatus.WOULD_TAKE
    path.touch()
    assert git_status(path) is GitStatus.WOULD_TAKE
    (path.parent / ".gitignore").write_text(".env\n")
    assert git_status(path) is GitStatus.APART


def test_what_git_has_is_tracked_though_it_is_ignored(path: Path) -> None:
    git(path, "init")
    path.touch()
    git(path, "add", ".env")
    (path.parent / ".gitignore").write_text(".env\n")
    assert git_status(path) is GitStatus.TRACKS


def test_without_git_or_with_one_that_cannot_run_it_is_apart(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(path, "init")
    monkeypatch.setenv("PATH", str(path.parent))
    assert git_status(path) is GitStatus.APART
    (path.parent / "git").write_text("#!/no/such/interpreter\n")
    (path.parent / "git").chmod(0o755)
    assert git_status(path) is GitStatus.APART

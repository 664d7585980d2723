"""The file on the disk: whole or not at all, and nothing but that file."""

import os
import resource
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from twilio_rt_cli.errors import ServerError, SettingsError
from twilio_rt_cli.init.env_file import check_writable, read, save

NOBODY = 65534


@pytest.fixture(name="path")
def _path(tmp_path: Path) -> Path:
    return tmp_path / ".env"


def test_a_new_file_is_for_its_owner_alone(path: Path) -> None:
    assert read(path) == b""
    save(path, {"PORT": "1"}, {"PORT": "port of the server"})
    assert path.read_bytes() == b"# port of the server\nPORT=1\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_an_old_file_that_others_could_read_is_closed(path: Path) -> None:
    path.write_bytes(b"PORT=1\r\n# mine\r\n")
    path.chmod(0o644)
    save(path, {"PORT": "2"}, {})
    assert path.read_bytes() == b"PORT=2\r\n# mine\r\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_somebody_wrote_meanwhile_is_kept(path: Path) -> None:
    path.write_text("PORT=1\n")
    assert read(path) == b"PORT=1\n"
    path.write_text("HOST=::1\nPORT=1\n")
    save(path, {"PORT": "2"}, {})
    assert path.read_text() == "HOST=::1\nPORT=2\n"


def test_a_link_that_came_meanwhile_is_neither_followed_nor_replaced(path: Path) -> None:
    elsewhere = path.parent / "elsewhere"
    elsewhere.write_text("PORT=1\n")
    path.symlink_to(elsewhere)
    with pytest.raises(SettingsError, match=r"^\.env is a link\.$"):
        save(path, {"PORT": "2"}, {})
    assert path.is_symlink()
    assert elsewhere.read_text() == "PORT=1\n"


def test_another_name_of_the_same_file_keeps_what_it_said(path: Path) -> None:
    path.write_text("PORT=1\n")
    (path.parent / "other").hardlink_to(path)
    save(path, {"PORT": "2"}, {})
    assert (path.parent / "other").read_text() == "PORT=1\n"


def test_many_at_once_all_find_what_the_others_wrote(path: Path) -> None:
    code = "import sys; from pathlib import Path; from twilio_rt_cli.init.env_file import save; "
    code += "sys.stdin.read(); save(Path(sys.argv[1]), {sys.argv[2]: 'x' * 2000}, {})"
    names = [f"NAME{number}" for number in range(6)]
    running = [subprocess.Popen([sys.executable, "-c", code, str(path), name], stdin=subprocess.PIPE) for name in names]
    for one in running:
        assert one.stdin is not None
        one.stdin.close()
    assert [one.wait(30) for one in running] == [0] * 6
    assert {line.partition("=")[0] for line in path.read_text().split()} == set(names)
    assert list(path.parent.iterdir()) == [path]


@contextmanager
def no_room() -> Iterator[None]:
    """As on a full disk: no file may become larger than this."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_when_there_is_no_room_the_old_file_stays(path: Path) -> None:
    path.write_text("PORT=1\n")
    with no_room(), pytest.raises(ServerError, match=r"^\.env cannot be written \(File too large\)\.$") as told:
        save(path, {"PORT": "2"}, {})
    assert told.value.hint == "Nothing was changed: what was there is still there."
    assert path.read_text() == "PORT=1\n"
    assert list(path.parent.iterdir()) == [path]


def test_where_nobody_may_write_it_is_told() -> None:
    with pytest.raises(ServerError, match=r"^\.env cannot be written \("):
        save(Path("/proc/self/task/.env"), {"PORT": "2"}, {})


@contextmanager
def somebody_else() -> Iterator[None]:
    """Root may write everywhere."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_folder_of_others_is_told_beforehand_and_what_cannot_be_read_too(path: Path) -> None:
    check_writable(path)
    path.write_text("PORT=1\n")
    path.chmod(0)
    path.parent.chmod(0o555)
    try:
        with somebody_else():
            with pytest.raises(ServerError, match=r"^\.env cannot be written: this folder is not yours to write to\.$"):
                check_writable(path)
            with pytest.raises(SettingsError, match=r"^\.env cannot be read \(Permission denied\)\.$"):
                read(path)
    finally:
        path.parent.chmod(0o755)


def test_a_value_that_cannot_stand_there_changes_nothing(path: Path) -> None:
    path.write_text("PORT=1\n")
    with pytest.raises(SettingsError):
        save(path, {"PORT": "2", "X": "\ud800"}, {})
    assert path.read_text() == "PORT=1\n"

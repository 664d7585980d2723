"""The notes about agents: private, believed only of the very process, and no other is ever touched."""

import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.machine.processes import stubborn_process
from twilio_rt_cli.machine.process import Process
from twilio_rt_cli.tunnel import orphans
from twilio_rt_cli.tunnel.orphans import Note

GONE = Process(2**22 - 1, "1")


@pytest.fixture
def child() -> Iterator["subprocess.Popen[bytes]"]:
    """A process that asks for more than a SIGTERM."""
    with stubborn_process() as process:
        yield process


def write(folder: Path, owner: Process, agent: Process | None) -> None:
    (folder / "agent.json").write_bytes(msgspec.json.encode(Note(owner, 5001, agent, "http://127.0.0.1:4040")))


def test_a_note_is_for_this_user_alone() -> None:
    folder = orphans.new_folder(5001)
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (folder, folder / "agent.json")]
    assert modes == [0o700, 0o600]


def test_an_agent_whose_owner_lives_is_no_orphan(child: "subprocess.Popen[bytes]") -> None:
    folder = orphans.new_folder(5001)
    orphans.note(folder, 5001, Process.of(child.pid), "http://127.0.0.1:4040")
    assert orphans.orphans() == []
    assert folder.exists()


def test_an_agent_whose_owner_is_gone_is_an_orphan(child: "subprocess.Popen[bytes]") -> None:
    folder = orphans.new_folder(5001)
    write(folder, GONE, Process.of(child.pid))
    [(found, note)] = orphans.orphans()
    assert (found, note.agent) == (folder, Process.of(child.pid))


@pytest.mark.parametrize("agent", [None, GONE])
def test_a_note_about_nobody_is_removed(agent: Process | None) -> None:
    folder = orphans.new_folder(5001)
    write(folder, GONE, agent)
    assert orphans.orphans() == []
    assert not folder.exists()


def test_a_later_process_with_the_same_number_is_not_the_agent(child: "subprocess.Popen[bytes]") -> None:
    folder = orphans.new_folder(5001)
    write(folder, GONE, Process(child.pid, "1"))
    assert orphans.orphans() == []


def test_a_fresh_folder_without_a_note_is_somebody_just_beginning() -> None:
    folder = orphans.new_folder(5001)
    (folder / "agent.json").unlink()
    assert orphans.orphans() == []
    assert folder.exists()


def test_without_a_state_folder_a_temporary_one_has_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    folder = orphans.new_folder(5001)
    assert folder.is_dir()
    assert orphans.orphans() == []
    orphans.remove(folder)
    assert not folder.exists()

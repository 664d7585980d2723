"""Private files: for this user alone, and there as a whole or not at all."""

import stat
from pathlib import Path

import pytest

from twilio_rt_cli.machine.private_file import private_file, write_private


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_files_are_for_this_user_alone(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    write_private(path, b"1")
    write_private(path, b"2")
    assert (path.read_bytes(), mode(path)) == (b"2", 0o600)
    assert list(tmp_path.iterdir()) == [path]


def test_one_that_is_run_may_be_one(tmp_path: Path) -> None:
    write_private(tmp_path / "run", b"#!/bin/sh\n", mode=0o700)
    assert mode(tmp_path / "run") == 0o700


def test_until_all_is_written_the_old_file_stands(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text("old")
    with private_file(path) as file:
        file.write("new")
        file.flush()
        assert path.read_text() == "old"
    assert path.read_text() == "new"


def test_what_fails_half_way_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text("old")

    def fail() -> None:
        with private_file(path) as file:
            file.write("half")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_is_replaced_and_what_it_leads_to_is_left_alone(tmp_path: Path) -> None:
    elsewhere, path = tmp_path / "elsewhere", tmp_path / "x.json"
    elsewhere.write_text("theirs")
    path.symlink_to(elsewhere)
    write_private(path, b"ours")
    assert (elsewhere.read_text(), path.read_text(), path.is_symlink()) == ("theirs", "ours", False)

"""The journal: private files that outlive the process, and are never overwritten when they cannot be read."""

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from twilio_rt_cli.errors import ServerError
from twilio_rt_cli.machine.process import Process
from twilio_rt_cli.numbers.journal import Journal, JournalEntry, now
from twilio_rt_cli.twilio_api import VoiceConfig

BEFORE = VoiceConfig(voice_url="https://prod.example.com/answer")
OURS = VoiceConfig(voice_url="https://ab12.ngrok.app/incoming-call")


def entry(sid: str = "PN1", **changes: object) -> JournalEntry:
    us = Process.current()
    made = JournalEntry(
        account_sid="AC1",
        number_sid=sid,
        phone_number="+14155550100",
        before=BEFORE,
        ours=OURS,
        until_exit=True,
        pid=us.pid,
        started_at=us.started_at,
        changed_at=now(),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "numbers")


def test_an_entry_is_read_as_it_was_written(journal: Journal) -> None:
    first = entry(beneath=entry(until_exit=False), earlier_url="https://old.example/incoming-call")
    journal.write(first)
    assert journal.load("PN1") == first
    assert journal.load("PN2") is None
    assert journal.entries() == [first]


def test_it_is_for_this_user_alone(journal: Journal) -> None:
    journal.write(entry())
    assert stat.S_IMODE(journal.path("PN1").stat().st_mode) == 0o600
    assert stat.S_IMODE(journal.folder.stat().st_mode) == 0o700


def test_it_lies_in_the_state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert Journal().path("PN1") == tmp_path / "twilio-rt" / "numbers" / "PN1.json"


def test_what_a_process_that_is_gone_left_behind(journal: Journal) -> None:
    mine, lasting = entry("PN1"), entry("PN2", until_exit=False, started_at="1")
    left, another = entry("PN3", started_at="1"), entry("PN4", started_at="1", account_sid="AC2")
    for one in (mine, lasting, left, another):
        journal.write(one)
    assert journal.left_behind("AC1") == [left]
    assert (mine.held, lasting.held, left.held) == (True, False, False)


def test_only_the_entry_itself_is_removed(journal: Journal) -> None:
    old, new = entry(), entry(changed_at="2026-11-23T00:00:00Z")
    journal.write(new)
    journal.remove(old)
    assert journal.load("PN1") == new
    journal.remove(new)
    journal.remove(new)
    assert journal.entries() == []


def test_a_change_beneath_comes_to_the_top(journal: Journal) -> None:
    lasting = entry(until_exit=False)
    top = entry(beneath=lasting)
    journal.write(top)
    journal.remove(top)
    assert journal.load("PN1") == lasting


@pytest.mark.parametrize("text", ["{", "{}", '{"v": 2}', "null"])
def test_a_file_that_cannot_be_read_is_told_and_kept(text: str, journal: Journal) -> None:
    journal.path("PN1").write_text(text)
    assert journal.entries() == []
    assert journal.unreadable() == [journal.path("PN1")]
    with pytest.raises(ServerError, match="may hold the number's old webhook"):
        journal.load("PN1")
    assert journal.path("PN1").read_text() == text


def test_another_numbers_file_is_none_of_this_one(journal: Journal) -> None:
    journal.write(entry("PN1"))
    journal.path("PN1").rename(journal.path("PN2"))
    assert journal.unreadable() == [journal.path("PN2")]


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ServerError, match="The state folder cannot be made"):
        Journal(tmp_path / "file" / "numbers")

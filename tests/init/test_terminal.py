"""Answers as they were meant, and lines that fit."""

from pathlib import Path

import pytest

from tests.init.person import at_the_terminal
from tests.nursery.nursery import Nursery
from twilio_rt_cli.doctor.finding import failed, ok
from twilio_rt_cli.init.terminal import cleaned, show_findings


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("  sk-1 \n", "sk-1"),
        ("OPENAI_API_KEY=sk-1\n", "sk-1"),
        ("export OPENAI_API_KEY='sk-1'\n", "sk-1"),
        ('openai_api_key="sk-1"\r\n', "sk-1"),
        ("'\n", "'"),
        ("OPENAI_API_KEYS=sk-1\n", "OPENAI_API_KEYS=sk-1"),
        ("\n", ""),
    ],
)
def test_whole_lines_of_other_files_are_understood(typed: str, meant: str) -> None:
    assert cleaned("OPENAI_API_KEY", typed) == meant


def test_findings_are_told_in_lines_of_80_columns(capsys: pytest.CaptureFixture[str]) -> None:
    show_findings([ok("x", "All is well. " * 9), failed("x", "It is \x1b[31mnot.", "Look\nelsewhere. " * 7)])
    told = capsys.readouterr().err.splitlines()
    assert max(map(len, told)) <= 80
    assert told[0].startswith("✓ All")
    assert told[1].startswith("  ")
    assert told[2] == "✗ It is \\x1b[31mnot."
    assert told[3] == "  → Look"


def test_bytes_of_another_encoding_are_asked_for_again(nursery: Nursery, tmp_path: Path) -> None:
    with at_the_terminal(nursery, tmp_path, TWILIO_API_URL="http://127.0.0.1:9") as person:
        for name in ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"):
            person.sees(f"{name}:")
            person.glass.press(b"AC\xe9\r")
            person.sees("That is no UTF-8 text.")
            person.answers(name, "AC1")
        person.sees("TWILIO_ACCOUNT_SID [AC1]:")
        person.glass.press("\x03")
        person.ends(130)
    assert list(tmp_path.iterdir()) == []

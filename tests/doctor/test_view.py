"""What `doctor` shows."""

import pytest

from twilio_rt_cli.doctor.finding import failed, ok, skipped, warning
from twilio_rt_cli.doctor.view import as_object, lines, show
from twilio_rt_cli.output.exit_codes import CREDENTIALS

FINDINGS = [
    ok("model", "It took our session."),
    warning("env-file", "Others can read it.", "chmod 600 .env"),
    failed("twilio-account", "Twilio does not take these credentials (Twilio 20003).", "Check them.", CREDENTIALS),
    skipped("origin", "Nobody knows one."),
]


def test_a_line_each_and_what_to_do_below() -> None:
    assert lines(FINDINGS, None) == [
        "✓ model           It took our session.",
        "! env-file        Others can read it.",
        "                  → chmod 600 .env",
        "✗ twilio-account  Twilio does not take these credentials (Twilio 20003).",
        "                  → Check them.",
        "– origin          Nobody knows one.",
        "",
        "Something stands in the way of calls: 1 ok, 1 warning, 1 failure, 1 skipped.",
    ]


@pytest.mark.parametrize("width", [30, 50, 60, 80, 200])
def test_it_fits_into_the_terminal(width: int) -> None:
    made = lines(FINDINGS, width)
    assert all(len(line) <= width for line in made[:-1])
    words = " ".join(made).split()
    assert "20003)." in words
    assert "twilio-account" in words or "twilio-account:" in words


def test_colours_are_in_the_sign_alone() -> None:
    assert lines(FINDINGS[:1], 80, coloured=True)[0] == "\x1b[32m✓\x1b[0m model  It took our session."


def test_a_stranger_has_no_power_over_the_terminal() -> None:
    assert "\x1b" not in "".join(lines([ok("model", "a\x1b[2Jb")], 80))


def test_the_object() -> None:
    made = as_object(FINDINGS)
    assert (made["ok"], made["exit_code"]) == (False, 4)
    assert made["checks"] == [
        {"name": one.name, "state": one.state.value, "told": one.message, "hint": one.hint or None} for one in FINDINGS
    ]


def test_off_a_terminal_it_is_plain(capsys: pytest.CaptureFixture[str]) -> None:
    show(FINDINGS, json=False)
    assert capsys.readouterr() == ("\n".join(lines(FINDINGS, None)) + "\n", "")

"""What people may see of secrets, tokens and numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twilio_rt_cli.call.notices import AgentTurn, CallerTurn, CallTrouble, SpokenItem
from twilio_rt_cli.output.redaction import Redactor, masked_number, masked_secret, printable


def test_a_secret_shows_its_first_eight_and_last_four() -> None:
    assert masked_secret("sk-proj-0123456789ab9f2a") == "sk-proj-…9f2a"


def test_a_short_secret_shows_nothing() -> None:
    assert masked_secret("hunter2hunter2") == "••••"


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("+14155550142", "••••0142"),
        ("+1 (415) 555-0142", "••••0142"),
        ("sip:+14155550142@x.example", "••••0142"),
        ("anonymous", "anonymous"),
        ("client:bob", "client:bob"),
        ("", ""),
    ],
)
def test_a_number_shows_its_last_four_digits(number: str, shown: str) -> None:
    assert masked_number(number) == shown
    assert Redactor().number(number) == shown
    assert Redactor(show_numbers=True).number(number) == number


def test_text_hides_numbers_unless_shown_on_request() -> None:
    text = "from +14155550142 to %2B442071838750, in 20 ms at 2026-11-23T12:03:58+0000"
    assert Redactor().text(text) == "from ••••0142 to ••••8750, in 20 ms at 2026-11-23T12:03:58+0000"
    assert Redactor(show_numbers=True).text(text) == text


def test_text_hides_secrets_and_stream_tokens_always() -> None:
    redactor = Redactor(["0123456789abcdef0123456789abcdef", ""], show_numbers=True)
    text = "GET /media-stream/aB3_x-9?y=1 token 0123456789abcdef0123456789abcdef, Authorization: Bearer abc.def"
    assert redactor.text(text) == "GET /media-stream/…?y=1 token 01234567…cdef, Authorization: Bearer …"


def test_control_characters_have_no_power() -> None:
    assert printable("a\x1b[2Jb\r\n\x9bc é") == "a\\x1b[2Jb  \\x9bc é"


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("plain", "plain"),
        ("a\x1b[2Jb", "a\\x1b[2Jb"),
        ("two\nlines\tand a tab", "two lines and a tab"),
        ("\x9b31m\x07\x7f", "\\x9b31m\\x07\\x7f"),
        ("\u202eturned", "\\u202eturned"),
        ("a\u2028b\u00a0c", "a b c"),
        ("\udc80", "\\udc80"),
        ("\U000e0041", "\\U000e0041"),
        ("👩\u200d⚕\ufe0f", "👩⚕"),
        ("日本語 naïve", "日本語 naïve"),
    ],
)
def test_nothing_has_power_over_the_terminal(raw: str, shown: str) -> None:
    assert printable(raw) == shown


@given(st.text(max_size=60))
def test_what_is_shown_is_printable_and_never_an_escape(text: str) -> None:
    assert printable(text).isprintable()


def test_a_notice_is_told_without_secrets_and_with_what_was_said() -> None:
    redactor = Redactor(["sk-canary-0123456789abcdef"])
    trouble = CallTrouble("model", "x", "Authorization: Bearer sk-canary-0123456789abcdef was refused")
    assert "canary-0123" not in redactor.redacted(trouble).message
    said = CallerTurn("my number is +14155550142")
    assert redactor.redacted(said) == said


def test_secrets_are_hidden_in_the_parts_of_a_notice_too() -> None:
    secret = "sk-proj-0123456789ab9f2a"
    turn = AgentTurn(secret, 1.5, items=(SpokenItem("a", f"It is {secret}."),), unheard=(secret, "b"))
    shown = "sk-proj-…9f2a"
    assert Redactor([secret]).redacted(turn) == AgentTurn(
        shown, 1.5, items=(SpokenItem("a", f"It is {shown}."),), unheard=(shown, "b")
    )

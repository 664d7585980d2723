"""What the voice is given to read, for what agents write."""

import pytest

from twilio_rt_cli.engine.speech_text import speech_text


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Call +1 555 010 0199.", "Call plus one, five five five, zero one zero, zero one nine nine."),
        ("(415) 555-0123", "four one five, five five five, zero one two three"),
        ("+15550100199", "plus one, five five five, zero one zero, zero one nine nine"),
        ("Order 20261124", "Order two, zero two six, one one two four"),
        ("0800 123 4567", "zero eight zero zero, one two three, four five six seven"),
        ("Code AB12CD", "Code A, B, one, two, C, D"),
        ("at 14:30 or 09:30 or 00:15", "at 2:30 PM or 09:30 or 12:15 AM"),
        ("10:30-11:00", "10:30 to 11:00"),
        ("2026-11-24T10:30:00Z", "2026-11-24 at 10:30"),
        ("Mon-Fri, Sat, and Thurs. at 3", "Monday to Friday, Saturday, and Thursday at 3"),
        ("On Tue. We close.", "On Tuesday. We close."),
        ("**Bold** and _soft_ `code`", "Bold and soft code"),
        ("## Hours\n- first\n* second", "Hours\nfirst\nsecond"),
        ("See [our page](https://example.com).", "See our page."),
        ("See https://www.example.com/book.", "See example dot com slash book."),
        ("jane.doe@example.org", "jane dot doe at example dot org"),
    ],
)
def test_is_said_as_people_say_it(written: str, said: str) -> None:
    assert speech_text(written) == said


@pytest.mark.parametrize(
    "text",
    ["It is 10:30 am on 2026-11-24.", "That is $1,234,567.50, 10% off.", "Sun is shining, and I sat down.", "Room 101",
     "The monthly fee", "Doctor Wedding", "B2B and 3rd"],
)  # fmt: skip
def test_what_the_voice_reads_well_is_left_alone(text: str) -> None:
    assert speech_text(text) == text


@pytest.mark.parametrize("text", ["", " \n", "...", "—", "🙂", "** **"])
def test_nothing_to_say_is_nothing(text: str) -> None:
    assert speech_text(text) == ""

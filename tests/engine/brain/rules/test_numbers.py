"""Number words become digits."""

import pytest

from twilio_rt_cli.engine.brain.rules.numbers import with_digits


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("Tuesday at three thirty", "Tuesday at 3 30"),
        ("the twenty-first of May", "the 21st of May"),
        ("twenty five dollars", "25 dollars"),
        ("the third", "the 3rd"),
        ("one hundred and twenty five people", "125 people"),
        ("two thousand", "2000"),
        ("one two three four", "1 2 3 4"),
        ("someone is alone", "someone is alone"),
        ("twenty one thousand", "21000"),
    ],
)
def test_number_words_become_digits(said: str, written: str) -> None:
    assert with_digits(said) == written

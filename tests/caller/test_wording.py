import pytest

from twilio_rt_cli.caller.wording import contains_words, normal


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("Thursday, at 2:00 p.m.!", "thursday at two pm"),
        ("2:30 PM", "two thirty pm"),
        ("It's 45 dollars", "its forty five dollars"),
        ("It’s $1,250", "its one thousand two hundred fifty dollars"),
        ("the 24th, the 12th and the 30th", "the twenty fourth the twelfth and the thirtieth"),
        ("room 007", "room zero zero seven"),
        ("call 5550142", "call five five five zero one four two"),
        ("18 and 80", "eighteen and eighty"),
        ("100%", "one hundred percent"),
        ("forty-five", "forty five"),
    ],
)
def test_a_text_is_compared_as_it_sounds(written: str, spoken: str) -> None:
    assert normal(written) == spoken


def test_the_words_must_come_whole_and_in_order() -> None:
    heard = "Yes, Thursday at two in the afternoon is free. Your phone number?"

    assert contains_words(heard, "thursday at 2")
    assert contains_words(heard, "FREE")
    assert not contains_words(heard, "one")  # of "phone"
    assert not contains_words(heard, "two at thursday")

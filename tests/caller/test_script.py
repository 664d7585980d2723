from tests.caller.scripts import utterances
from tests.caller.sounds import tone
from twilio_rt_cli.caller.script import (
    BargeIn,
    Dtmf,
    HangUp,
    Say,
    Utterance,
    WaitAnswer,
    WaitGreeting,
    default_script,
    staying_on,
    turns_script,
    with_interruptions,
    with_keys,
)

FIRST, SECOND, WELL = (Utterance(text, tone(100)) for text in ("first", "second", "well"))


def kinds(script: tuple[object, ...]) -> list[str]:
    return [type(step).__name__ for step in script]


def test_the_default_script_asks_is_answered_interrupts_and_says_goodbye() -> None:
    script = default_script(lambda text: text.encode())

    assert kinds(script) == [
        *("WaitGreeting", "Say", "WaitAnswer", "Say", "BargeIn", "WaitAnswer", "Say", "WaitAnswer", "HangUp")
    ]
    assert all(words.audio == words.text.encode() for words in utterances(script))


def test_every_turn_is_said_and_its_answer_heard() -> None:
    script = turns_script([FIRST, SECOND])

    assert script[1:] == (Say(FIRST), WaitAnswer(), Say(SECOND), WaitAnswer(), HangUp())
    assert script[0] == WaitGreeting(limit_s=6, required=False)


def test_interruptions_cut_every_answer_even_the_last() -> None:
    script = with_interruptions(turns_script([FIRST, SECOND]), WELL)

    assert script[1:] == (
        Say(FIRST),
        BargeIn(SECOND),
        BargeIn(WELL),
        WaitAnswer(limit_s=8, required=False),
        HangUp(),
    )


def test_the_answer_to_keys_is_not_interrupted() -> None:
    script = with_interruptions(with_keys(turns_script([FIRST]), "12"), WELL)

    assert kinds(script) == ["WaitGreeting", "Dtmf", "WaitAnswer", "Say", "BargeIn", "WaitAnswer", "HangUp"]
    assert script[1] == Dtmf("12")


def test_who_stays_on_does_not_hang_up() -> None:
    assert HangUp() not in staying_on(turns_script([FIRST]))

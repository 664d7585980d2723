"""Courtesies, and texts that instructions want spoken."""

import pytest

from twilio_rt_cli.engine.brain.rules.small_talk import greeting, requested_text, small_talk


@pytest.mark.parametrize(
    ("instructions", "text"),
    [
        ('Say exactly: "Hello, this is Blue Door."', "Hello, this is Blue Door."),
        ('Say exactly this to the caller, and nothing else: "Hello."', "Hello."),
        ("Greet the caller with: Hello, thanks for calling.", "Hello, thanks for calling."),
        (
            "Greet the user with 'Hello there! I'm a voice. How can I help?'",
            "Hello there! I'm a voice. How can I help?",
        ),
        ("Greet the user with “Welcome.”", "Welcome."),
        ("Please say: we are closed today.", "we are closed today."),
        ("Be brief and kind.", None),
        ('The shop is called "Blue Door".', None),
        ("What did you say?", None),
        ("", None),
    ],
)
def test_texts_to_be_spoken_are_found(instructions: str, text: str | None) -> None:
    assert requested_text(instructions) == text


def test_the_greeting_may_stand_in_the_prompt() -> None:
    assert greeting('You are kind.\nGreet callers with "Blue Door, good day!"') == "Blue Door, good day!"
    assert greeting("You are kind.") == "Hello! How can I help you?"


@pytest.mark.parametrize(
    ("said", "reply"),
    [
        ("Are you a robot?", "I am the offline engine"),
        ("Who am I speaking with?", "I am the offline engine"),
        ("Can you repeat that, please?", "It is noon."),
        ("Thank you very much, that is all. Goodbye.", "You're welcome. Goodbye!"),
        ("Good-by.", "Goodbye! Thank you for calling."),
        ("Bye!", "Goodbye! Thank you for calling."),
        ("Thanks a lot.", "You're welcome. Is there anything else?"),
        ("Hello?", "Hello! How can I help you?"),
        ("Can you hear me?", "Yes, I can hear you."),
        ("No.", "All right. Goodbye!"),
        ("What can you do?", "I can call tools"),
    ],
)
def test_courtesies_are_answered(said: str, reply: str) -> None:
    assert str(small_talk(said, "It is noon.")).startswith(reply)


@pytest.mark.parametrize("said", ["What are your opening hours?", "I want rye bread.", ""])
def test_all_else_is_left_to_others(said: str) -> None:
    assert small_talk(said, "It is noon.") is None

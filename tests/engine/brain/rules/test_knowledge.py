"""Answers read from the prompt."""

import pytest

from twilio_rt_cli.engine.brain.rules.knowledge import answer, facts, topics

PROMPT = """# Who you are
You are the receptionist of Blue Door, a small bakery. Always be brief.

# Opening hours
- Monday to Friday: seven in the morning to six in the evening.
- Saturday: eight to two.
- Never promise a time on Sunday.

# Our bread
We bake **rye bread**, white rolls and [cakes](https://example.com) to order.
A rye loaf costs six
dollars. If the caller asks for gluten-free bread, say that we have none.

Address: twelve Mill Lane, next to the church.
"""


@pytest.mark.parametrize(
    ("question", "said"),
    [
        (
            "What are your opening hours?",
            "Monday to Friday: seven in the morning to six in the evening. Saturday: eight",
        ),
        ("When are you open?", "Monday to Friday: seven"),
        ("How much is a loaf of rye bread?", "A rye loaf costs six dollars."),
        ("Do you bake cakes?", "We bake rye bread, white rolls and cakes to order."),
        ("Where are you located?", "Address: twelve Mill Lane"),
    ],
)
def test_the_line_that_shares_the_words_is_read(question: str, said: str) -> None:
    assert said in str(answer(PROMPT, question))


def test_a_question_of_two_parts_gets_both_answers() -> None:
    said = str(answer(PROMPT, "What are your opening hours, and where are you located?"))
    assert said.startswith("Monday to Friday")
    assert "Mill Lane" in said


@pytest.mark.parametrize("question", ["", "Thank you!", "Do you repair bicycles?", "Tell me a story."])
def test_what_the_prompt_does_not_say_is_not_answered(question: str) -> None:
    assert answer(PROMPT, question) is None


def test_orders_to_the_agent_are_not_read_aloud() -> None:
    read = " ".join(fact.text for fact in facts(PROMPT))
    for order in ("You are", "Always", "Never", "If the caller", "**", "https"):
        assert order not in read


def test_topics_are_the_headings_with_facts() -> None:
    assert topics(PROMPT) == ["opening hours", "our bread"]

"""Decisions: what is said or called, given a conversation."""

import json

import pytest

from tests.engine.brain.rules.toolbox import ALL, AVAILABILITY, MONDAY, TABLE, WEATHER
from twilio_rt_cli.engine.brain.rules import RuleBrain
from twilio_rt_cli.engine.session.config import FunctionChoice, FunctionTool, ToolChoice
from twilio_rt_cli.engine.session.prompt import CallTools, Prompt, Said, Say, ToolAnswered, ToolCalled, Turn

PROMPT = "# Hours\nWe are open from nine to five.\n# Bread\nRye bread costs six dollars."


def decided(
    *turns: Turn | str,
    tools: tuple[FunctionTool, ...] = (),
    choice: ToolChoice = "auto",
    request: str | None = None,
    instructions: str = PROMPT,
) -> str | list[tuple[str, object]]:
    """The text that is said, or the calls with their arguments. Bare texts are the caller's and the agent's in turn."""
    conversation: list[Turn] = []
    for turn in turns:
        if isinstance(turn, str):
            before = conversation[-1] if conversation else None
            caller = not (isinstance(before, Said) and before.speaker == "caller")
            conversation.append(Said("caller" if caller else "agent", turn))
        else:
            conversation.append(turn)
    decision = RuleBrain().decide(Prompt(instructions, request, tuple(conversation), tools, choice), MONDAY)
    match decision:
        case Say(text):
            return text
        case CallTools(calls):
            return [(call.name, json.loads(call.arguments)) for call in calls]


CALLED = ToolCalled("call_1", "check_availability", '{"date":"2026-11-24","time":"15:00"}')
TUESDAY_AT_THREE = ("check_availability", {"date": "2026-11-24", "time": "15:00"})


def test_a_complete_request_calls_the_tool() -> None:
    assert decided("Is Tuesday at three free?", tools=(AVAILABILITY,)) == [TUESDAY_AT_THREE]


def test_what_is_missing_is_asked_for_and_then_the_tool_is_called() -> None:
    asked = decided("I need an appointment.", tools=(AVAILABILITY,))
    assert asked == "Sure. For which day and at what time?"
    more = decided("I need an appointment.", asked, "On Tuesday.", tools=(AVAILABILITY,))
    assert more == "Sure. At what time?"
    turns = ("I need an appointment.", asked, "On Tuesday.", more, "Three.")
    assert decided(*turns, tools=(AVAILABILITY,)) == [TUESDAY_AT_THREE]


def test_one_thing_is_asked_after_the_other() -> None:
    turns: list[str] = ["Book a table for tomorrow at eight p.m."]
    for answer in ("Four people.", "Anna Jones."):
        asked = decided(*turns, tools=(TABLE,))
        assert isinstance(asked, str)
        turns += [asked, answer]
    expected = {"date": "2026-11-24", "time": "20:00", "party_size": 4, "name": "Anna Jones"}
    assert decided(*turns, tools=(TABLE,)) == [("book_table", expected)]


def test_a_caller_may_leave_a_question_unanswered() -> None:
    asked = "Sure. For which day and at what time?"
    assert decided("I need an appointment.", asked, "Goodbye.", tools=(AVAILABILITY,)) == (
        "Goodbye! Thank you for calling."
    )


def test_a_question_that_was_cut_off_is_still_understood() -> None:
    turns = ("I need an appointment on Tuesday.", "Sure. At what", "At three.")
    assert decided(*turns, tools=(AVAILABILITY,)) == [TUESDAY_AT_THREE]


def test_what_is_said_in_two_turns_is_one_request() -> None:
    turns = (Said("caller", "Is there a free appointment"), Said("caller", "on Tuesday at three?"))
    assert decided(*turns, tools=(AVAILABILITY,)) == [TUESDAY_AT_THREE]


def test_two_requests_call_two_tools() -> None:
    said = "What's the weather in Paris, and where is my order 5512?"
    assert decided(said, tools=ALL) == [("get_weather", {"city": "Paris"}), ("order_status", {"order_number": "5512"})]


def test_a_follow_up_keeps_the_last_arguments() -> None:
    turns = (Said("caller", "Is Tuesday at three free?"), CALLED, ToolAnswered("call_1", "no"), Said("agent", "No."))
    assert decided(*turns, Said("caller", "And on Wednesday?"), tools=(AVAILABILITY,)) == [
        ("check_availability", {"date": "2026-11-25", "time": "15:00"})
    ]


def test_an_output_is_told() -> None:
    turns = (Said("caller", "Is Tuesday at three free?"), CALLED, ToolAnswered("call_1", '{"message":"Yes, it is."}'))
    assert decided(*turns, tools=(AVAILABILITY,)) == "Yes, it is."


def test_several_outputs_are_told_together() -> None:
    turns = (CALLED, CALLED, ToolAnswered("call_1", "One"), ToolAnswered("call_2", "Two"))
    assert decided(Said("caller", "Both?"), *turns) == "One. Two."


def test_an_output_is_told_once() -> None:
    turns = (CALLED, ToolAnswered("call_1", "no"), Said("agent", "No."), Said("caller", "Thanks."))
    assert decided(*turns) == "You're welcome. Is there anything else?"


@pytest.mark.parametrize("choice", ["none"])
def test_no_tool_when_none_may_be_called(choice: ToolChoice) -> None:
    assert "I heard" in str(decided("Is Tuesday at three free?", tools=(AVAILABILITY,), choice=choice))


def test_a_tool_must_be_called_when_one_is_required() -> None:
    assert decided("Hello.", tools=(AVAILABILITY,), choice="required") == [("check_availability", {})]
    assert decided("Weather in Rome?", tools=ALL, choice="required") == [("get_weather", {"city": "Rome"})]


def test_the_named_tool_is_called() -> None:
    chosen = decided("Is Tuesday at three free?", tools=(WEATHER, AVAILABILITY), choice=FunctionChoice("get_weather"))
    assert isinstance(chosen, list)
    assert chosen[0][0] == "get_weather"


def test_a_response_says_what_it_is_asked_to() -> None:
    assert decided(request='Say exactly: "Blue Door, hello."') == "Blue Door, hello."
    assert decided("Hello.", "Hi.", request="Greet the caller with: Good day, sir.") == "Good day, sir."
    assert decided("Greet the user with 'Hello there.'") == "Hello there."


def test_without_a_word_the_agent_greets() -> None:
    assert decided() == "Hello! How can I help you?"


def test_the_prompt_answers() -> None:
    assert decided("When are you open?") == "We are open from nine to five."
    assert "Rye bread is sold out." in str(decided("What about rye bread?", request="Rye bread is sold out."))


def test_silence_is_not_understood() -> None:
    assert decided(Said("caller", "")) == "Sorry, I did not catch that. Are you still there?"


def test_the_first_fallback_says_that_rules_are_at_work_and_what_may_be_asked() -> None:
    first = str(decided("Sing a song.", tools=(WEATHER,)))
    assert first.startswith("I heard: Sing a song. I am the offline engine: I follow rules")
    assert "weather" in first
    assert "bread" in first
    again = decided("Sing a song.", first, "Dance a dance.", tools=(WEATHER,))
    assert again == "I heard: Dance a dance. I have no rule for that."

"""Keys on the phone: what the caller is told of them, and the tools that take them."""

import pytest

from tests.engine.brain.rules.test_decision import decided
from tests.engine.brain.rules.toolbox import ALL, AVAILABILITY, ORDER, tool
from twilio_rt_cli.engine.brain.rules.keys import call_with_keys, keys_sentence, pressed_keys, with_keys_typed
from twilio_rt_cli.engine.session.config import FunctionChoice, FunctionTool
from twilio_rt_cli.engine.session.prompt import Said, ToolCall

NOTE = "The caller pressed these keys on the phone: "
STRING = {"type": "string"}
MENU = tool("choose_menu", "Go on in the menu.", ("option",), option={"type": "string", "enum": ["1", "2"]})
PIN = tool("verify_pin", "See whether the PIN is right.", ("pin",), pin=STRING)
COUNT = tool("press", "Take keys.", ("digits",), digits={"type": "integer"})
LOGIN = tool("log_in", "Log in.", ("pin", "name"), pin=STRING, name=STRING)


def test_the_caller_is_told_which_keys_were_heard() -> None:
    prompt = "Payment is due in thirty days. You can pay with your phone. These keys open three doors."
    said = decided(f"{NOTE}123", instructions=prompt, tools=ALL)
    assert said == "You pressed one, two, three. How can I help you?"
    assert keys_sentence("0*#") == "You pressed zero, star, pound."


def test_keys_pressed_one_after_the_other_are_told_together() -> None:
    said = decided(Said("caller", f"{NOTE}1"), Said("caller", f"{NOTE}2"))
    assert said == "You pressed one, two. How can I help you?"


def test_keys_do_not_stand_for_a_time_of_day_after_a_tool() -> None:
    turns = ("Is Tuesday at three free?", "Yes, that is free.", f"{NOTE}4")
    assert decided(*turns, tools=(AVAILABILITY,)) == "You pressed four. How can I help you?"


def test_keys_answer_the_question_for_a_number() -> None:
    asked = decided("Where is my order?", tools=(ORDER,))
    assert asked == "Sure. Could you tell me the order number?"
    calls = decided("Where is my order?", asked, f"{NOTE}4711#", tools=(ORDER,))
    assert calls == [("order_status", {"order_number": "4711"})]


def test_keys_beside_words_are_part_of_them() -> None:
    said = Said("caller", "What is the status of my order number")
    assert decided(said, Said("caller", f"{NOTE}4711"), tools=(ORDER,)) == [("order_status", {"order_number": "4711"})]
    assert with_keys_typed(f"My code is {NOTE}12#") == "My code is 12"
    assert pressed_keys(f"My code is {NOTE}12#") == ""


@pytest.mark.parametrize(
    ("taker", "keys", "arguments"),
    [(MENU, "2", '{"option":"2"}'), (PIN, "0042#", '{"pin":"0042"}'), (COUNT, "17", '{"digits":17}')],
)
def test_a_tool_that_is_about_keys_takes_them(taker: FunctionTool, keys: str, arguments: str) -> None:
    assert call_with_keys((*ALL, taker), keys) == ToolCall(taker.name, arguments)


@pytest.mark.parametrize(("other", "keys"), [(MENU, "3"), (PIN, "#"), (COUNT, "1*"), (LOGIN, "12"), (ORDER, "12")])
def test_no_other_tool_takes_them(other: FunctionTool, keys: str) -> None:
    assert call_with_keys((other,), keys) is None


def test_a_tool_is_called_with_the_keys_also_when_it_is_forced() -> None:
    assert decided(f"{NOTE}12", tools=(PIN,)) == [("verify_pin", {"pin": "12"})]
    forced = decided(f"{NOTE}12", tools=(MENU, PIN), choice=FunctionChoice("verify_pin"))
    assert forced == [("verify_pin", {"pin": "12"})]

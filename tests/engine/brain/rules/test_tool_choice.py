"""The tool that a caller's words ask for."""

import pytest

from tests.engine.brain.rules.toolbox import ALL, MONDAY
from twilio_rt_cli.engine.brain.rules.tool_choice import choose


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("Do you have anything free on Tuesday at three?", "check_availability"),
        ("I'd like to book an appointment.", "check_availability"),
        ("Can I come by tomorrow at ten?", "check_availability"),
        ("What's the weather in Boston?", "get_weather"),
        ("Will it rain in Paris?", "get_weather"),
        ("Where is my package 5512?", "order_status"),
        ("Please put me through to billing.", "transfer_call"),
        ("Can I talk to a real person?", "transfer_call"),
        ("Roll the dice.", "roll_dice"),
        ("What are your opening hours?", None),
        ("Goodbye.", None),
        ("Tell me a story.", None),
        ("", None),
    ],
)
def test_the_words_choose_the_tool(said: str, name: str | None) -> None:
    chosen = choose(ALL, said, MONDAY)
    assert (chosen.tool.name if chosen else None) == name

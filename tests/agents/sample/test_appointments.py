"""The bundled business: prompt, greeting and appointment tool belong together."""

import asyncio
import json
import re
from datetime import date, timedelta

from twilio_rt_cli.agents.sample.appointments import GREETING, check_appointment, sample_prompt
from twilio_rt_cli.agents.tool_files import load
from twilio_rt_cli.tools.registry import ToolBox
from twilio_rt_cli.tools.runner import ToolRunner


def coming(weekday: int) -> date:
    """A day of next week or the week after, Monday being 0."""
    monday = date.today() + timedelta(days=7 - date.today().weekday() + 7)
    return monday + timedelta(days=weekday)


def ask(**arguments: str) -> dict[str, object]:
    outcome = asyncio.run(ToolRunner(ToolBox((check_appointment,))).run("check_appointment", json.dumps(arguments)))
    assert outcome.ok, outcome.error
    answer: dict[str, object] = json.loads(outcome.output)
    return answer


def test_the_tool_tells_free_from_taken_on_the_real_calendar() -> None:
    assert ask(day=coming(0).isoformat(), at="11:00")["free"] is True
    assert ask(day=coming(0).isoformat(), at="10:00")["free"] is False
    assert ask(day=coming(0).isoformat())["free_times"] == ["11:00", "12:00", "13:00", "16:00", "17:00"]
    assert ask(day=coming(6).isoformat())["next_day"] == coming(7).isoformat()
    assert ask(day="2001-01-01")["today"] == date.today().isoformat()


def test_the_tool_says_what_it_is_for() -> None:
    definition = check_appointment.definition
    assert "appointment" in definition.description
    assert definition.parameters["required"] == ["day"]
    properties = definition.parameters["properties"]
    assert isinstance(properties, dict)
    assert set(properties) == {"day", "at"}
    assert all("description" in one for one in properties.values())


def test_the_prompt_is_bundled_and_names_the_tools_and_the_business() -> None:
    prompt = sample_prompt()
    assert prompt.startswith("# Who you are")
    unnamed = [one.name for one in load("sample").definitions if f"`{one.name}`" not in prompt]
    assert unnamed == [], "agents/sample/prompt.md: say when the agent uses it"
    assert "Copper Wheel" in prompt
    assert "Copper Wheel" in GREETING


def test_every_fact_of_the_prompt_can_be_read_out() -> None:
    facts = sample_prompt().partition("# What you know")[2].partition("\n# ")[0]
    sentences = [line.removeprefix("- ") for line in facts.splitlines() if line and not line.startswith("## ")]
    assert len(sentences) >= 12
    assert all(re.fullmatch(r"[A-Z][A-Za-z ,'-]+\.", sentence) for sentence in sentences)


def test_the_greeting_is_short() -> None:
    assert len(GREETING.split()) <= 20

"""An agent, and who answers which call."""

import hashlib

from twilio_rt_cli.agents.agent import Agent, OneForAll
from twilio_rt_cli.agents.sample.appointments import check_appointment
from twilio_rt_cli.tools.registry import ToolBox


def agent(prompt: str = "You answer.") -> Agent:
    tools = ToolBox((check_appointment,))
    return Agent(name="sample", prompt=prompt, greeting="", tools=tools, model="m", voice="v")


def test_a_version_of_the_prompt_is_known_by_its_hash() -> None:
    assert agent().prompt_sha256 == hashlib.sha256(b"You answer.").hexdigest()
    assert agent("You listen.").prompt_sha256 != agent().prompt_sha256


def test_an_agent_names_its_tools() -> None:
    assert agent().tool_names == ("check_appointment",)


def test_one_agent_answers_whatever_number_was_dialled() -> None:
    one = agent()
    agents = OneForAll(one)
    assert [agents.answering(number) for number in ("", "+14155550100")] == [one, one]
    assert agents.everyone() == (one,)

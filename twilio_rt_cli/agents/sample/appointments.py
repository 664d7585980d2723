"""What is bundled to try things with: a sample business with its prompt, its greeting and its appointment tool."""

from datetime import date, datetime, time
from importlib import resources

from twilio_rt_cli.agents.sample.workshop import Availability, availability
from twilio_rt_cli.tools.registry import tool

GREETING = "Hello, this is the Copper Wheel bicycle workshop. How can I help you?"


def sample_prompt() -> str:
    """The bundled prompt, in markdown: who the agent is, how it speaks, and what it knows of the workshop."""
    return resources.files("twilio_rt_cli.agents.sample").joinpath("prompt.md").read_text("utf-8")


@tool
def check_appointment(day: date, at: time | None = None) -> Availability:
    """Check whether a repair appointment at the workshop is available on a day, at a time. Without a time it lists the
    free times of that day.

    day: the date the caller wants, as YYYY-MM-DD
    at: the time of day the caller wants, as HH:MM in 24 hours; leave it out if they named none
    """
    return availability(day, at, datetime.now())

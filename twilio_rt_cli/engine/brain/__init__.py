"""Who decides what the agent says: a `Brain`. `rules` is one, and is no language model."""

from datetime import date
from typing import Protocol

from twilio_rt_cli.engine.session.prompt import Decision, Prompt


class Brain(Protocol):
    """Thinks for the agent, in a thread of its own: it may take its time."""

    def decide(self, prompt: Prompt, today: date) -> Decision:
        """What to say, or which tools to call. Whatever it raises fails the response."""

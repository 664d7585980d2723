"""Which tool a caller's words ask for, by words in common with its name, description and parameters."""

from datetime import date

from twilio_rt_cli.engine.brain.rules.arguments import Filled, fill
from twilio_rt_cli.engine.brain.rules.schema import parameters
from twilio_rt_cli.engine.brain.rules.words import keywords
from twilio_rt_cli.engine.session.config import FunctionTool

_NAME_WEIGHT, _CHOICE_WEIGHT, _PARAMETER_WEIGHT, _TEXT_WEIGHT, _EVIDENCE_WEIGHT = 3.0, 3.0, 1.5, 1.0, 1.0
_ENOUGH = 2.0
# Words that tools are described with and that say nothing of what they are for.
_TOOL_TALK = {
    *("check", "look", "return", "list", "call", "tool", "function", "use", "caller", "user", "customer", "format"),
    *("iso", "string", "value", "set"),
}


def choose(tools: tuple[FunctionTool, ...], text: str, today: date) -> Filled | None:
    """The tool that fits best, with the arguments heard; None when none fits well enough."""
    about = keywords(text)
    scored = [(score(tool, about, filled), filled) for tool in tools for filled in [fill(tool, [text], today)]]
    best = max(scored, key=lambda pair: pair[0], default=None)
    return best[1] if best is not None and best[0] >= _ENOUGH else None


def score(tool: FunctionTool, about: set[str], filled: Filled) -> float:
    """How well a tool fits: nothing without a word in common, or a day and a time for it."""
    common = 0.0
    weighed: set[str] = set()
    for weight, words in _vocabulary(tool):
        fresh = (words - weighed - _TOOL_TALK) & about
        common += weight * len(fresh)
        weighed |= fresh
    # A day and a time of day together are a request for a tool that takes both, whatever the words.
    return common + _EVIDENCE_WEIGHT * filled.evidence if common or filled.moments > 1 else 0.0


def _vocabulary(tool: FunctionTool) -> list[tuple[float, set[str]]]:
    known = parameters(tool)
    choices = " ".join(choice for parameter in known for choice in parameter.choices)
    names = " ".join(parameter.name for parameter in known)
    texts = " ".join([tool.description, *(parameter.description for parameter in known)])
    return [
        (_NAME_WEIGHT, keywords(tool.name)),
        (_CHOICE_WEIGHT, keywords(choices)),
        (_PARAMETER_WEIGHT, keywords(names)),
        (_TEXT_WEIGHT, keywords(texts)),
    ]

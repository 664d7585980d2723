"""`RuleBrain`: what the agent does next, by rules alone.

In this order: a forced tool; outputs of tools that the caller has not heard yet; what the response itself was asked
to say; then keys that the caller pressed; then their last words: a tool they ask for (with a question for what is
missing), small talk, a line of the prompt, and at last an honest fallback. There is no language model here, and the
agent says so.
"""

from dataclasses import dataclass
from datetime import date

import msgspec

from twilio_rt_cli.engine.brain.rules.arguments import Filled, Value, fill
from twilio_rt_cli.engine.brain.rules.keys import call_with_keys, keys_sentence, pressed_keys, with_keys_typed
from twilio_rt_cli.engine.brain.rules.knowledge import answer, topics
from twilio_rt_cli.engine.brain.rules.output_sentences import output_sentence
from twilio_rt_cli.engine.brain.rules.small_talk import (
    FALLBACK_MARK,
    greeting,
    is_follow_up,
    requested_text,
    small_talk,
)
from twilio_rt_cli.engine.brain.rules.tool_choice import choose
from twilio_rt_cli.engine.brain.rules.words import clauses, sentence, spoken_list, words
from twilio_rt_cli.engine.session.config import FunctionChoice, FunctionTool
from twilio_rt_cli.engine.session.prompt import (
    CallTools,
    Decision,
    Prompt,
    Said,
    Say,
    ToolAnswered,
    ToolCall,
    ToolCalled,
    Turn,
)

_MASS_NOUNS = {"availability", "data", "information", "news", "status", "stock", "time", "traffic", "weather"}
_VERBS = {
    "check",
    "get",
    "find",
    "look",
    "lookup",
    "search",
    "list",
    "create",
    "book",
    "make",
    "fetch",
    "query",
    "show",
}


class RuleBrain:
    """Decides by rules alone."""

    def decide(self, prompt: Prompt, today: date) -> Decision:
        """What to say, or which tools to call."""
        heard = _Heard.of(prompt.turns)
        if (prompt.choice == "required" and prompt.tools) or isinstance(prompt.choice, FunctionChoice):
            return _forced(prompt, heard, today)
        if outputs := _new_outputs(prompt.turns):
            return Say(" ".join(output_sentence(output) for output in outputs))
        if text := requested_text(prompt.request or "") or requested_text(heard.latest):
            return Say(text)
        if not heard.latest and not heard.was_asked:
            return Say(greeting(prompt.request or prompt.instructions))
        return _answered(prompt, heard, today)


@dataclass(frozen=True, slots=True)
class _Heard:
    """The caller's side of the conversation: `rounds` of what they said between the agent's turns, since the last tool.

    `was_asked`: the caller has said something since, even if it could not be recognised. `keys`: what they pressed,
    when they said nothing besides; in `rounds` and `latest` keys stand as if they had been said.
    """

    rounds: list[str]
    latest: str
    agent_said: str
    was_asked: bool
    last_call: ToolCalled | None
    keys: str

    @classmethod
    def of(cls, turns: tuple[Turn, ...]) -> "_Heard":
        rounds: list[str] = []
        latest, agent_said, was_asked = "", "", False
        last_call = None
        for turn in turns:
            match turn:
                case Said("caller", text):
                    latest, was_asked = f"{latest} {text}".strip(), True
                case Said("agent", text):
                    if latest:
                        rounds.append(with_keys_typed(latest))
                    latest, agent_said, was_asked = "", text, False
                case ToolCalled():
                    rounds, latest, last_call, was_asked = [], "", turn, False
                case _:
                    pass
        return cls(rounds, with_keys_typed(latest), agent_said, was_asked, last_call, pressed_keys(latest))


def _forced(prompt: Prompt, heard: _Heard, today: date) -> Decision:
    tools = prompt.tools
    if isinstance(prompt.choice, FunctionChoice):
        name = prompt.choice.name
        tools = tuple(tool for tool in tools if tool.name == name)
    if heard.keys and (call := call_with_keys(tools, heard.keys)) is not None:
        return CallTools((call,))
    chosen = choose(tools, heard.latest, today)
    tool = chosen.tool if chosen is not None else tools[0]
    filled = fill(tool, [*heard.rounds, heard.latest], today)
    return CallTools((ToolCall(tool.name, filled.arguments),))


def _new_outputs(turns: tuple[Turn, ...]) -> list[str]:
    """Outputs since anybody last spoke; an agent's words between a call and its output do not say it."""
    outputs: list[str] = []
    for turn in reversed(turns):
        match turn:
            case ToolAnswered(output=output):
                outputs.insert(0, output)
            case Said("caller") | Said("agent"):
                break
            case _:
                pass
    return outputs


def _answered(prompt: Prompt, heard: _Heard, today: date) -> Decision:
    tools = prompt.tools if prompt.choice != "none" else ()
    if heard.keys:
        return _by_keys(tools, heard, today)
    if (decision := _by_tool(tools, heard, today)) is not None:
        return decision
    if said := small_talk(heard.latest, heard.agent_said):
        return Say(said)
    knowledge = "\n\n".join([prompt.instructions, prompt.request or ""])
    if said := answer(knowledge, heard.latest):
        return Say(said)
    return Say(_fallback(prompt, heard))


def _by_keys(tools: tuple[FunctionTool, ...], heard: _Heard, today: date) -> Decision:
    """Keys answer the question just asked, or a tool that is about keys; else the caller hears which they were."""
    if (refilled := _answering(_pending(tools, heard, today), heard, today)) is not None:
        return _call_or_ask(refilled)
    if (call := call_with_keys(tools, heard.keys)) is not None:
        return CallTools((call,))
    return Say(f"{keys_sentence(heard.keys)} How can I help you?")


def _by_tool(tools: tuple[FunctionTool, ...], heard: _Heard, today: date) -> Decision | None:
    """What a tool has to do with it: the one asked for, the one we asked back for, or the last one again."""
    if not tools or not heard.latest:
        return None
    if calls := _several_calls(tools, heard.latest, today):
        return CallTools(calls)
    chosen = choose(tools, heard.latest, today)
    pending = _pending(tools, heard, today)
    if pending is not None and (chosen is None or chosen.tool is pending.tool):
        fresh = chosen if chosen is not None and chosen.values else None
        chosen = _answering(pending, heard, today) or fresh
    filled = chosen or _follow_up(tools, heard, today)
    return _call_or_ask(filled) if filled is not None else None


def _several_calls(tools: tuple[FunctionTool, ...], text: str, today: date) -> tuple[ToolCall, ...]:
    """The calls of a text that asks for different tools, one in each clause; none where an argument is missing."""
    several = [filled for clause in clauses(text) if (filled := choose(tools, clause, today)) is not None]
    if len({filled.tool.name for filled in several}) < 2 or any(filled.missing for filled in several):
        return ()
    return tuple(ToolCall(filled.tool.name, filled.arguments) for filled in several)


def _pending(tools: tuple[FunctionTool, ...], heard: _Heard, today: date) -> Filled | None:
    """The tool whose missing argument the agent asked for just now."""
    for text in reversed(heard.rounds):
        chosen = choose(tools, text, today)
        if chosen is None:
            continue
        filled = fill(chosen.tool, heard.rounds, today)
        # An interrupted question was heard in part.
        if filled.missing and _ends_alike(heard.agent_said, filled.question):
            return filled
        return None
    return None


def _answering(pending: Filled | None, heard: _Heard, today: date) -> Filled | None:
    """The pending tool with what the caller's last words add; None when they add nothing."""
    if pending is None or not heard.latest:
        return None
    refilled = fill(pending.tool, [*heard.rounds, heard.latest], today, asked=pending.missing[0].name)
    return refilled if refilled.values != pending.values else None


def _ends_alike(said: str, question: str) -> bool:
    """Whether an agent's words end with a question, or were cut off in the middle of it."""
    return question in said or question.startswith(said.rpartition(". ")[2][:8] or "\0")


def _follow_up(tools: tuple[FunctionTool, ...], heard: _Heard, today: date) -> Filled | None:
    """ "And what about Wednesday?": the last tool again with what was said now laid over its last arguments."""
    last = heard.last_call
    tool = next((tool for tool in tools if last is not None and tool.name == last.name), None)
    if tool is None or last is None or not is_follow_up(heard.latest):
        return None
    earlier = _decoded(last.arguments)
    filled = fill(tool, [heard.latest], today, earlier=earlier)
    return filled if filled.evidence and not filled.missing else None


def _decoded(arguments: str) -> dict[str, Value]:
    try:
        return msgspec.json.decode(arguments, type=dict[str, Value])
    except msgspec.MsgspecError:
        return {}


def _call_or_ask(filled: Filled) -> Decision:
    if filled.missing:
        return Say(f"Sure. {filled.question}")
    return CallTools((ToolCall(filled.tool.name, filled.arguments),))


def _fallback(prompt: Prompt, heard: _Heard) -> str:
    if not heard.latest:
        return "Sorry, I did not catch that. Are you still there?"
    was_explained = any(
        isinstance(turn, Said) and turn.speaker == "agent" and FALLBACK_MARK in turn.text for turn in prompt.turns
    )
    heard_text = f"I heard: {sentence(heard.latest)}"
    if was_explained:
        return f"{heard_text} I have no rule for that."
    hints = [_with_article(_subject(tool)) for tool in prompt.tools][:2] + topics(prompt.instructions)[:2]
    hint = f" You could ask about {spoken_list(hints, 'or')}." if hints else ""
    return f"{heard_text} I am {FALLBACK_MARK}: I follow rules and do not really understand language.{hint}"


def _with_article(subject: str) -> str:
    """ "an appointment", "the weather", "opening hours"."""
    last = subject.rpartition(" ")[2]
    if last in _MASS_NOUNS:
        return f"the {subject}"
    if last.endswith("s"):
        return subject
    return f"{'an' if subject[0] in 'aeio' else 'a'} {subject}"


def _subject(tool: FunctionTool) -> str:
    """What a tool is about: its name without the verb."""
    named = words(tool.name)
    return " ".join(named[1:] if named[0] in _VERBS and len(named) > 1 else named)

"""What the agent says without tools or a prompt: greetings, thanks, goodbye, "say that again", and who it is."""

import re

from twilio_rt_cli.engine.brain.rules.words import sentence, words

FALLBACK_MARK = "the offline engine"
_QUOTED = re.compile(r"""["“«]([^"”»]+)["”»]""")
_APOSTROPHED = re.compile(r"(?<!\w)['‘](.+)['’](?!\w)", re.DOTALL)
_SAY = re.compile(
    r"^\W*(?:please\s+)?(?:say|speak|greet|welcome|begin|start|open|tell|answer|respond|reply|apologi[sz]e|repeat)\b"
    r"[^:\"“'‘]{0,90}?(?:(?::|\bexactly|\bwith|\bby saying|\bsaying)[\s:]*)(.*)$",
    re.IGNORECASE | re.DOTALL,
)
_SAY_QUOTED = re.compile(
    r"\b(?:say|speak|greet|welcome|begin|start|open|tell|answer|respond|reply|repeat)\b", re.IGNORECASE
)
_FOLLOW_UP = re.compile(
    r"^\W*(?:and|or|what about|how about|then|okay|ok|also|maybe|no)\b|\b(?:instead|what about|how about)\b",
    re.IGNORECASE,
)
_AGAIN = re.compile(
    r"\b(?:say|repeat) (?:that|it|this)\b|\brepeat\b|\bpardon\b|\bwhat did you say\b|\bcome again\b|\bonce more\b",
    re.IGNORECASE,
)
_WHO = re.compile(
    r"\b(?:who|what) (?:are you|am i (?:talking|speaking) (?:to|with))\b|"
    r"\bare you (?:an? |some )?(?:real|human|robot|bot|machine|ai\b|computer|person)|"
    r"\bam i (?:talking|speaking) (?:to|with) an?\b",
    re.IGNORECASE,
)
_BYE = {"bye", "goodbye"}
_GOODBYE = re.compile(r"\bgood[ -]bye?\b", re.IGNORECASE)
_LEAVING = re.compile(
    r"\bthat(?:'s| is| will be|'ll be) (?:all|it|everything)\b|\bhang up\b|"
    r"\b(?:good|have a) (?:night|nice day|good day)\b",
    re.IGNORECASE,
)
_THANKS = {"thanks", "thank"}
_HELLOS = {"hello", "hi", "hey", "greetings"}
_HOW_ARE_YOU = re.compile(r"\bhow are you\b|\bhow's it going\b", re.IGNORECASE)
_HELP = re.compile(r"\bwhat can you do\b|\bhow can you help\b|^\W*help\W*$|\bcan you help\b", re.IGNORECASE)
_CHECK = re.compile(r"\b(?:can you hear me|are you (?:still )?there|anybody there|anyone there)\b", re.IGNORECASE)
_SHORT = 6


def requested_text(instructions: str) -> str | None:
    """The words that instructions want spoken, as in `Say exactly: "…"` or `Greet the caller with: …`; else None."""
    text = instructions.strip()
    if quoted := _QUOTED.search(text):
        return quoted[1].strip() if _SAY_QUOTED.search(text[: quoted.start()]) else None
    if (quoted := _APOSTROPHED.search(text)) and _SAY_QUOTED.search(text[: quoted.start()]):
        return quoted[1].strip()
    found = _SAY.match(text)
    return found[1].strip() or None if found and len(words(found[1])) > 1 else None


def greeting(instructions: str) -> str:
    """What the agent says first when nothing else is asked of it."""
    for line in instructions.splitlines():
        if "greet" in line.lower() and (text := requested_text(line)):
            return text
    return "Hello! How can I help you?"


def small_talk(said: str, agent_said: str) -> str | None:
    """The reply to a courtesy, None when it is something else. `agent_said` is what "say that again" repeats."""
    said = _GOODBYE.sub("goodbye", said)
    heard = set(words(said))
    is_short = len(words(said)) <= _SHORT
    if _WHO.search(said):
        return (
            "I am the offline engine of this phone line, not a person and not a language model. I follow rules: I can "
            "call tools, and read answers from my instructions."
        )
    if _AGAIN.search(said) and is_short:
        return agent_said or "I have not said anything yet."
    if heard & _BYE or _LEAVING.search(said):
        return "You're welcome. Goodbye!" if heard & _THANKS else "Goodbye! Thank you for calling."
    if _CHECK.search(said):
        return "Yes, I can hear you. How can I help?"
    if _HOW_ARE_YOU.search(said):
        return "I am well, thank you. How can I help you?"
    if _HELP.search(said):
        return _help_offer()
    if heard & _THANKS and is_short:
        return "You're welcome. Is there anything else?"
    if heard & _HELLOS and is_short and len(heard - _HELLOS - {"there", "good", "morning"}) <= 1:
        return "Hello! How can I help you?"
    if heard and heard <= {"yes", "yeah", "okay", "ok", "sure", "right", "good", "great", "fine", "no"}:
        return "All right. Is there anything else?" if "no" not in heard else "All right. Goodbye!"
    return None


def is_follow_up(said: str) -> bool:
    """Whether words go on from the last question, like "and on Wednesday?"."""
    return bool(_FOLLOW_UP.search(said)) or len(words(said)) <= _SHORT


def _help_offer() -> str:
    return sentence("I can call tools and read from my instructions. What would you like to know")

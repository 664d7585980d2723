"""Answers read from the prompt: the lines of the instructions that share the caller's words.

Lines that tell the agent how to behave ("always …", "if the caller …") are not read aloud. A heading's words count for
the lines below it, so "what are your opening hours" finds the list under "Opening hours".
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import log

from twilio_rt_cli.engine.brain.rules.words import clauses, keywords, sentence

_HEADING = re.compile(r"^\s*#{1,6}\s+(.*?)\s*#*$")
_TITLE = re.compile(r"^\s*\**([A-Z][\w ',&-]{2,40})\**:\**\s*$")
_BULLET = re.compile(r"^\s*(?:[-*•+]|\d+[.)])\s+")
_MARKUP = re.compile(r"(\*\*|__|`|(?<!\w)[*_](?=\w)|(?<=\w)[*_](?!\w))")
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_SENTENCE_END = re.compile(r"(?<=[.!?])(?<!\b[ap]\.m\.)(?<!\bDr\.)(?<!\bMr\.)(?<!\bSt\.)\s+(?=[A-Z])")
_ORDER = re.compile(
    r"^(?:you (?:are|speak|talk|answer|should|must|will|have to|need to|can only|never|always|help|do not|may)\b|"
    r"your (?:job|role|task|goal|name)\b|always|never|do not|don't|when|before|after|"
    r"if (?!you (?:need|want|have|pay|cancel|book|come|bring|live|ride|order)\b)|"
    r"(?:keep|speak|ask|answer|use|call|be|say|offer|greet|introduce|respond|reply|let|make sure|try|only)\b|"
    r"(?:avoid|tell)\b|"
    r"(?:confirm|repeat|stay|please|sound|end|read|give|mention|invent|talk|help|act|remember|remind|thank)\b|"
    r"(?:apologi[sz]e|transfer|hang|check|look|remain|limit|note)\b)",
    re.IGNORECASE,
)
_ABOUT_THE_CALL = re.compile(
    r"\b(?:the caller|the user|callers|tool|function|instructions|the agent)\b|`", re.IGNORECASE
)
_ENOUGH = 0.8
_HEADING_WEIGHT = 0.8
_SHARE_OF_BEST = 0.6
_WORDS_AT_LEAST, _WORDS_AT_MOST = 14, 48


@dataclass(frozen=True, slots=True)
class Fact:
    """One sentence of the prompt that may be read aloud, what it is about, and the heading above it."""

    text: str
    heading: str
    section: int
    about: frozenset[str]
    heading_about: frozenset[str]


@lru_cache(maxsize=16)
def facts(instructions: str) -> tuple[Fact, ...]:
    """What the instructions say about the business; remembered, since every turn of a call asks again."""
    found: list[Fact] = []
    heading, section, is_rules = "", 0, False
    for line in _lines(instructions):
        title = _HEADING.match(line) or _TITLE.match(line)
        if title:
            heading, section = _plain(title[1]), section + 1
            is_rules = bool(_ORDER.match(heading)) or "how to" in heading.lower()
            continue
        for text in _SENTENCE_END.split(_plain(_BULLET.sub("", line))):
            if text and not is_rules and not _ORDER.match(text) and not _ABOUT_THE_CALL.search(text):
                about, above = frozenset(keywords(text)), frozenset(keywords(heading))
                found.append(Fact(text, heading, section, about, above - about))
    return tuple(found)


def answer(instructions: str, question: str) -> str | None:
    """The lines that answer a question, as sentences of five to fifteen seconds; None when nothing fits.

    Each clause of the question may have an answer of its own.
    """
    known = facts(instructions)
    chosen: list[int] = []
    for clause in clauses(question):
        chosen += [index for index in _best(known, keywords(clause)) if index not in chosen]
    return " ".join(sentence(known[index].text) for index in chosen) or None


def topics(instructions: str) -> list[str]:
    """What the instructions can be asked about: the headings with facts below them."""
    headings = (fact.heading.lower() for fact in facts(instructions) if fact.heading)
    return [heading for heading in dict.fromkeys(headings) if " you" not in f" {heading}"]


def _best(known: Sequence[Fact], asked: set[str]) -> list[int]:
    """Which facts answer a clause: the rarer a shared word, the more it counts."""
    count = Counter(word for fact in known for word in asked & (fact.about | fact.heading_about))
    if not count:
        return []
    rarity = {word: log(1 + len(known) / count[word]) for word in count}
    scores = [
        sum(rarity[word] for word in asked & fact.about)
        + _HEADING_WEIGHT * sum(rarity[word] for word in asked & fact.heading_about)
        for fact in known
    ]
    best = max(scores)
    return _chosen_facts(known, scores, scores.index(best)) if best >= _ENOUGH else []


def _chosen_facts(known: Sequence[Fact], scores: list[float], top: int) -> list[int]:
    """The best fact, those that score nearly as well, then its section's next until it is enough; in their order."""
    chosen = {index for index, score in enumerate(scores) if score >= _SHARE_OF_BEST * scores[top]}
    section = [index for index, fact in enumerate(known) if fact.section == known[top].section and index > top]
    taken: list[int] = []
    length = 0
    for index in [top, *sorted(chosen - {top}), *section]:
        if index in taken or (length >= _WORDS_AT_LEAST and index not in chosen):
            continue
        size = len(known[index].text.split())
        if taken and length + size > _WORDS_AT_MOST:
            break
        taken.append(index)
        length += size
    return sorted(taken)


def _lines(instructions: str) -> list[str]:
    """Lines, with wrapped paragraphs and wrapped bullets joined."""
    joined: list[str] = []
    is_open = False
    for line in instructions.splitlines():
        if not line.strip():
            is_open = False
        elif is_open and not _BULLET.match(line) and not _HEADING.match(line):
            joined[-1] += " " + line.strip()
        else:
            joined.append(line)
            is_open = not _HEADING.match(line) and not _TITLE.match(line)
    return joined


def _plain(text: str) -> str:
    return " ".join(_MARKUP.sub("", _LINK.sub(r"\1", text)).split())

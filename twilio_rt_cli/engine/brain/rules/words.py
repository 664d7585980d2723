"""Words the rules compare: lower-cased, without endings and filler, synonyms as one."""

import re
from collections.abc import Iterable

_CLAUSES = re.compile(r"[.?!]\s+|,?\s+(?:and also|and then|and)\s+|;\s*", re.IGNORECASE)
_WORD = re.compile(r"[a-z0-9]+(?:'[a-z]+)?")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_FILLER = {
    *("a", "an", "the", "and", "or", "but", "if", "then", "so", "as", "at", "by", "for", "from", "in", "into", "of"),
    *("on", "to", "with", "without", "about", "than", "that", "this", "these", "those", "it", "its", "is", "are"),
    *("was", "were", "be", "been", "being", "am", "do", "does", "did", "doing", "have", "has", "had", "having"),
    *("can", "could", "may", "might", "shall", "should", "will", "would", "must", "i", "me", "my", "mine", "we"),
    *("us", "our", "you", "your", "yours", "he", "she", "they", "them", "their", "his", "her", "who", "whom", "what"),
    *("which", "when", "where", "why", "how", "there", "here", "not", "no", "yes", "please", "just", "also", "too"),
    *("very", "much", "many", "more", "most", "some", "any", "all", "each", "every", "other", "another", "such"),
    *("only", "own", "same", "up", "down", "out", "over", "under", "again", "once", "now", "get", "got", "let's"),
    *("let", "like", "want", "wanted", "need", "know", "tell", "say", "give", "i'd", "i'm", "i'll", "i've", "you're"),
    *("it's", "that's", "what's", "there's", "don't", "hello", "hi", "hey", "okay", "ok", "oh", "um", "uh", "well"),
    *("right", "really", "sure", "thanks", "thank", "something", "anything", "nothing", "one", "half", "past"),
    *("quarter", "take", "sorry", "question", "good", "great", "morning", "afternoon", "evening", "day", "time"),
    *("date", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "today", "tomorrow"),
    *("next"),
}
_SYNONYMS = (
    (
        "appointment",
        "booking",
        "book",
        "slot",
        "reservation",
        "reserve",
        "visit",
        "schedule",
        "availability",
        "available",
        "free",
    ),
    ("hour", "open", "close", "opening"),
    ("price", "cost", "charge", "fee", "expensive", "cheap", "dollar"),
    ("pay", "payment", "card", "cash"),
    ("address", "location", "located", "locate", "direction", "street", "find"),
    ("service", "offer", "treatment", "provide"),
    ("ready", "long", "duration", "finish", "finished", "wait"),
    ("bicycle", "bike", "cycle"),
    (
        "person",
        "human",
        "operator",
        "representative",
        "staff",
        "receptionist",
        "colleague",
        "transfer",
        "connect",
        "someone",
    ),
    ("weather", "forecast", "temperature", "rain", "sunny"),
    ("order", "package", "parcel", "delivery", "shipment", "shipping"),
    ("cancel", "cancellation"),
    ("parking", "park"),
    ("goodbye", "bye", "hang", "hangup"),
)
_CONCEPT = {word: group[0] for group in _SYNONYMS for word in group}


def words(text: str) -> list[str]:
    """The words of a text, lower-cased, in order; identifiers are taken apart."""
    return _WORD.findall(_CAMEL.sub(" ", text).lower().replace("’", "'").replace("_", " "))


def clauses(text: str) -> list[str]:
    """The parts of a text that may each be a request of its own."""
    return [part for part in _CLAUSES.split(text) if part.strip()]


def stem(word: str) -> str:
    """A word without its most common English endings."""
    for ending, instead in (("ies", "y"), ("sses", "ss"), ("ches", "ch"), ("ing", ""), ("ed", ""), ("s", "")):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            return word.removesuffix(ending) + instead
    return word


def concept(word: str) -> str:
    """What a word stands for: itself, its stem, or the first of its synonyms."""
    if word in _CONCEPT:
        return _CONCEPT[word]
    short = stem(word)
    return _CONCEPT.get(short) or _CONCEPT.get(short + "e") or short


def keywords(text: str) -> set[str]:
    """The concepts that a text is about, fillers left out."""
    return {concept(word) for word in words(text) if word not in _FILLER and len(word) > 1}


def spoken_list(parts: Iterable[str], last: str = "and") -> str:
    """ "a, b and c"."""
    listed = list(parts)
    if len(listed) < 2:
        return "".join(listed)
    return f"{', '.join(listed[:-1])} {last} {listed[-1]}"


def sentence(text: str) -> str:
    """A text that begins with a capital and ends with a mark."""
    text = text.strip()
    if not text:
        return ""
    return text[0].upper() + text[1:] + ("" if text[-1] in ".!?" else ".")

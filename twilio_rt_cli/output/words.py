"""Words: for numbers of things, and for as many of them as there is room."""


def plural(count: int, noun: str, nouns: str = "") -> str:
    """`1 call`, `2 calls`; `nouns` where an s behind the noun does not make several of them."""
    return f"{count} {noun}" if count == 1 else f"{count} {nouns or f'{noun}s'}"


def cut(text: str, room: int) -> str:
    """The text, or its beginning and an ellipsis where it has more characters than there is room."""
    return text if len(text) <= room else text[: max(0, room - 1)] + "…"

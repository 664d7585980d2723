"""Words for numbers of things."""


def plural(count: int, noun: str, nouns: str = "") -> str:
    """`1 call`, `2 calls`; `nouns` where an s behind the noun does not make several of them."""
    return f"{count} {noun}" if count == 1 else f"{count} {nouns or f'{noun}s'}"

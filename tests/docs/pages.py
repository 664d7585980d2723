"""The pages that people read, and what stands in them: sections, tables, code and links."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
FRONT = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")
KINDS = ("tutorial", "how-to", "reference", "explanation")
DOCS = tuple(sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md")))
PAGES = (*FRONT, *DOCS)


def read(page: str) -> str:
    return (ROOT / page).read_text("utf-8")


def section(heading: str, text: str) -> str:
    """What stands under a heading, up to the next one of any level."""
    found = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#+ |\Z)", _without_code_headings(text), re.M | re.S)
    assert found, f"no section {heading!r}"
    return found[1]


def headings(text: str) -> list[str]:
    return re.findall(r"^#+ (.*)", _without_code_headings(text), re.M)


def _without_code_headings(text: str) -> str:
    """Comments in code blocks look like headings: indent them away."""
    return re.sub(r"^```.*?^```", lambda block: re.sub(r"^#", " #", block[0], flags=re.M), text, flags=re.M | re.S)


def blocks(language: str, text: str) -> list[str]:
    """The fenced code blocks of a language, without their indentation."""
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```", text, re.M | re.S)
    return [re.sub(rf"^{indent}", "", code, flags=re.M) for indent, code in found]


def rows(text: str) -> list[list[str]]:
    """The cells of the tables' rows, without their heads."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    rules = [number for number, row in enumerate(cells) if set("".join(row)) <= set("-: ")]
    return [row for number, row in enumerate(cells) if number not in rules and number + 1 not in rules]


def prose(text: str) -> str:
    """The text without its fenced code blocks."""
    return re.sub(r"^ *```.*?^ *```", "", text, flags=re.M | re.S)


def codes(text: str) -> list[str]:
    """What stands between backticks in prose and tables."""
    return re.findall(r"`([^`]+)`", prose(text))


def links(page: str) -> list[str]:
    """Where a page leads to in this repository."""
    return re.findall(r"\]\((?!https?://)([^)\s]+)\)", prose(read(page)))


def slug(heading: str) -> str:
    """The anchor that a heading gets."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")

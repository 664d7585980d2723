"""Writes the tables of the documents from where each fact is written once: `python -m tests.docs.tables`.

A page holds a table between `<!-- table: settings -->` and `<!-- end -->`; what stands there is written anew, all
around it is by hand. `.env.example` is written whole.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache

from tests.docs import sources
from tests.docs.pages import PAGES, ROOT, read

_MARKED = re.compile(r"(<!-- table: (?P<name>[\w -]+) -->\n).*?(<!-- end -->)", re.S)
_ENV_HEAD = """\
# Settings of twilio-rt. Copy this file to .env, and take the # away in front of what you change.
# A flag wins over the environment, the environment over .env, and .env over the default, which is what you see here.
# A setting without a value counts as not set, except GREETING, TOOLS and TRANSCRIPTION_MODEL, where empty means none.
"""


def main() -> None:
    """Write every table, and say what has changed."""
    for name, text in written().items():
        if read(name) != text:
            (ROOT / name).write_text(text, "utf-8")
            print(f"{name} is written anew")  # noqa: T201


@cache
def written() -> dict[str, str]:
    """Page → its text with tables as they should be."""
    return {page: _with_tables(read(page)) for page in PAGES} | {".env.example": env_example()}


def marked(text: str) -> list[str]:
    """The names of the tables in a page."""
    return [found["name"] for found in _MARKED.finditer(text)]


def _with_tables(text: str) -> str:
    return _MARKED.sub(lambda found: f"{found[1]}\n{TABLES[found['name']]()}\n{found[3]}", text)


def _table(head: Sequence[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [_row(head), "|" + "---|" * len(head), *map(_row, rows)]
    return "".join(f"{line}\n" for line in lines)


def _row(cells: Iterable[str]) -> str:
    return "|" + "".join(f" {_cell(cell)} |" if cell else " |" for cell in cells)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _plain(text: str) -> str:
    """What was written for a terminal: paths, addresses and empty texts are code on a page."""
    return re.sub(r'(?<![`\w"])(/[a-z-]+|\w+://\S*<\S+|@\w+|(?:serve )?--[a-z]+|"")(?![\w"])', r"`\1`", text)


def _settings() -> str:
    told = []
    for title, group in sources.settings().items():
        rows = [
            (
                f"`{one.name}`" + " ⚑" * one.option,
                f"`{one.default}`" if one.default else "–",
                _plain(one.meaning),
            )
            for one in group
        ]
        told.append(f"## {title}\n\n{_table(('Setting', 'Default', 'Meaning'), rows)}")
    return "\n".join(told)


def _commands() -> str:
    rows = []
    for told in sources.commands_by_kind().values():
        for name, meaning in told.items():
            rows.append((f"[`{name}`](docs/reference/commands.md#twilio-rt-{name})", meaning))
    return _table(("Command", "What it does"), rows)


def _commands_by_kind() -> str:
    lines = []
    for kind, told in sources.commands_by_kind().items():
        lines.append(f"- {kind}: " + ", ".join(f"[`{name}`](#twilio-rt-{name})" for name in told) + "\n")
    return "".join(lines)


def _options(command: str) -> Callable[[], str]:
    def table() -> str:
        rows = [(f"`{one.shown}`", _plain(one.default), _plain(one.meaning)) for one in sources.params(command)]
        return _table(("Option", "Default", "Meaning"), rows)

    return table


def _routes(routes: Callable[[], list[sources.Route]]) -> Callable[[], str]:
    def table() -> str:
        return _table(("Route", "Purpose"), [(f"`{one.methods} {one.path}`", one.purpose) for one in routes()])

    return table


def _metrics() -> str:
    rows = []
    for one in sources.metrics():
        labels = "{" + ",".join(one.labels) + "}" if one.labels else ""
        rows.append((f"`{one.name}{labels}`", one.kind, one.meaning))
    return _table(("Metric", "Type", "What it says"), [row for row in rows if not row[0].startswith("`build_info")])


def _events() -> str:
    rows = []
    for event in sources.events():
        parts = []
        for which, fields in sources.fields_by_kind(event):
            told = "; ".join(", ".join(f"`{one}`" for one in names) + f" ({it})" * bool(it) for names, it in fields)
            parts.append(f"{which}: {told}" if which else told)
        rows.append((f"`{event.type}`", event.meaning.removesuffix("."), "<br>".join(parts)))
    return _table(("Type", "What happened", "Fields"), rows)


def _ends() -> str:
    rows = [(f"`{reason.value}`", told, "yes" if reason.failed else "") for reason, told in sources.ends()]
    return _table(("Reason", "Meaning", "Fallback"), rows)


def _refusals() -> str:
    return _table(("Reason", "Meaning"), [(f"`{reason.value}`", _plain(told)) for reason, told in sources.refusals()])


def _statistics() -> str:
    rows = [
        (f"`{name}`", _plain(told).removesuffix(".").replace("None:", "`null`:")) for name, told in sources.statistics()
    ]
    return _table(("Field", "What it says"), rows)


def env_example() -> str:
    """The text of `.env.example`."""
    parts = [_ENV_HEAD]
    for title, group in sources.settings().items():
        parts.append(f"# {title}\n")
        for one in group:
            value = f'"{one.default}"' if " " in one.default else one.default
            parts.append(f"# {one.meaning}\n# {one.name}={value}\n")
    return "\n".join(parts)


TABLES: dict[str, Callable[[], str]] = {
    "commands": _commands,
    "commands by kind": _commands_by_kind,
    "settings": _settings,
    "routes public": _routes(sources.public_routes),
    "routes admin": _routes(sources.admin_routes),
    "metrics": _metrics,
    "events": _events,
    "ends": _ends,
    "refusals": _refusals,
    "statistics": _statistics,
    **{f"options {command}": _options(command) for command in sources.commands()},
}

if __name__ == "__main__":
    main()

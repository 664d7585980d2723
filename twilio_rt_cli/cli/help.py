"""How help reads: commands and options in groups, every line of it whole, as wide as the terminal up to 80 columns.

Plain text: rich takes twice as long to lay out a page of help as all the rest of it takes.
"""

import re
from collections.abc import Iterator
from typing import Any

from typer.core import TyperCommand, TyperGroup

_ARGUMENTS, _OPTIONS = "Arguments", "Options"
_BETWEEN = re.compile(r"([\d.]+)<=x<=([\d.]+)")
_AT_LEAST = re.compile(r"x>=([\d.]+)")
# Contexts and formatters are Any below: they are Typer's own classes, or click's, as its version has it.


class GroupedOptions(TyperCommand):
    """A command whose options stand below the headings that they name as their panel."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Arguments first, then the panels in the order of the options, what has no panel last."""
        panels: dict[str, list[tuple[str, str]]] = {_ARGUMENTS: []}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is None:
                continue
            title = getattr(param, "rich_help_panel", None) or _OPTIONS
            if param.param_type_name == "argument":
                title, record = _ARGUMENTS, (record[0].partition(" <")[0], record[1])
            panels.setdefault(title, []).append((record[0], _readable(record[1])))
        panels[_OPTIONS] = panels.pop(_OPTIONS, [])
        write_panels(formatter, panels)

    def get_help_option(self, ctx: Any) -> Any:
        """As Typer makes it, but false without being asked."""
        return _false_already(super().get_help_option(ctx))


class GroupedCommands(TyperGroup):
    """A group whose commands stand below the headings that they name as their panel, each told in full."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """The panels in the order of the commands."""
        panels: dict[str, list[tuple[str, str]]] = {}
        for name, command in self._shown(ctx):
            title = getattr(command, "rich_help_panel", None) or "Commands"
            panels.setdefault(title, []).append((name, command.short_help or ""))
        write_panels(formatter, panels)

    def get_help_option(self, ctx: Any) -> Any:
        """As Typer makes it, but false without being asked."""
        return _false_already(super().get_help_option(ctx))

    def _shown(self, ctx: Any) -> Iterator[tuple[str, Any]]:
        for name in self.list_commands(ctx):
            command = self.get_command(ctx, name)
            if command is not None and not command.hidden:
                yield name, command


def write_panels(formatter: Any, panels: dict[str, list[tuple[str, str]]]) -> None:
    """Each panel with its heading, all in the same two columns."""
    width = max((len(name) for rows in panels.values() for name, _ in rows), default=0)
    for title, rows in panels.items():
        if rows:
            with formatter.section(title):
                formatter.write_dl([(name.ljust(width), text) for name, text in rows])


def _readable(text: str) -> str:
    """Without the inequalities by which Typer tells a number's limits; that it is not negative goes without saying."""
    text = text.replace("  \\[", "  [")  # as older Typers write it, for rich
    text = text.removesuffix("  [x>=0]").replace("; x>=0]", "]")
    return _AT_LEAST.sub(r"\1 or more", _BETWEEN.sub(r"\1 to \2", text))


def _false_already(option: Any) -> Any:
    # Typer 0.29 imports pydantic, 0.2 s of it, to make a bool of a flag that was not given. False is one already.
    if option is not None:
        option.default = False
    return option

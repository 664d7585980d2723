"""`twilio-rt calls`: the records that calls leave behind: listed, told, exported."""

from collections.abc import Callable
from typing import Annotated, Any

import typer
from typer import Argument, Option

from twilio_rt_cli.cli.help import GroupedOptions
from twilio_rt_cli.cli.options import typed

EXAMPLES = """\b
Examples:
  twilio-rt calls
  twilio-rt calls list --failed --since 24h
  twilio-rt calls show 9f2a1b3c
  twilio-rt calls export --format csv --since 2026-11-01 --output calls.csv
"""


class PlainWords(GroupedOptions):
    """A command that takes its words as they are.

    To make a number or a choice of a word Typer imports pydantic, which takes longer than all that `calls` does.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for one in self.params:
            one.process_value = _as_it_is(one.process_value)  # type: ignore[method-assign, assignment]


def _as_it_is(otherwise: Callable[[typer.Context, Any], Any]) -> Callable[[typer.Context, Any], Any]:
    def take(context: typer.Context, value: object) -> object:
        if isinstance(value, tuple | list) and all(isinstance(word, str) for word in value):
            return tuple(value)
        return value if value is None or isinstance(value, str) else otherwise(context, value)

    return take


def calls(
    ctx: typer.Context,
    what: Annotated[
        str, Argument(metavar="list|show|export", help="What to do.", autocompletion=lambda: ["list", "show", "export"])
    ] = "list",
    ids: Annotated[
        list[str] | None,
        Argument(metavar="ID", help="A call: its Call SID, the end of it, or the record's number."),
    ] = None,
    *,
    limit: Annotated[str, Option(metavar="N", help="list: how many at most, the newest; 0: all.")] = "50",
    since: Annotated[
        str | None,
        Option(
            metavar="WHEN",
            help="list, export: calls that began since: 45m, 24h, 7d or 2w ago, or a date, with a time or not.",
        ),
    ] = None,
    failed: Annotated[bool, Option("--failed", help="list: only calls that failed or were cut off.")] = False,
    refused: Annotated[
        bool, Option("--refused", help="list: calls that were turned away, instead of those that were taken.")
    ] = False,
    json: Annotated[bool, Option("--json", help="list, show: JSON, a line per call.")] = False,
    text: Annotated[bool, Option("--text", help="show: the transcript alone.")] = False,
    form: Annotated[
        str,
        Option(
            "--format",
            metavar="FORMAT",
            help="export: json (a line per call), csv (a row per call, no words) or text (transcripts).",
        ),
    ] = "json",
    output: Annotated[
        str | None, Option(metavar="FILE", help="export: write to this file, for you alone (0600). [stdout]")
    ] = None,
    yes: Annotated[bool, Option("--yes", help="export: overwrite the file.")] = False,
) -> None:
    """Tell what is known of past calls, and of those in progress: who, when, how it ended, what was said.

    Reads the records that `twilio-rt serve` keeps (RECORDS_DIR), also while it runs. Phone numbers show their last four
    digits, unless SHOW_NUMBERS is true.
    """
    from twilio_rt_cli.history.options import HistoryOptions
    from twilio_rt_cli.history.run import run

    run(typed(HistoryOptions, ctx))

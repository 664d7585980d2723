"""The command `twilio-rt`: registers the commands, turns errors into sentences and exit codes.

Command modules import what is heavy inside their functions, so that `--help` answers at once.
"""

import os
import sys
from collections.abc import Callable
from typing import Annotated

import typer

from twilio_rt_cli import __version__, errors
from twilio_rt_cli.cli import completion
from twilio_rt_cli.cli.call_test import EXAMPLES as call_test_examples  # noqa: N811  # a name for each command's
from twilio_rt_cli.cli.call_test import call_test
from twilio_rt_cli.cli.calls import EXAMPLES as calls_examples  # noqa: N811
from twilio_rt_cli.cli.calls import PlainWords, calls
from twilio_rt_cli.cli.configure_number import EXAMPLES as configure_number_examples  # noqa: N811
from twilio_rt_cli.cli.configure_number import configure_number
from twilio_rt_cli.cli.doctor import EXAMPLES as doctor_examples  # noqa: N811
from twilio_rt_cli.cli.doctor import doctor
from twilio_rt_cli.cli.engine import engine
from twilio_rt_cli.cli.help import GroupedCommands, GroupedOptions
from twilio_rt_cli.cli.init import EXAMPLES as init_examples  # noqa: N811
from twilio_rt_cli.cli.init import init
from twilio_rt_cli.cli.serve import EXAMPLES as serve_examples  # noqa: N811
from twilio_rt_cli.cli.serve import serve
from twilio_rt_cli.cli.top import EXAMPLES as top_examples  # noqa: N811
from twilio_rt_cli.cli.top import top
from twilio_rt_cli.cli.tunnel import EXAMPLES as tunnel_examples  # noqa: N811
from twilio_rt_cli.cli.tunnel import tunnel
from twilio_rt_cli.output import console
from twilio_rt_cli.output.exit_codes import INTERRUPTED, report


class Root(GroupedCommands):
    """Runs a command; what it raises for a person becomes a sentence and an exit code."""

    def invoke(self, ctx: typer.Context) -> object:  # type: ignore[override]  # typer's own Context, older ones use click's
        try:
            return super().invoke(ctx)
        except errors.TwilioRtError as error:
            raise typer.Exit(report(error)) from error
        except KeyboardInterrupt:
            raise typer.Exit(INTERRUPTED) from None
        except BrokenPipeError:  # who read us has read enough
            console.forget_stdout()
            raise typer.Exit(0) from None


app = typer.Typer(
    name="twilio-rt",
    cls=Root,
    no_args_is_help=True,
    add_completion=False,  # completion.py has its own
    rich_markup_mode=None,  # rich takes twice as long to lay out a page of help as all the rest
    pretty_exceptions_show_locals=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="A phone number answered by a realtime voice model.",
    epilog="Settings come from flags, the environment or .env; .env.example explains each of them.",
)
_Listed = tuple[Callable[..., None], str, str | None]
_PANELS: dict[str, tuple[_Listed, ...]] = {
    "Run": (
        (init, "Ask for what .env needs, check it, and write the file.", init_examples),
        (serve, "Answer calls: the bridge between Twilio and the model.", serve_examples),
        (tunnel, "Open a public address for a server that already runs.", tunnel_examples),
    ),
    "Number": ((configure_number, "Point a phone number at a bridge, or put it back.", configure_number_examples),),
    "Look": (
        (doctor, "Check all that a call needs, and say what to do.", doctor_examples),
        (top, "Show the calls of a server that runs, as they go on.", top_examples),
        (calls, "List, tell and export the records of calls.", calls_examples),
    ),
    "Test": (
        (call_test, "Place a simulated call, or a real one, and judge it.", call_test_examples),
        (engine, "Run the offline realtime engine alone.", None),
    ),
}
"""what `--help` lists: each command, its line there (short enough for 80 columns), and the examples of its own help"""
for _panel, _listed in _PANELS.items():
    for _command, _line, _examples in _listed:
        _class = PlainWords if _command is calls else GroupedOptions
        app.command(cls=_class, short_help=_line, rich_help_panel=_panel, epilog=_examples)(_command)


def _print_version(wanted: bool) -> None:
    if wanted:
        console.data(f"twilio-rt {__version__}")
        raise typer.Exit


def _completion(do: Callable[[], None]) -> Callable[[bool], None]:
    def callback(wanted: bool) -> None:
        if wanted:
            try:
                do()
            except errors.TwilioRtError as error:
                raise typer.Exit(report(error)) from error
            raise typer.Exit

    return callback


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", callback=_print_version, is_eager=True)
    ] = False,
    install_completion: Annotated[
        bool,
        typer.Option(
            "--install-completion",
            help="Have this shell complete commands and options.",
            callback=_completion(completion.install),
            is_eager=True,
        ),
    ] = False,
    show_completion: Annotated[
        bool,
        typer.Option(
            "--show-completion",
            help="Show what that adds to the shell.",
            callback=_completion(completion.show),
            is_eager=True,
        ),
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line, or tell a shell what may follow on it; ends the process with its exit code."""
    if completion.ASKED in os.environ:
        completion.answer(typer.main.get_command(app), sys.argv[1:])
        return
    app(prog_name="twilio-rt")

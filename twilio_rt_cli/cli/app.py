"""The command `twilio-rt`: registers the commands, turns errors into sentences and exit codes.

Command modules import what is heavy inside their functions, so that `--help` answers at once.
"""

from typing import Annotated

import typer
from typer.core import TyperGroup

from twilio_rt_cli import __version__, errors
from twilio_rt_cli.cli.call_test import EXAMPLES as call_test_examples  # noqa: N811  # a name for each command's
from twilio_rt_cli.cli.call_test import call_test
from twilio_rt_cli.cli.calls import EXAMPLES as calls_examples  # noqa: N811
from twilio_rt_cli.cli.calls import PlainWords, calls
from twilio_rt_cli.cli.configure_number import EXAMPLES as configure_number_examples  # noqa: N811
from twilio_rt_cli.cli.configure_number import configure_number
from twilio_rt_cli.cli.doctor import EXAMPLES as doctor_examples  # noqa: N811
from twilio_rt_cli.cli.doctor import doctor
from twilio_rt_cli.cli.engine import engine
from twilio_rt_cli.cli.serve import EXAMPLES as serve_examples  # noqa: N811
from twilio_rt_cli.cli.serve import serve
from twilio_rt_cli.cli.top import EXAMPLES as top_examples  # noqa: N811
from twilio_rt_cli.cli.top import top
from twilio_rt_cli.cli.tunnel import EXAMPLES as tunnel_examples  # noqa: N811
from twilio_rt_cli.cli.tunnel import tunnel
from twilio_rt_cli.output import console
from twilio_rt_cli.output.exit_codes import INTERRUPTED, tell


class Root(TyperGroup):
    """Runs a command; what it raises for a person becomes a sentence and an exit code."""

    def get_help_option(self, ctx: typer.Context):  # type: ignore[no-untyped-def, override]
        # Typer 0.29 imports pydantic, 0.2 s of it, to make a bool of a flag that was not given. False is one already.
        option = super().get_help_option(ctx)
        if option is not None:
            option.default = False
        return option

    def invoke(self, ctx: typer.Context) -> object:  # type: ignore[override]  # typer's own Context, older ones use click's
        try:
            return super().invoke(ctx)
        except errors.TwilioRtError as error:
            raise typer.Exit(tell(error)) from error
        except KeyboardInterrupt:
            raise typer.Exit(INTERRUPTED) from None
        except BrokenPipeError:  # who read us has read enough
            console.forget_stdout()
            raise typer.Exit(0) from None


app = typer.Typer(
    name="twilio-rt",
    cls=Root,
    no_args_is_help=True,
    add_completion=False,  # its two flags cost every start 0.2 s, for the reason told above
    rich_markup_mode=None,  # rich takes twice as long to lay out a page of help as all the rest
    pretty_exceptions_show_locals=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="A phone number answered by a realtime voice model.",
    epilog="Settings come from flags, the environment or .env; .env.example explains each of them.",
)
for _command, _examples in (
    (serve, serve_examples),
    (tunnel, tunnel_examples),
    (configure_number, configure_number_examples),
    (top, top_examples),
    (doctor, doctor_examples),
    (call_test, call_test_examples),
    (engine, None),
):
    app.command(epilog=_examples)(_command)
app.command(epilog=calls_examples, cls=PlainWords)(calls)


def _print_version(wanted: bool) -> None:
    if wanted:
        console.data(f"twilio-rt {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line; ends the process with its exit code."""
    app(prog_name="twilio-rt")

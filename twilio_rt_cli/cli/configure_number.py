"""`twilio-rt configure-number`: points a phone number's voice webhook at a bridge, and puts it back."""

from typing import Annotated

import typer
from typer import Argument, Option

from twilio_rt_cli.cli.options import JsonObject, typed

EXAMPLES = """\b
Examples:
  twilio-rt configure-number --show
  twilio-rt configure-number +14155550100 --url https://bridge.example.com
  twilio-rt configure-number --restore
"""


def configure_number(
    ctx: typer.Context,
    number: Annotated[
        str | None,
        Argument(
            metavar="NUMBER",
            help="E.164, or the number's SID (PN…). [TWILIO_PHONE_NUMBER, else the account's only one]",
            show_default=False,
        ),
    ] = None,
    *,
    url: Annotated[
        str | None,
        Option(
            metavar="ORIGIN",
            help="Origin of the bridge; calls go to its /incoming-call. [PUBLIC_URL, else the running server's]",
            show_default=False,
        ),
    ] = None,
    show: Annotated[bool, Option("--show", help="Show what the number does, and change nothing.")] = False,
    restore: Annotated[
        bool, Option("--restore", help="Put back what was there before us, unless somebody has changed it since.")
    ] = False,
    dry_run: Annotated[bool, Option("--dry-run", help="Show the difference, and change nothing.")] = False,
    yes: Annotated[bool, Option("--yes", help="Change it without asking; needed where there is no terminal.")] = False,
    json: JsonObject = False,
) -> None:
    """Point a phone number at a bridge, after showing the difference.

    What the number did before is kept in the per-user state folder; --restore puts it back, unless somebody else
    has changed it since.
    """
    if show and restore:
        raise typer.BadParameter("--show and --restore exclude one another.")
    if url is not None and (show or restore):
        raise typer.BadParameter("--url says where to point a number: it does not go with --show or --restore.")

    from twilio_rt_cli.numbers.configure import NEEDED, run
    from twilio_rt_cli.numbers.options import ConfigureOptions
    from twilio_rt_cli.settings.dot_env import check_dot_env
    from twilio_rt_cli.settings.loading import load_some

    check_dot_env()
    run(typed(ConfigureOptions, ctx), load_some(NEEDED))

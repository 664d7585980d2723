"""`twilio-rt top`: the live view of a server that runs in another terminal."""

from typing import Annotated

from typer import Argument

from twilio_rt_cli.cli.options import JsonObject

EXAMPLES = """\b
Examples:
  twilio-rt top
  twilio-rt top http://127.0.0.1:5002
  twilio-rt top --json | jq .totals
"""


def top(
    admin_url: Annotated[
        str | None, Argument(metavar="ADMIN_URL", help="The server's admin port. [the running server's]")
    ] = None,
    *,
    json: JsonObject = False,
) -> None:
    """Show the calls of a server that runs, as its own terminal does. Leaving ends nothing there.

    Without a terminal it prints what there is to see once, as plain lines.
    """
    import sys

    from twilio_rt_cli.attach.client import known_admin_url
    from twilio_rt_cli.attach.live_view import print_once, watch
    from twilio_rt_cli.live.terminal import can_show

    url = admin_url.rstrip("/") if admin_url else known_admin_url()
    if json or not can_show(sys.stdout):
        print_once(url, json=json)
    else:
        watch(url, sys.stdout)

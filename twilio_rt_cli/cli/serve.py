"""`twilio-rt serve`: the bridge. Answers calls until it is told to stop."""

from functools import partial
from typing import Annotated

import typer
from typer import Option

from twilio_rt_cli.cli.options import JsonLines, with_settings

EXAMPLES = """\b
Examples:
  twilio-rt serve
  twilio-rt serve --tunnel --number +14155550100
  twilio-rt serve --local
  twilio-rt serve --port 8080 --prompt-file agent.md --tools orders.py
"""


_run = partial(Option, rich_help_panel="This run")


@with_settings
def serve(
    *,
    local: Annotated[bool, _run("--local", help="Answer with the offline engine; no account, no key.")] = False,
    tunnel: Annotated[
        bool,
        _run(
            "--tunnel",
            help="Open a tunnel by ngrok, so that Twilio reaches us; offers to point TWILIO_PHONE_NUMBER here.",
        ),
    ] = False,
    number: Annotated[
        str | None,
        _run(
            metavar="NUMBER", help="Point this number (E.164 or PN…) here while we run, and put its old webhook back."
        ),
    ] = None,
    yes: Annotated[
        bool, _run("--yes", help="Change its live webhook without asking; needed where there is no terminal.")
    ] = False,
    plain: Annotated[bool, Option("--plain", help="A logfmt line per event, also on a terminal.")] = False,
    json: JsonLines = False,
    **flags: object,
) -> None:
    """Answer calls: the bridge between Twilio and the realtime model.

    Ctrl-C lets calls in progress finish; a second Ctrl-C ends them. A flag wins over the setting in
    brackets, which may stand in the environment or in .env.
    """
    if plain and json:
        raise typer.BadParameter("--plain and --json exclude one another.")

    from twilio_rt_cli.doctor.checks import warnings
    from twilio_rt_cli.reporting.reporter import form_for
    from twilio_rt_cli.serve.options import IngressOptions
    from twilio_rt_cli.serve.start import serve_calls
    from twilio_rt_cli.settings.dot_env import check_dot_env
    from twilio_rt_cli.settings.loading import load_settings

    check_dot_env()
    settings = load_settings(realtime_provider="local" if local else None, **flags)
    if tunnel and "drain_seconds" not in settings.server.model_fields_set:
        settings = settings.having(drain_seconds=30.0)
    ingress = IngressOptions(tunnel=tunnel, number=number, yes=yes)
    serve_calls(settings, form_for(json=json, plain=plain), ingress, warnings)

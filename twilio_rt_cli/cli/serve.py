"""`twilio-rt serve`: the bridge. Answers calls until it is told to stop."""

from pathlib import Path
from typing import Annotated

import typer
from typer import Option

EXAMPLES = """\b
Examples:
  twilio-rt serve
  twilio-rt serve --tunnel --number +14155550100
  twilio-rt serve --local
  twilio-rt serve --port 8080 --prompt-file agent.md --tools orders.py
"""


def serve(
    *,
    local: Annotated[bool, Option("--local", help="Answer with the offline engine; no account, no key.")] = False,
    tunnel: Annotated[bool, Option("--tunnel", help="Open a tunnel by ngrok, so that Twilio reaches us.")] = False,
    number: Annotated[
        str | None,
        Option(metavar="NUMBER", help="Point this number here while we run. [--tunnel offers TWILIO_PHONE_NUMBER]"),
    ] = None,
    yes: Annotated[bool, Option("--yes", help="Change the number's live webhook without asking.")] = False,
    plain: Annotated[bool, Option("--plain", help="A logfmt line per event, also on a terminal.")] = False,
    json: Annotated[bool, Option("--json", help="JSON lines on stdout, and nothing else there.")] = False,
    host: Annotated[
        str | None,
        Option(
            metavar="ADDRESS",
            help="Where to listen. [HOST: 0.0.0.0; 127.0.0.1 without a Twilio secret]",
            show_default=False,
        ),
    ] = None,
    port: Annotated[
        int | None, Option(metavar="N", help="Port; 0 takes a free one. [PORT: 5001]", show_default=False)
    ] = None,
    public_url: Annotated[
        str | None, Option(metavar="ORIGIN", help="The origin Twilio reaches us at. [PUBLIC_URL]")
    ] = None,
    openai_model: Annotated[
        str | None, Option(metavar="NAME", help="The realtime model. [OPENAI_MODEL: gpt-realtime-2.1]")
    ] = None,
    openai_voice: Annotated[str | None, Option(metavar="NAME", help="The agent's voice. [OPENAI_VOICE: marin]")] = None,
    prompt_file: Annotated[
        Path | None, Option(metavar="FILE", help="Markdown file with the agent's instructions. [PROMPT_FILE]")
    ] = None,
    greeting: Annotated[
        str | None, Option(metavar="TEXT", help='What the agent says first; "": it waits. [GREETING]')
    ] = None,
    tools: Annotated[
        str | None, Option(metavar="NAMES", help='Files or modules with @tool functions; "": none. [TOOLS]')
    ] = None,
    limit_concurrency: Annotated[
        int | None, Option(metavar="N", help="Calls at once. [LIMIT_CONCURRENCY: 1000]")
    ] = None,
    drain_seconds: Annotated[
        float | None,
        Option(
            metavar="S", help="Seconds that a stopping server lets calls go on. [DRAIN_SECONDS: 600; 30 with --tunnel]"
        ),
    ] = None,
    log_level: Annotated[
        str | None, Option(metavar="LEVEL", help="debug, info, warning, error or critical. [LOG_LEVEL: info]")
    ] = None,
    log_format: Annotated[str | None, Option(metavar="FORMAT", help="pretty, logfmt or json. [LOG_FORMAT]")] = None,
    reload: Annotated[
        bool | None, Option("--reload/--no-reload", help="Restart on code change. [RELOAD: false]")
    ] = None,
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
    settings = load_settings(
        realtime_provider="local" if local else None,
        host=host,
        port=port,
        public_url=public_url,
        openai_model=openai_model,
        openai_voice=openai_voice,
        prompt_file=prompt_file,
        greeting=greeting,
        tools=tools,
        limit_concurrency=limit_concurrency,
        drain_seconds=drain_seconds,
        log_level=log_level,
        log_format=log_format,
        reload=reload,
    )
    if tunnel and "drain_seconds" not in settings.server.model_fields_set:
        settings = settings.having(drain_seconds=30.0)
    ingress = IngressOptions(tunnel=tunnel, number=number, yes=yes)
    serve_calls(settings, form_for(json=json, plain=plain), ingress, warnings)

"""`twilio-rt tunnel`: a public address for a server that already runs, until Ctrl-C."""

from typing import Annotated

from typer import Option

from twilio_rt_cli.cli.options import JsonLines

EXAMPLES = """\b
Examples:
  twilio-rt tunnel
  twilio-rt tunnel --port 5001 --url https://example.ngrok.app
"""


def tunnel(
    *,
    port: Annotated[
        int | None,
        Option(metavar="N", help="Port it leads to. [the running server's, else PORT]", min=1, max=65535),
    ] = None,
    url: Annotated[str | None, Option(metavar="ORIGIN", help="A fixed domain of the account. [NGROK_URL]")] = None,
    json: JsonLines = False,
) -> None:
    """Open a tunnel to a server that already runs, by ngrok, and tell that server its public address.

    Prints the address, keeps the tunnel up, and takes it down on Ctrl-C. A flag wins over the setting in brackets,
    which may stand in the environment or in .env.
    """
    from twilio_rt_cli.attach.tunnel import keep_open
    from twilio_rt_cli.machine.state import running_server
    from twilio_rt_cli.output.logs import log_lines
    from twilio_rt_cli.settings.dot_env import check_dot_env
    from twilio_rt_cli.settings.loading import load_settings
    from twilio_rt_cli.settings.parts import config_of

    check_dot_env()
    settings = load_settings(realtime_provider="local", ngrok_url=url)  # who answers is not asked here
    server = running_server()
    config = config_of(settings.tunnel, port or (server.port if server else settings.server.port))
    secrets = [config.authtoken or ""]
    with log_lines(level=settings.log.log_level, log_format=settings.log.log_format, secrets=secrets):
        keep_open(config, json=json)

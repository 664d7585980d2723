"""RELOAD: uvicorn's reloader around our own server, for development.

The server runs in a child process that gets the settings as they were resolved, flags included, through the pipe that
multiprocessing starts it with: no secret is in its argv. A change of code ends it at once; calls are not drained.
"""

from dataclasses import dataclass
from pathlib import Path
from socket import socket

import uvicorn
from uvicorn.supervisors.watchfilesreload import WatchFilesReload

from twilio_rt_cli.errors import TwilioRtError
from twilio_rt_cli.reporting.reporter import Form
from twilio_rt_cli.settings.groups import Settings


@dataclass(frozen=True)
class ServeOnce:
    """What the child process runs; pickled on its way there."""

    settings: Settings
    form: Form
    engine_url: str | None

    def __call__(self, sockets: list[socket] | None = None) -> None:
        from twilio_rt_cli.output.exit_codes import report
        from twilio_rt_cli.serve.options import IngressOptions
        from twilio_rt_cli.serve.run import log_lines_of, serve_once

        try:
            with log_lines_of(self.settings):
                serve_once(self.settings, self.form, self.engine_url, IngressOptions())
        except TwilioRtError as error:
            raise SystemExit(report(error)) from error


def serve_reloading(settings: Settings, form: Form, engine_url: str | None) -> None:
    """Serve, and start again whenever Python code, the prompt or a tool file changes, until a signal."""
    child = ServeOnce(settings.having(reload=False, drain_seconds=0.0), form, engine_url)
    prompt = settings.agent.prompt_file
    config = uvicorn.Config(
        app="twilio_rt_cli",  # never loaded: the child runs our own server
        reload=True,
        reload_dirs=sorted({str(folder) for folder in (Path.cwd(), Path(__file__).parents[1], *_parents(prompt))}),
        reload_includes=["*.py", *([prompt.name] if prompt else [])],
        log_config=None,
    )
    WatchFilesReload(config, target=child, sockets=[]).run()


def _parents(prompt: Path | None) -> tuple[Path, ...]:
    return (prompt.resolve().parent,) if prompt else ()

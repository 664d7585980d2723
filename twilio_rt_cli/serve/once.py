"""Serves in this process: everything that stands around the server, put together for one run."""

import logging
import sys
import time
from contextlib import AbstractContextManager, ExitStack, nullcontext, redirect_stdout

from twilio_rt_cli.admin.metrics import Metrics
from twilio_rt_cli.live.on_terminal import live_view
from twilio_rt_cli.output import console
from twilio_rt_cli.output.logs import log_lines
from twilio_rt_cli.output.redaction import Redactor
from twilio_rt_cli.reporting.hub import Hub
from twilio_rt_cli.reporting.reporter import Form, Reporter
from twilio_rt_cli.serve.admin_backend import AdminBackend
from twilio_rt_cli.serve.banner import banner, signatures_doubt
from twilio_rt_cli.serve.call_opener import CallOpener
from twilio_rt_cli.serve.ingress import Ingress
from twilio_rt_cli.serve.options import IngressOptions
from twilio_rt_cli.serve.record_keeping import call_records, recordings, used_since
from twilio_rt_cli.serve.server_view import ServerView
from twilio_rt_cli.server.admission.quota import Quota, day_began
from twilio_rt_cli.server.run import BridgeServer
from twilio_rt_cli.settings.groups import Settings
from twilio_rt_cli.settings.parts import limits_of, secrets_of, server_config

log = logging.getLogger("twilio_rt.serve")


def log_lines_of(settings: Settings) -> AbstractContextManager[None]:
    """Logging as the settings want it."""
    return log_lines(
        level=settings.log.log_level,
        log_format=settings.log.log_format,
        secrets=secrets_of(settings),
        show_numbers=settings.log.show_numbers,
    )


def serve_once(settings: Settings, form: Form, engine_url: str | None, options: IngressOptions) -> None:
    """Serve in this process, with an engine that already runs when the provider is `local`."""
    logged = console.is_terminal(sys.stderr) and log.isEnabledFor(logging.WARNING)
    redactor = Redactor(secrets_of(settings), settings.log.show_numbers)
    hub, reporter = Hub(redactor), Reporter(form, redactor, logged=logged)
    out = sys.stdout
    with reporter, redirect_stdout(sys.stderr), ExitStack() as stack:
        # A tool that prints must not print between our lines, which keep the stdout from before.
        opener = CallOpener(settings, hub.publish_for, engine_url)
        recorder = stack.enter_context(call_records(settings, opener.tools))
        opener.recordings = stack.enter_context(recordings(settings, recorder))
        now = time.time()
        quota = Quota(limits_of(settings.limits), now, used_since(settings, day_began(now)))
        server = BridgeServer(server_config(settings), opener.answer, hub.server, quota)
        view = ServerView(settings, server, redactor)
        metrics = Metrics(
            capacity=settings.server.limit_concurrency,
            counted=view.model.statistics,
            refused=server.registry.refused,
            tools=opener.tools,
        )
        for listener in (reporter, view.model, quota, recorder, metrics):
            if listener is not None:
                hub.add(listener)
        backend = AdminBackend(server, view, metrics, reporter)
        ingress = Ingress(
            settings,
            options,
            reporter,
            backend,
            on_ready=lambda origin: _say_where(settings, server.local_url, origin),
            view=(lambda: live_view(view, out)) if form is Form.VIEW else nullcontext,
        )
        try:
            server.run(ingress.around)
        except SystemExit:  # by a second signal
            reporter.stopped()
            raise
        log.info("%s", server.lag.snapshot())
        reporter.stopped()
    if ingress.error is not None:
        raise ingress.error


def _say_where(settings: Settings, url: str, origin: str | None) -> None:
    if console.is_terminal(sys.stderr):
        for line in banner(settings, url, console.width(sys.stderr), origin):
            console.say(line)
        return
    log.info("listening on %s", url)
    if (doubt := signatures_doubt(settings, url, origin)) is not None:
        log.warning("Twilio's signatures are %s", doubt)

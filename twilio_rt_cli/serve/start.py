"""Runs the server with everything it needs around it: logs, event lines, the offline engine, the reloader."""

import logging
from collections.abc import Callable, Iterable
from contextlib import ExitStack

from twilio_rt_cli.engine.process import engine_process
from twilio_rt_cli.errors import SettingsError
from twilio_rt_cli.reporting.reporter import Form
from twilio_rt_cli.serve.options import IngressOptions
from twilio_rt_cli.serve.run import log_lines_of, serve_once
from twilio_rt_cli.settings.dot_env import slips
from twilio_rt_cli.settings.groups import Settings, setting_names

log = logging.getLogger("twilio_rt.serve")


def serve_calls(
    settings: Settings,
    form: Form,
    options: IngressOptions,
    warnings: Callable[[Settings], Iterable[str]] = lambda _: (),
) -> None:
    """Serve until a signal, then drain. Raises TwilioRtError when it cannot start, or could not end as it should.

    `warnings` looks at the settings without asking anybody, and says what stands in the way.
    """
    _check(options, reload=settings.server.reload, checked=settings.twilio.checked)
    with ExitStack() as stack:
        stack.enter_context(log_lines_of(settings))
        for slip in slips(setting_names()):
            log.warning("%s", slip)
        for line in warnings(settings):
            log.warning("%s", line)
        engine_url = stack.enter_context(engine_process()) if settings.model.realtime_provider == "local" else None
        if settings.server.reload:
            from twilio_rt_cli.serve.reload import serve_reloading

            serve_reloading(settings, Form.TRANSCRIPT if form is Form.VIEW else form, engine_url)
        else:
            serve_once(settings, form, engine_url, options)


def _check(options: IngressOptions, *, reload: bool, checked: bool) -> None:
    """What cannot go together."""
    asked = [name for name, given in (("--tunnel", options.tunnel), ("--number", options.number)) if given]
    if asked and reload:
        raise SettingsError(f"RELOAD does not go together with {' and '.join(asked)}.", hint="Leave one of them out.")
    if asked and not checked:
        raise SettingsError(
            f"{' and '.join(asked)} is refused: Twilio's signatures are not checked, so anybody could call.",
            hint="Set TWILIO_AUTH_TOKEN (Twilio console, account page), and leave TWILIO_VALIDATE alone.",
        )

"""Settings made into the parts of a server that answers calls. Nothing is opened, and no clock or thread runs yet."""

import logging
import sys
import time
from dataclasses import dataclass
from typing import TextIO

from twilio_rt_cli.admin.metrics import Metrics
from twilio_rt_cli.agents.agent import OneForAll
from twilio_rt_cli.live.model import LiveModel
from twilio_rt_cli.output import console
from twilio_rt_cli.output.redaction import Redactor
from twilio_rt_cli.reporting.hub import Hub, Listener
from twilio_rt_cli.reporting.reporter import Form, Reporter
from twilio_rt_cli.serve.call_opener import CallOpener
from twilio_rt_cli.serve.record_keeping import RecordKeeping, configuration, record_keeping, used_since
from twilio_rt_cli.serve.server_view import live_model
from twilio_rt_cli.server.admission.quota import Quota, day_began
from twilio_rt_cli.server.admission.registry import Registry
from twilio_rt_cli.server.run import BridgeServer
from twilio_rt_cli.settings.groups import Settings
from twilio_rt_cli.settings.parts import agent_of, limits_of, secrets_of, server_config, terms_of

log = logging.getLogger("twilio_rt.serve")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """A server, and who hears what it and its calls tell."""

    redactor: Redactor
    reporter: Reporter
    records: RecordKeeping
    model: LiveModel
    metrics: Metrics
    hub: Hub
    opener: CallOpener
    server: BridgeServer


def assembled(settings: Settings, form: Form, engine_url: str | None, out: TextIO) -> Parts:
    """The parts. Reads the prompt, imports the tools, and looks what callers had today; raises SettingsError.

    `form` is how events look on `out`; `engine_url` where an engine listens when the provider is `local`.
    """
    redactor = Redactor(secrets_of(settings), settings.log.show_numbers)
    agent, terms, config = agent_of(settings), terms_of(settings, engine_url), server_config(settings)
    registry, now = Registry(config), time.time()

    # Who listens. Each is made whole before there is anything to hear, and hears nothing from another one.
    reporter = Reporter(form, redactor, out=out, logged=_log_is_read())
    ran_with = configuration(agent, terms)
    records = record_keeping(settings.records, ran_with)
    quota = Quota(limits_of(settings.limits), now, used_since(settings.records, day_began(now)))
    model = live_model(str(ran_with["model"]), config.limit_concurrency, redactor)
    metrics = Metrics(
        capacity=config.limit_concurrency, counted=model.statistics, refused=registry.refused, tools=agent.tool_names
    )
    listeners: list[Listener] = [reporter, model, quota, metrics]
    if records.listener is not None:
        listeners.append(records.listener)

    # Who is heard.
    hub = Hub(redactor, listeners)
    opener = CallOpener(OneForAll(agent), terms, hub.publisher_for, records.recordings)
    server = BridgeServer(config, opener.open, hub.publish_server, quota, registry=registry, on_lag=metrics.lag)
    return Parts(
        redactor=redactor,
        reporter=reporter,
        records=records,
        model=model,
        metrics=metrics,
        hub=hub,
        opener=opener,
        server=server,
    )


def _log_is_read() -> bool:
    """Whether who reads the transcript reads the log's warnings too."""
    return console.is_terminal(sys.stderr) and log.isEnabledFor(logging.WARNING)

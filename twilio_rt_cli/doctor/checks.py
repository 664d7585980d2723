"""All checks of `doctor`, side by side where they wait for others, each within a time of its own."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from datetime import date

from twilio_rt_cli.attach.known_origin import by_running_server, known_origin
from twilio_rt_cli.doctor.finding import Finding, State, failed, failures, ok
from twilio_rt_cli.doctor.keys import key_findings
from twilio_rt_cli.doctor.limits import limit_findings, price_finding
from twilio_rt_cli.doctor.machine import (
    disk_finding,
    dot_env_findings,
    ngrok_finding,
    open_files_finding,
    packages_finding,
    port_findings,
    python_finding,
)
from twilio_rt_cli.doctor.model import NOBODY_YET, agent_session, model_findings, shutdown_findings
from twilio_rt_cli.doctor.reach import origin_findings, trip_findings
from twilio_rt_cli.doctor.twilio import account_findings, clock_finding, number_findings
from twilio_rt_cli.errors import SettingsError
from twilio_rt_cli.machine.state import running_server
from twilio_rt_cli.output.exit_codes import UNREACHABLE
from twilio_rt_cli.output.redaction import Redactor
from twilio_rt_cli.settings.groups import Settings, setting_names
from twilio_rt_cli.settings.loading import bare_settings, load_settings, load_some
from twilio_rt_cli.settings.parts import limits_of, provider_of, secrets_of

_LONGEST_S = 11.0


def diagnosis() -> list[Finding]:
    """Every finding, without a secret in it."""
    settings, findings = _settings()
    findings = [python_finding(), packages_finding(), *dot_env_findings(setting_names()), *findings]
    findings += asyncio.run(_of_settings(settings))
    redactor = Redactor(secrets_of(settings), settings.log.show_numbers)
    return [replace(one, message=redactor.text(one.message), hint=redactor.text(one.hint)) for one in findings]


def quick_diagnosis(settings: Settings) -> list[Finding]:
    """What stands in the way and is seen without asking anybody: for the start of `serve`."""
    findings = [
        *dot_env_findings(setting_names()),
        *shutdown_findings(settings.model, settings.hearing.transcription_model, date.today()),
        *limit_findings(limits_of(settings.limits), settings.model),
        open_files_finding(settings.server.limit_concurrency),
        disk_finding(),
    ]
    return [one for one in findings if one.state in (State.WARNING, State.FAILED)]


def warnings(settings: Settings) -> list[str]:
    """The quick diagnosis, a line each."""
    return [f"{one.name}: {one.message} {one.hint}" for one in quick_diagnosis(settings)]


def _settings() -> tuple[Settings, list[Finding]]:
    """The settings, with defaults in place of what is wrong in them."""
    try:
        return load_settings(), [ok("settings", "Every setting is as it should be.")]
    except SettingsError as error:
        wrong = list(failures("settings", error))
    try:
        return load_some(()), wrong
    except SettingsError:  # .env cannot be read at all
        return bare_settings(realtime_provider="local"), wrong


async def _of_settings(settings: Settings) -> list[Finding]:
    server = running_server()
    of_server, origin = await asyncio.gather(
        asyncio.to_thread(by_running_server), asyncio.to_thread(known_origin, settings.server, settings.tunnel)
    )
    session, of_agent = agent_session(settings)
    groups = [
        *(_known(found) for found in (key_findings(settings.twilio, settings.model), of_agent)),
        _bounded("model", model_findings(provider_of(settings, NOBODY_YET), session)),
        _known(shutdown_findings(settings.model, settings.hearing.transcription_model, date.today())),
        _known(
            [*limit_findings(limits_of(settings.limits), settings.model), price_finding(settings.model, date.today())]
        ),
        _bounded("twilio-account", _apart(lambda: account_findings(settings.twilio))),
        _bounded("number", _apart(lambda: number_findings(settings.twilio, origin, show=settings.log.show_numbers))),
        _known(port_findings(settings.server, server)),
        _known(origin_findings(settings.server.public_url, origin, of_server)),
        _bounded("round-trip", trip_findings(settings.twilio, origin, server)),
        _bounded("ngrok", _apart(lambda: [ngrok_finding(settings.tunnel)])),
        _bounded("clock", _apart(lambda: [clock_finding(settings.twilio.twilio_api_url)])),
        _known([open_files_finding(settings.server.limit_concurrency), disk_finding()]),
    ]
    return [finding for group in await asyncio.gather(*groups) for finding in group]


async def _known(findings: Iterable[Finding]) -> list[Finding]:
    return list(findings)


async def _apart(check: Callable[[], Iterable[Finding]]) -> list[Finding]:
    """In a thread: it blocks."""
    return await asyncio.to_thread(lambda: list(check()))


async def _bounded(name: str, check: Awaitable[list[Finding]]) -> list[Finding]:
    try:
        async with asyncio.timeout(_LONGEST_S):
            return await check
    except TimeoutError:
        message = f"This took longer than {_LONGEST_S:g} s, and was given up."
        return [failed(name, message, "Check the network, and try again.", UNREACHABLE)]

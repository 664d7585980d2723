"""Checks of who answers: the tools and the prompt load, the model takes our session, and it has a future."""

import asyncio
import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from twilio_rt_cli.bridge.dialect import Dialect
from twilio_rt_cli.bridge.leg import Closed, Leg, Nobody
from twilio_rt_cli.doctor.finding import Finding, failed, failures, ok, skipped, warning
from twilio_rt_cli.errors import TwilioRtError
from twilio_rt_cli.models.dialer import Dialer
from twilio_rt_cli.models.provider import Provider
from twilio_rt_cli.models.providers import endpoint
from twilio_rt_cli.models.shutdowns import SHUTDOWNS
from twilio_rt_cli.output.exit_codes import CREDENTIALS, UNREACHABLE
from twilio_rt_cli.output.words import plural
from twilio_rt_cli.protocol import realtime
from twilio_rt_cli.protocol.realtime_client import SessionUpdate
from twilio_rt_cli.protocol.realtime_errors import HOPELESS
from twilio_rt_cli.serve.call_opener import call_plan
from twilio_rt_cli.settings.groups import ModelSettings, Settings
from twilio_rt_cli.settings.model_access import MODEL_ACCESS
from twilio_rt_cli.settings.parts import agent_of, terms_of

_SESSION_S = 4.0
NOBODY_YET = "ws://127.0.0.1:1/v1/realtime"
"""in place of the offline engine, which does not run here"""
_SOON = timedelta(days=60)
_BILLING = frozenset({"insufficient_quota", "billing_hard_limit_reached"})
_LOCKED_OUT = frozenset({"invalid_api_key", "account_deactivated"})


def agent_session(settings: Settings) -> tuple[dict[str, Any] | None, list[Finding]]:
    """The session that calls would ask for, with what there is to say of prompt and tools."""
    name = "agent"
    try:
        agent = agent_of(settings)
    except TwilioRtError as error:
        return None, list(failures(name, error))
    terms = terms_of(settings, NOBODY_YET)
    session = call_plan(agent, terms, endpoint(terms.provider).dialect, datetime.now()).session
    tools = len(session.get("tools", ()))
    prompt = settings.agent.prompt_file or "the sample"
    message = f"The prompt ({prompt}) and {plural(tools, 'tool')} are loaded."
    return session, [ok(name, message)]


async def model_findings(provider: Provider, session: dict[str, Any] | None) -> list[Finding]:
    """Open a session at the model, ask for ours, close it. No response is made."""
    name = "model"
    if provider.name == "local":
        return [ok(name, "The offline engine answers, in a process of the server's own: there is nobody to reach.")]
    if not _has_key(provider):
        return [skipped(name, "It is asked once there is a key.")]
    if session is None:
        return [skipped(name, "It is asked once prompt and tools load.")]
    dialer = Dialer(endpoint(provider))
    visit = _Visit(dialer.dialect, session)
    began = time.monotonic()
    try:
        leg = await dialer.dial(visit)
    except TwilioRtError as error:
        return list(failures(name, error))
    try:
        async with asyncio.timeout(_SESSION_S):
            problem = await visit.outcome
    except TimeoutError:
        message = f"{provider.model} took the connection, but gave no session within {_SESSION_S:g} s."
        return [failed(name, message, "See https://status.openai.com, and try again.", UNREACHABLE)]
    finally:
        leg.close()
        await visit.over.wait()  # a second at most
    if problem is not None:
        return [problem]
    elapsed_ms = (time.monotonic() - began) * 1000
    return [
        ok(
            name,
            f"{provider.model} ({provider.name}) took our session in {elapsed_ms:.0f} ms.",
        )
    ]


def _has_key(provider: Provider) -> bool:
    needed = MODEL_ACCESS[provider.name].needs_key(provider.url)
    return bool(provider.url) and bool(provider.api_key or not needed)


class _Visit(Nobody):
    """The owner of the model's socket: asks for the session, and waits for what is said to it."""

    def __init__(self, dialect: Dialect, session: dict[str, Any]) -> None:
        self._dialect = dialect
        self._session = session
        self.outcome: asyncio.Future[Finding | None] = asyncio.get_running_loop().create_future()
        self.over = asyncio.Event()

    def on_message(self, leg: Leg, raw: bytes) -> None:
        match self._dialect.decode(raw):
            case realtime.SessionCreated():
                leg.send(self._dialect.encode(SessionUpdate(self._session)))
            case realtime.SessionUpdated():
                self._settle(None)
            case realtime.ErrorReported(error=error):
                self._settle(refused_session(error))

    def on_closed(self, leg: Leg, closed: Closed) -> None:
        self.over.set()
        why = f" ({closed.code} {closed.reason}".rstrip() + ")"
        code = CREDENTIALS if any(one in closed.reason for one in _LOCKED_OUT) else UNREACHABLE
        self._settle(failed("model", f"The model closed the connection before it gave a session{why}.", code=code))

    def _settle(self, outcome: Finding | None) -> None:
        if not self.outcome.done():
            self.outcome.set_result(outcome)


def refused_session(error: realtime.ErrorDetails) -> Finding:
    """What the model said instead of giving us a session."""
    message = f"The model refused our session: {error.text or 'it did not say why'} ({error.name})."
    if error.name in _LOCKED_OUT:
        return failed("model", message, "Check OPENAI_API_KEY: https://platform.openai.com/api-keys.", CREDENTIALS)
    if error.name in _BILLING:
        return failed("model", message, "Add credit, or raise the limit: https://platform.openai.com/settings/billing.")
    if error.param and "transcription" in error.param:
        hint = "Calls go on without a transcript; set TRANSCRIPTION_MODEL to another, or empty."
        return warning("model", message, hint)
    if error.name in HOPELESS:
        return failed("model", message, "Check OPENAI_MODEL, and that the key's project may use it.")
    return failed("model", message, "Check OPENAI_VOICE, TRANSCRIPTION_MODEL and the tools.")


def shutdown_findings(model: ModelSettings, transcription_model: str, today: date) -> Iterator[Finding]:
    """Models that have a last day. At Azure the name is a deployment's, and says nothing."""
    if model.realtime_provider != "openai":
        return
    if (end := SHUTDOWNS.get(model.openai_model)) is not None:
        message = f"{model.openai_model} is shut down on {end.on}: no call is answered from then on."
        yield warning("model-lifetime", message, f"OPENAI_MODEL={end.replacement}")
    else:
        yield ok("model-lifetime", f"No shutdown date of {model.openai_model} is known.")
    if (end := SHUTDOWNS.get(transcription_model)) is None:
        return
    message = f"{transcription_model} is shut down on {end.on}; without it calls go on, but without a transcript."
    make = warning if today >= end.on - _SOON else ok
    yield make("transcription-lifetime", message, f"Until then: TRANSCRIPTION_MODEL={end.replacement}, or empty.")

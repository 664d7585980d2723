"""The model: it takes our session, or says why not."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from http import HTTPStatus
from pathlib import Path

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from tests.scripted_model import Script, scripted_model
from twilio_rt_cli.doctor.finding import Finding, State
from twilio_rt_cli.doctor.model import NOBODY_YET, agent_session, model_findings, refused_session, shutdown_findings
from twilio_rt_cli.models.shutdowns import SHUTDOWNS
from twilio_rt_cli.protocol.realtime import ErrorDetails
from twilio_rt_cli.settings.groups import Settings
from twilio_rt_cli.settings.loading import bare_settings
from twilio_rt_cli.settings.parts import provider_of

KEY = "sk-canary-that-must-never-be-seen-anywhere"


def settings(**given: object) -> Settings:
    return bare_settings(**({"openai_api_key": KEY} | given))


async def asked(url: str) -> Finding:
    given = settings(openai_realtime_url=url)
    session, _ = agent_session(given)
    [finding] = await model_findings(provider_of(given, NOBODY_YET), session)
    return finding


@asynccontextmanager
async def refusing(status: int = 0, code: str = "") -> AsyncIterator[str]:
    """A model that refuses the upgrade with this status, or later with this error and a close."""

    def answer(connection: ServerConnection, _: Request) -> Response | None:
        return connection.respond(HTTPStatus(status), "no\n") if status else None

    async def talk(connection: ServerConnection) -> None:
        if code:
            error = {"type": "invalid_request_error", "code": code, "message": "No."}
            await connection.send(json.dumps({"type": "error", "event_id": "e", "error": error}))
        await connection.close(3000, "invalid_request_error.invalid_api_key")

    async with serve(talk, "127.0.0.1", 0, process_request=answer) as server:
        yield f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}/v1/realtime"


def test_a_session_is_opened_and_closed() -> None:
    async def story() -> None:
        async with scripted_model() as script:
            finding = await asked(script.url)
            assert finding.state is State.OK, finding
            [connection] = script.connections
            await connection.closed.wait()
            assert [one["type"] for one in connection.received] == ["session.update"]

    asyncio.run(story())


def test_a_session_that_is_refused_is_told() -> None:
    async def story() -> None:
        async with scripted_model(Script(refuses_transcription=True)) as script:
            finding = await asked(script.url)
            assert (finding.state, finding.code) == (State.FAILED, 3)
            assert "this transcription model is not available" in finding.message

    asyncio.run(story())


@pytest.mark.parametrize(
    ("status", "error", "code"),
    [(401, "", 4), (403, "", 4), (404, "", 3), (503, "", 5), (0, "invalid_api_key", 4), (0, "", 4)],
)
def test_a_key_that_is_refused_is_exit_4(status: int, error: str, code: int) -> None:
    async def story() -> None:
        async with refusing(status, error) as url:
            finding = await asked(url)
            assert (finding.state, finding.code) == (State.FAILED, code)

    asyncio.run(story())


def test_without_a_key_nobody_is_asked() -> None:
    for given in ({"realtime_provider": "azure"}, {"openai_api_key": None}):
        partly = settings(realtime_provider="local").having(**({"realtime_provider": "openai"} | given))
        [finding] = asyncio.run(model_findings(provider_of(partly, NOBODY_YET), {}))
        assert finding.state is State.SKIPPED


def test_the_offline_engine_is_nobody_to_reach() -> None:
    [finding] = asyncio.run(model_findings(provider_of(settings(realtime_provider="local"), NOBODY_YET), {}))
    assert finding.state is State.OK


@pytest.mark.parametrize(
    ("error", "state", "code", "hint"),
    [
        (ErrorDetails(message="m", code="insufficient_quota"), State.FAILED, 3, "credit"),
        (ErrorDetails(message="m", code="account_deactivated"), State.FAILED, 4, "OPENAI_API_KEY"),
        (ErrorDetails(message="m", code="model_not_found"), State.FAILED, 3, "OPENAI_MODEL"),
        (
            ErrorDetails(code="invalid_value", param="session.audio.input.transcription.model"),
            State.WARNING,
            0,
            "TRANSCRIPTION_MODEL",
        ),
        (ErrorDetails(type="invalid_request_error"), State.FAILED, 3, "OPENAI_VOICE"),
    ],
)
def test_what_the_model_refuses(error: ErrorDetails, state: State, code: int, hint: str) -> None:
    finding = refused_session(error)
    assert (finding.state, finding.code, hint in finding.hint) == (state, code, True)


def test_tools_that_do_not_load_are_told(tmp_path: Path) -> None:
    session, [finding] = agent_session(settings(tools=str(tmp_path / "missing.py")))
    assert (session, finding.state) == (None, State.FAILED)
    [finding] = asyncio.run(model_findings(provider_of(settings(), NOBODY_YET), None))
    assert finding.state is State.SKIPPED


# Models with a last day


def lifetimes(today: date, **given: object) -> list[Finding]:
    wanted = settings(**given)
    return list(shutdown_findings(wanted.model, wanted.hearing.transcription_model, today))


def states(today: date, **given: object) -> dict[str, State]:
    return {one.name: one.state for one in lifetimes(today, **given)}


def test_a_model_with_a_last_day_is_warned_of() -> None:
    [model, transcription] = lifetimes(date(2026, 11, 25), openai_model="gpt-realtime-mini")
    assert model.state is State.WARNING
    assert "2027-01-20" in model.message
    assert model.hint == "OPENAI_MODEL=gpt-realtime-2.1-mini"
    assert transcription.state is State.OK  # the default, months before its end
    assert "2027-02-26" in transcription.message


def test_transcription_is_warned_of_when_its_end_is_near() -> None:
    assert states(date(2027, 2, 1))["transcription-lifetime"] is State.WARNING
    assert states(date(2027, 2, 1), transcription_model="gpt-transcribe") == {"model-lifetime": State.OK}


def test_what_replaces_a_model_has_a_future() -> None:
    assert not SHUTDOWNS.keys() & {end.replacement for end in SHUTDOWNS.values()}


def test_names_of_others_say_nothing() -> None:
    assert states(date(2027, 2, 1), realtime_provider="local", openai_model="gpt-realtime") == {}

"""Checks of single answers, against a real server."""

import socket
from collections.abc import Iterator

import pytest

from tests.init.models_stand_in import KEY, ModelsStandIn, models_stand_in
from twilio_rt_cli.doctor.finding import Finding, State
from twilio_rt_cli.init.checks import model_key, models_url, ngrok_token
from twilio_rt_cli.output.exit_codes import CREDENTIALS, UNREACHABLE
from twilio_rt_cli.settings.loading import bare_settings


@pytest.fixture(name="models")
def _models() -> Iterator[ModelsStandIn]:
    with models_stand_in() as models:
        yield models


def checked(models: ModelsStandIn, key: str | None = KEY, **settings: object) -> Finding:
    given = {"openai_realtime_url": models.realtime_url, "openai_api_key": key} | settings
    return model_key(bare_settings(**given).model)


@pytest.mark.parametrize(
    ("status", "state", "code", "told"),
    [
        (200, State.OK, 0, "takes the key, and it may use gpt-realtime-2.1."),
        (401, State.FAILED, CREDENTIALS, "does not take this key (401)."),
        (403, State.WARNING, 0, "knows the key, but it may not ask about models (403). Calls may work all the same."),
        (404, State.SKIPPED, 0, "answered 404 when it was asked for its models."),
        (429, State.WARNING, 0, "gives nothing at the moment (429): a limit, or credit that is used up."),
        (302, State.SKIPPED, 0, "answered 302 when it was asked for its models."),
        (503, State.FAILED, UNREACHABLE, "cannot be reached (it answered 503)."),
    ],
)
def test_each_answer_is_judged(status: int, state: State, code: int, told: str, models: ModelsStandIn) -> None:
    models.status = status
    found = checked(models)
    assert (found.state, found.code) == (state, code)
    assert found.message.endswith(told)


def test_the_model_is_part_of_the_address_and_the_key_of_a_header(models: ModelsStandIn) -> None:
    checked(models, openai_model="my model/2")
    checked(models, None)
    assert models.asked == [("/v1/models/my%20model%2F2", KEY), ("/v1/models/gpt-realtime-2.1", "")]


def test_azure_has_another_header_and_deployments(models: ModelsStandIn) -> None:
    url = models.realtime_url.replace("/v1", "/openai/v1")
    found = checked(models, realtime_provider="azure", azure_openai_url=url, azure_openai_api_key=KEY)
    assert (found.state, models.asked) == (State.OK, [("/openai/v1/models", KEY)])


@pytest.mark.parametrize(
    ("socket_url", "url"),
    [
        ("wss://api.openai.com/v1/realtime", "https://api.openai.com/v1/models"),
        ("ws://127.0.0.1:8765/v1/realtime/", "http://127.0.0.1:8765/v1/models"),
        ("wss://h.example/openai/v1/realtime?x=1", "https://h.example/openai/v1/models"),
        ("wss://h.example/talk", None),
    ],
)
def test_where_models_are_told_follows_from_the_socket(socket_url: str, url: str | None) -> None:
    assert models_url(socket_url) == url


def test_an_address_of_another_form_cannot_be_asked(models: ModelsStandIn) -> None:
    found = checked(models, openai_realtime_url="ws://127.0.0.1:9/talk")
    assert found.state is State.SKIPPED


def test_one_that_never_answers_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"ws://127.0.0.1:{silent.getsockname()[1]}/v1/realtime"
        found = model_key(bare_settings(openai_realtime_url=url, openai_api_key=KEY).model, answer_s=0.1)
    assert (found.state, found.code) == (State.FAILED, UNREACHABLE)
    assert found.message.endswith("cannot be reached (it did not answer within 0.1 s).")


@pytest.mark.parametrize(
    ("token", "state"),
    [
        ("2abcDEFghijKLMnop0123456789_4ABCdefGHIjkl0123456789", State.OK),
        ("ak_2abc", State.WARNING),
        ("not a token", State.WARNING),
    ],
)
def test_a_token_of_ngrok_is_judged_by_its_form(token: str, state: State) -> None:
    assert ngrok_token(token).state is state

"""`twilio-rt doctor`, with a server in a process of its own, a scripted model and the stand-in for Twilio's API."""

import asyncio
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from tests.cli.test_serve import serving
from tests.nursery.nursery import Nursery
from tests.scripted_model import Script, scripted_model
from tests.twilio_rest import TwilioRest, twilio_rest
from twilio_rt_cli.cli.app import app
from twilio_rt_cli.settings.groups import FIELDS

KEY = "sk-canary-that-must-never-be-seen-anywhere"
NUMBER = "+14155550100"
NOBODY = "http://127.0.0.1:1"
CHECKS = [
    *("python", "packages", "env-file", "settings", "openai-key", "twilio-sid", "signatures", "agent", "model"),
    *("model-lifetime", "transcription-lifetime", "limits", "prices", "twilio-account", "number", "port"),
    *("origin", "round-trip", "wrong-signature", "ngrok", "clock", "open-files", "disk"),
]


@contextmanager
def model() -> Iterator[Script]:
    """A scripted model on a loop in a thread of its own."""
    script, ready = Script(), threading.Event()
    stop: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def serve() -> None:
        over = asyncio.Event()
        async with scripted_model(script):
            stop.append((asyncio.get_running_loop(), over))
            ready.set()
            await over.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert ready.wait(20)
    try:
        yield script
    finally:
        [(loop, over)] = stop
        loop.call_soon_threadsafe(over.set)
        thread.join(20)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, nursery: Nursery) -> Iterator[tuple[TwilioRest, dict[str, str]]]:
    """Everything in order: the account, and the settings for it."""
    folder = tmp_path_factory.mktemp("world")
    state = str(folder / "state")
    with twilio_rest([NUMBER]) as rest, model() as script:
        given = {
            "OPENAI_API_KEY": KEY,
            "OPENAI_REALTIME_URL": script.url,
            "TWILIO_ACCOUNT_SID": rest.account.sid,
            "TWILIO_AUTH_TOKEN": rest.account.auth_token,
            "TWILIO_API_URL": rest.url,
            "NGROK_API_URL": NOBODY,
            "LIMIT_CONCURRENCY": "50",
            "XDG_STATE_HOME": state,
        }
        with serving(nursery, cwd=folder, **{**given, "ADMIN_PORT": "0"}) as (process, ready):
            rest.account.number(NUMBER).voice_url = ready["url"] + "/incoming-call"
            yield rest, given
            process.kill()


@pytest.fixture(autouse=True)
def rest(
    world: tuple[TwilioRest, dict[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TwilioRest]:
    for name in FIELDS:
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in world[1].items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    yield world[0]
    world[0].heal()


def doctor(*arguments: str, code: int = 0) -> Result:
    result = CliRunner().invoke(app, ["doctor", *arguments])
    assert result.exit_code == code, result.output
    for secret in ("canary-that", os.environ["TWILIO_AUTH_TOKEN"]):
        assert secret not in result.output
    return result


def told(code: int = 0) -> dict[str, dict[str, Any]]:
    """The checks in the one object on stdout, by name."""
    result = doctor("--json", code=code)
    assert result.stdout.count("\n") == 1
    object_ = json.loads(result.stdout)
    assert list(object_) == ["v", "ok", "exit_code", "checks"]
    assert (object_["v"], object_["ok"], object_["exit_code"]) == (1, code == 0, code)
    assert all(list(one) == ["name", "state", "told", "hint"] for one in object_["checks"])
    return {one["name"]: one for one in object_["checks"]}


def states(checks: dict[str, dict[str, Any]], wanted: str) -> list[str]:
    return [name for name, one in checks.items() if one["state"] == wanted]


def test_all_is_well() -> None:
    checks = told()
    assert list(checks) == CHECKS
    assert states(checks, "failed") == []
    assert states(checks, "warning") == ["origin"]  # it is this machine's
    assert set(states(checks, "skipped")) <= {"ngrok"}
    assert checks["openai-key"]["told"] == "OPENAI_API_KEY is sk-canar…here."
    assert checks["wrong-signature"]["told"].startswith("A wrong signature is refused with 403")


def test_a_person_sees_a_line_for_each_check() -> None:
    lines = doctor().stdout.splitlines()
    names = [line.split()[1] for line in lines if line[:1] in "✓!✗–" and line]
    assert names == CHECKS
    assert lines[-1].startswith("Nothing stands in the way: ")


def test_a_token_that_twilio_does_not_take_is_exit_4(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "c" * 32)
    checks = told(code=4)
    assert states(checks, "failed") == ["twilio-account", "round-trip"]
    assert "TWILIO_AUTH_TOKEN" in checks["twilio-account"]["hint"]


def test_a_server_with_another_token_is_exit_3(rest: TwilioRest, monkeypatch: pytest.MonkeyPatch) -> None:
    was, rest.account.auth_token = rest.account.auth_token, "d" * 32
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "d" * 32)
    try:
        checks = told(code=3)
    finally:
        rest.account.auth_token = was
    assert states(checks, "failed") == ["round-trip"]
    assert "refused our signature" in checks["round-trip"]["told"]


def test_a_model_that_is_away_is_exit_5(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_REALTIME_URL", "ws://127.0.0.1:1/v1/realtime")
    assert states(told(code=5), "failed") == ["model"]


def test_every_wrong_setting_is_a_failed_check_and_the_rest_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAD_THRESHOLD", "loud")
    monkeypatch.setenv("PUBLIC_URL", "https://bridge.example.com/path")
    result = json.loads(doctor("--json", code=3).stdout)
    wrong = [one["told"].split()[0] for one in result["checks"] if one["state"] == "failed"]
    assert sorted(wrong) == ["PUBLIC_URL", "VAD_THRESHOLD"]


def test_an_origin_that_is_not_the_servers_is_exit_3(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUBLIC_URL", "http://127.0.0.1:1")
    checks = told(code=5)
    assert states(checks, "failed") == ["public-url", "round-trip"]

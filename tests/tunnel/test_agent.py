"""An agent that does not come up: each reason in words, within its time, and nothing left behind."""

import asyncio
import time
import urllib.request
from pathlib import Path

import pytest

from tests.ngrok_agent.install import TOKEN
from tests.tunnel.world import config, left, opened, run
from twilio_rt_cli.errors import CredentialsError, ServiceError, TwilioRtError, UnreachableError
from twilio_rt_cli.tunnel.agent import OwnAgent


@pytest.mark.parametrize(
    ("mode", "kind", "message"),
    [
        ("4018", CredentialsError, "ngrok wants an account and its authtoken (ERR_NGROK_4018)."),
        ("105", CredentialsError, "ngrok says that NGROK_AUTHTOKEN does not look like an authtoken (ERR_NGROK_105)."),
        ("107", CredentialsError, "ngrok says that NGROK_AUTHTOKEN is not, or no longer, valid (ERR_NGROK_107)."),
        (
            "108",
            ServiceError,
            "Another ngrok agent of this account is running, and the plan allows no more (ERR_NGROK_108).",
        ),
        ("121", ServiceError, "This ngrok is too old for its servers (ERR_NGROK_121)."),
        ("334", ServiceError, "https://my.ngrok.app is already online from somewhere else (ERR_NGROK_334)."),
        ("exit", ServiceError, "ngrok ended (exit status 1) before there was a tunnel."),
    ],
)
def test_each_failure_is_a_sentence_a_hint_and_an_exit_code(  # noqa: PLR0917
    mode: str,
    kind: type[TwilioRtError],
    message: str,
    tmp_path: Path,
    state: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("NGROK_STANDIN", mode)
    with pytest.raises(kind) as failed:
        opened(config(tmp_path, url="https://my.ngrok.app" if mode == "334" else None))
    assert failed.value.message == message
    assert failed.value.hint
    assert left(state) == []
    printed = capfd.readouterr()
    assert TOKEN not in f"{failed.value.hint}{printed.out}{printed.err}"


def test_no_token_at_all_is_told_by_ngrok(tmp_path: Path) -> None:
    with pytest.raises(CredentialsError, match="ERR_NGROK_4018"):
        opened(config(tmp_path, authtoken=None))


def test_without_a_token_ngroks_own_configuration_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pyngrok.conf

    theirs = tmp_path / "ngrok.yml"
    theirs.write_text(f"version: '3'\nagent:\n  authtoken: {TOKEN}\n")
    monkeypatch.setattr(pyngrok.conf, "DEFAULT_NGROK_CONFIG_PATH", str(theirs))  # computed when it was imported
    assert opened(config(tmp_path, authtoken=None)).public_url
    assert TOKEN in theirs.read_text()


def test_an_agent_that_says_nothing_has_a_deadline(
    tmp_path: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NGROK_STANDIN", "silent")
    began_at = time.monotonic()
    with pytest.raises(UnreachableError, match=r"^ngrok did not come up within 0\.5 s\.$"):
        opened(config(tmp_path, start_s=0.5))
    assert time.monotonic() - began_at < 5
    assert left(state) == []


def test_a_program_that_cannot_be_run_is_told(tmp_path: Path, state: Path) -> None:
    (tmp_path / "not-ngrok").write_text("")
    with pytest.raises(ServiceError, match=r"^ngrok cannot be run: .*not-ngrok"):
        opened(config(tmp_path, ngrok_path=tmp_path / "not-ngrok"))
    assert left(state) == []


def test_a_proxy_of_the_environment_is_not_asked_for_loopback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # urllib keeps the proxies that it saw first, for the life of the process: it must not keep these.
    monkeypatch.setattr(urllib.request, "_opener", None)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "")
    assert opened(config(tmp_path)).public_url


@pytest.mark.parametrize("seen", ["", "/.agent.json.*", "/agent.json", "/ngrok", "/stderr"])
def test_cancelled_at_any_moment_it_leaves_nothing(seen: str, tmp_path: Path, state: Path) -> None:
    async def story() -> None:
        loop, starting = asyncio.get_running_loop(), asyncio.ensure_future(OwnAgent.start(config(tmp_path)))

        def look() -> None:
            if any(state.rglob(f"ngrok-*{seen}")):
                starting.cancel()
            else:
                loop.call_soon(look)

        look()
        with pytest.raises(asyncio.CancelledError):
            await starting

    run(story())
    assert left(state) == []

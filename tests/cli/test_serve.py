"""`twilio-rt serve`, run for real on a free loopback port."""

import inspect
import json
import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from tests.nursery.nursery import Nursery
from tests.nursery.program import Program
from twilio_rt_cli.cli.app import app
from twilio_rt_cli.cli.serve import serve
from twilio_rt_cli.settings.groups import FIELDS, GROUPS, setting_names
from twilio_rt_cli.settings.loading import bare_settings

OFFLINE = {"OPENAI_REALTIME_URL": "ws://127.0.0.1:1/v1/realtime"}
"""a model that is never called, and needs no key"""


def environment(**more: str) -> dict[str, str]:
    """Ours, without any setting but these."""
    names = set(setting_names())
    return {name: value for name, value in os.environ.items() if name not in names} | OFFLINE | more


@contextmanager
def serving(nursery: Nursery, *arguments: str, cwd: Path, **settings: str) -> Iterator[tuple[Program, dict[str, Any]]]:
    """A server in a process of its own, and its `server.ready`."""
    command = ("twilio_rt_cli", "serve", "--port", "0", "--json", *arguments)
    with nursery.program(*command, folder=cwd, environment=environment(**settings)) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        line = process.stdout.readline()
        assert line, process.stderr.read()
        yield process, json.loads(line)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_a_signal_and_exits_0(number: signal.Signals, tmp_path: Path, nursery: Nursery) -> None:
    with serving(nursery, cwd=tmp_path) as (process, ready):
        assert list(ready) == ["v", "ts", "type", "url", "public_url", "admin_url", "pid"]
        assert (ready["type"], ready["public_url"]) == ("server.ready", None)
        assert httpx.get(ready["admin_url"] + "/origin", trust_env=False).json()["origin"] == ready["url"]
        assert ready["pid"] == process.pid
        assert httpx.get(ready["url"] + "/healthz", trust_env=False).status_code == 200
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
    assert process.returncode == 0, err
    assert [json.loads(line)["type"] for line in out.splitlines()] == ["server.draining", "server.stopped"]
    assert "signatures are NOT checked" in err


def test_who_had_enough_today_is_refused_and_told_without_the_number(tmp_path: Path, nursery: Nursery) -> None:
    limits = {"CALLER_CALLS_PER_DAY": "1", "BLOCK_CALLERS": "+1900*", "COST_USD_PER_DAY": "5", "OPENAI_MODEL": "other"}
    with serving(nursery, cwd=tmp_path, **limits) as (process, ready):

        def ring(number: int, caller: str) -> bool:
            form = {"CallSid": f"CA{number:032x}", "AccountSid": "AC1", "From": caller}
            answer = httpx.post(ready["url"] + "/incoming-call", data=form, trust_env=False)
            assert answer.status_code == 200
            return "<Connect" in answer.text

        calls = [
            (1, "+14155550100"),
            (2, "+14155550100"),
            (3, "+19005550100"),
            (4, "+14155550101"),
            (1, "+14155550100"),
        ]
        assert [ring(*call) for call in calls] == [True, False, False, True, True]
        process.send_signal(signal.SIGINT)
        assert process.stdout is not None
        told = ""
        for line in iter(process.stdout.readline, ""):  # two signals at once may arrive as one
            told += line
            if "server.draining" in line:
                break
        process.send_signal(signal.SIGINT)  # no stream will come for those that were answered
        out, err = process.communicate(timeout=20)
    out = told + out
    refusals = [json.loads(line) for line in out.splitlines() if '"call.refused"' in line]
    assert [(one["call"][-1], one["reason"]) for one in refusals] == [("2", "caller_calls"), ("3", "caller_blocked")]
    assert "COST_USD_PER_DAY cannot be kept: other is not in the price table" in err
    assert not re.search(r"55501|4155550|9005550", out + err)


def test_settings_reach_the_server(tmp_path: Path, nursery: Nursery) -> None:
    (tmp_path / ".env").write_text(
        "TWILIO_AUTH_TOKEN=0123456789abcdef0123456789abcdef\nLOG_FORMAT=json\nHOST=localhost\n"
    )
    with serving(nursery, "--public-url", "https://Bridge.example.com/", cwd=tmp_path) as (process, ready):
        assert ready["public_url"] == "https://bridge.example.com"
        form = {"CallSid": "CA" + "1" * 32, "AccountSid": "AC" + "1" * 32}
        assert httpx.post(ready["url"] + "/incoming-call", data=form, trust_env=False).status_code == 403
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=20)
    assert process.returncode == 0, err
    assert json.loads(out.splitlines()[0])["reason"] == "bad_signature"
    assert "0123456789abcdef0123456789abcdef" not in out + err
    assert all(json.loads(line)["level"] for line in err.splitlines())


def test_a_tool_that_prints_does_not_print_between_our_lines(tmp_path: Path, nursery: Nursery) -> None:
    (tmp_path / "loud.py").write_text(
        "from twilio_rt_cli.tools import tool\n"
        "print('I was imported')\n"
        "@tool\n"
        "def loud(day: str) -> str:\n"
        "    'Say something about a day.'\n"
        "    return day\n"
    )
    with serving(nursery, "--tools", "loud.py", cwd=tmp_path) as (process, ready):
        assert ready["type"] == "server.ready"
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    assert "I was imported" in err


def test_a_reader_who_leaves_ends_no_server(tmp_path: Path, nursery: Nursery) -> None:
    with serving(nursery, cwd=tmp_path) as (process, ready):
        assert process.stdout is not None
        process.stdout.close()
        process.stdout = None
        assert httpx.get(ready["url"] + "/healthz", trust_env=False).status_code == 200
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 0, err
    assert "BrokenPipe" not in err


def test_a_busy_port_is_exit_1(tmp_path: Path, nursery: Nursery) -> None:
    with serving(nursery, cwd=tmp_path) as (_, ready):
        port = ready["url"].rpartition(":")[2]
        command = ("twilio_rt_cli", "serve", "--port", port)
        with nursery.program(*command, folder=tmp_path, environment=environment()) as second:
            out, err = second.communicate(timeout=20)
    assert (second.returncode, out) == (1, "")
    assert err.startswith(f"Error: Port {port} on 127.0.0.1 is in use")


def run(*arguments: str, cwd: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[int, str, str]:
    for name in FIELDS:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(cwd)
    result = CliRunner().invoke(app, ["serve", *arguments])
    return result.exit_code, result.stdout, result.stderr


def test_bad_settings_are_exit_2_with_a_sentence_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, out, err = run("--port", "70000", "--log-level", "loud", cwd=tmp_path, monkeypatch=monkeypatch)
    assert (code, out) == (2, "")
    assert err.splitlines()[:3] == [
        "Error: PORT must be at most 65535, not 70000.",
        "Error: LOG_LEVEL must be debug, info, warning, error or critical, not 'loud'.",
        "Error: OPENAI_API_KEY is missing.",
    ]
    assert err.splitlines()[3].startswith("Hint: ")


def test_every_flag_of_a_setting_names_it_and_its_default() -> None:
    shown = " ".join(CliRunner().invoke(app, ["serve", "--help"]).stdout.split())
    settings = bare_settings(openai_api_key="k", twilio_auth_token="t")
    defaults = {name: value for group in GROUPS for name, value in getattr(settings, group)}
    flags = set(inspect.signature(serve).parameters) - {"local", "plain", "json", "tunnel", "number", "yes"}
    assert flags < FIELDS.keys()
    for name in flags:
        default = re.search(rf"\[{name.upper()}(?:: ([^\]]+))?\]", shown)
        assert default, name
        if default[1] is not None:
            assert default[1].partition(";")[0].replace("gpt- ", "gpt-") == shown_as(defaults[name])


def shown_as(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value).lower()


def test_plain_and_json_exclude_one_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, _, err = run("--plain", "--json", cwd=tmp_path, monkeypatch=monkeypatch)
    assert code == 2
    assert "--plain and --json exclude one another" in err

"""The command line of `call-test`."""

import json
import socket
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.call_test.call_tests import recording, stand_in_thread
from twilio_rt_cli.cli.app import app

ENVIRONMENT = {"TWILIO_AUTH_TOKEN": "the-auth-token", "COLUMNS": "200", "TERM": "dumb"}


def call_test(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["call-test", *map(str, arguments)], env=ENVIRONMENT)
    return result.exit_code, result.stdout, result.stderr


def test_help_names_every_option() -> None:
    code, out, _ = call_test("--help")

    assert code == 0
    options = (
        "--say --audio --dtmf --barge-in --calls --duration --record --expect --max-first-audio-ms --max-v2v-ms "
        "--packet-loss --jitter-ms --latency-ms --seed --sign-as --strict --junit --json"
    )
    assert [option for option in options.split() if option not in out] == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ftp://h"], "'ftp://h' cannot be called."),
        (["bridge.example"], "'bridge.example' cannot be called."),
        (["http://h:99999"], "'http://h:99999' cannot be called."),
        (["http://h", "--dtmf", "12x"], "--dtmf '12x' is not a row of telephone keys."),
        (["http://h", "--sign-as", "bridge.example"], "--sign-as 'bridge.example' is not an origin."),
        (["--sign-as", "https://bridge.example"], "--sign-as needs the URL of a bridge to connect to."),
        (["http://h", "--record", "/no/such/folder/call.wav"], "--record: there is no folder /no/such/folder."),
        (["http://h", "--junit", "/"], "--junit: / is a folder, not a file."),
        (["http://h", "--say", " "], "--say and --expect need words."),
        (["http://h", "--audio", "/no/such.wav"], "--audio: /no/such.wav cannot be read (No such file or directory)."),
        (["http://h", "--audio", __file__], f"--audio: {__file__} is not a WAV file."),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_rings(arguments: list[str], message: str) -> None:
    code, out, err = call_test(*arguments)

    assert (code, out) == (2, "")
    assert f"Error: {message}" in err


@pytest.mark.parametrize("arguments", [["--calls", "0"], ["--packet-loss", "101"], ["--duration", "-1"]])
def test_figures_out_of_range_are_refused(arguments: list[str]) -> None:
    assert call_test("http://h", *arguments)[0] == 2


def test_json_is_one_object_and_nothing_else_on_stdout(tmp_path: Path) -> None:
    with stand_in_thread() as bridge:
        code, out, err = call_test(bridge.origin, "--audio", recording(tmp_path), "--duration", 1.2, "--json")

    assert code == 0, err
    summary = json.loads(out)
    assert out.count("\n") == 1
    assert (summary["v"], summary["ok"], summary["mode"], summary["calls"]) == (1, True, "bridge", 1)
    assert summary["frames"]["sent"] > 30
    assert bridge.requests[0].signed


def test_a_bridge_that_is_not_there_is_exit_code_five(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        code, out, err = call_test(url, "--audio", recording(tmp_path))
        as_json = call_test(url, "--audio", recording(tmp_path), "--json")

    assert (code, out) == (5, "")
    assert err.count("refused the connection") == 1
    assert "Hint: Is the bridge running there?" in err
    assert as_json[0] == json.loads(as_json[1])["exit_code"] == 5
    assert json.loads(as_json[1])["first_audio_ms"] is None

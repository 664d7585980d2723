"""The container's files: the Compose schema holds, nothing secret goes in, and the health check tells up from down.

That the image builds and answers a call is shown by container/build-and-call.sh, which takes minutes.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yaml

from tests.docs.sources import commands
from twilio_rt_cli.settings.groups import FIELDS

ROOT = Path(__file__).parent.parent
COMPOSE_FILES = ("docker-compose.yml", "docker-compose.test.yml")
SCRIPT = ROOT / "container" / "build-and-call.sh"
SETTINGS = {name.upper(): field for name, field in FIELDS.items()}


def services(name: str = "docker-compose.yml") -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / name).read_text("utf-8"))["services"]
    return found


def bridges() -> list[dict[str, Any]]:
    return [service for service in services().values() if "build" in service]


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions with what stands behind them, lines that go on joined."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text("utf-8"), flags=re.M)
    lines = re.sub(r"\\\n\s*", "", text).splitlines()
    return [(line.partition(" ")[0], line.partition(" ")[2]) for line in lines if line]


def stages() -> list[list[tuple[str, str]]]:
    found: list[list[tuple[str, str]]] = []
    for word, rest in instructions():
        if word == "FROM":
            found.append([])
        if found:
            found[-1].append((word, rest))
    return found


def last_stage(word: str) -> list[str]:
    return [rest for one, rest in stages()[-1] if one == word]


# The image


def test_the_image_is_made_in_two_stages_on_one_base() -> None:
    build, bridge = (dict(stage)["FROM"] for stage in stages())
    assert (build, bridge) == ("${BASE} AS build", "${BASE} AS bridge")
    assert dict(instructions())["COPY"] == "--from=build /opt/venv /opt/venv", "the second stage takes nothing else"


def test_it_does_not_run_as_root() -> None:
    (user,) = last_stage("USER")
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user), "by number, so that an orchestrator can check it"


def test_it_stops_by_the_signal_that_drains_and_starts_without_a_shell() -> None:
    assert last_stage("STOPSIGNAL") == ["SIGTERM"]
    assert [json.loads(last_stage(word)[0]) for word in ("ENTRYPOINT", "CMD")] == [["twilio-rt"], ["serve"]]


def test_its_port_and_state_are_those_of_the_program() -> None:
    assert last_stage("EXPOSE") == [str(SETTINGS["PORT"].default)]
    environment = dict(pair.split("=") for pair in last_stage("ENV")[0].split())
    assert last_stage("VOLUME") == [f"{environment['XDG_STATE_HOME']}/twilio-rt"]


def test_the_health_check_tells_up_from_down() -> None:
    with listening(HTTPStatus.OK) as port:
        assert health(port) == 0
    with listening(HTTPStatus.SERVICE_UNAVAILABLE) as port:
        assert health(port) == 1
    assert health(port) == 1, "nobody listens there any more"


def health(port: int) -> int:
    (check,) = last_stage("HEALTHCHECK")
    program, *arguments = json.loads(check.partition(" CMD ")[2])
    assert program == "python3"
    environment = os.environ | {"PORT": str(port), "http_proxy": "http://127.0.0.1:1"}
    told = subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, timeout=30, check=False)
    return told.returncode


@contextmanager
def listening(status: HTTPStatus) -> Iterator[int]:
    """A server on a free port that answers /healthz with this."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/healthz" else HTTPStatus.NOT_FOUND)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def test_only_what_the_image_is_made_of_reaches_the_builder() -> None:
    patterns = [line for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line[:1] not in ("", "#")]
    let_in = {pattern[1:] for pattern in patterns if pattern.startswith("!")}
    copied = {
        source
        for word, rest in instructions()
        if word == "COPY" and not rest.startswith("--from")
        for source in rest.split()[:-1]
    }
    assert patterns[0] == "*"
    assert let_in == copied
    assert not any(".env" in name for name in let_in)
    assert all((ROOT / name).exists() for name in let_in)


# Compose


@pytest.mark.parametrize("name", COMPOSE_FILES)
def test_the_compose_files_hold_to_the_schema(name: str) -> None:
    told = by_schema(ROOT / name)
    assert told.returncode == 0, told.stdout


def test_the_schema_refuses_what_is_wrong(tmp_path: Path) -> None:
    wrong = tmp_path / "docker-compose.yml"
    wrong.write_text("services:\n  bridge:\n    image: twilio-rt\n    port: 5001\n")
    told = by_schema(wrong)
    assert told.returncode == 1
    assert "port" in told.stdout


def by_schema(path: Path) -> subprocess.CompletedProcess[str]:
    """The Compose specification's own schema, as check-jsonschema brings it along: nothing is fetched."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(path)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_compose_sets_only_settings_that_there_are() -> None:
    named = {name for service in services().values() for name in service.get("environment", {})}
    named |= set(re.findall(r"\$\{(\w+)", (ROOT / "docker-compose.yml").read_text("utf-8")))
    assert named - SETTINGS.keys() == set()
    assert {service["environment"]["PORT"] for service in bridges()} == {last_stage("EXPOSE")[0]}


def test_the_bridges_are_started_by_commands_that_the_program_takes() -> None:
    for service in bridges():
        name, *arguments = service["command"]
        commands()[name].make_context(name, list(arguments))


def test_only_the_bridge_is_given_the_secrets() -> None:
    assert [name for name, service in services().items() if "env_file" in service] == ["bridge", "bridge-behind-ngrok"]


def test_ports_are_published_on_this_machine_only() -> None:
    published = [port for service in services().values() for port in service.get("ports", ())]
    assert published == ["127.0.0.1:5001:5001", "127.0.0.1:5001:5001", "127.0.0.1:4040:4040"]


def test_compose_waits_longer_than_a_drain() -> None:
    for service in bridges():
        assert int(service["stop_grace_period"].removesuffix("m")) * 60 > SETTINGS["DRAIN_SECONDS"].default


def test_ngrok_leads_to_the_bridge_that_asks_it() -> None:
    ngrok, bridge = services()["ngrok"], services()["bridge-behind-ngrok"]
    assert ngrok["command"][-1] == "http://bridge-behind-ngrok:" + bridge["environment"]["PORT"]
    assert bridge["environment"]["NGROK_API_URL"] == "http://ngrok:4040"
    assert bridge["depends_on"] == ["ngrok"]
    assert bridge["profiles"] == ngrok["profiles"], "one profile, so that naming the bridge starts both"


def test_the_suite_runs_in_a_stage_of_the_image() -> None:
    build = services("docker-compose.test.yml")["tests"]["build"]
    assert f"${{BASE}} AS {build['target']}" in [rest for word, rest in instructions() if word == "FROM"]


# The script


def test_the_script_can_be_run_and_reads() -> None:
    assert os.access(SCRIPT, os.X_OK)
    subprocess.run(["bash", "-n", SCRIPT], timeout=10, check=True)

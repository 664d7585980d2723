"""`twilio-rt top`: once without a terminal, and watching on one."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import msgspec
import pytest
from typer.testing import CliRunner, Result

from tests.cli.admin_stand_in import AdminStandIn, admin_stand_in
from tests.live.glass import Glass
from tests.live.scene import sid, snapshot
from tests.nursery.nursery import Nursery
from twilio_rt_cli.cli.app import app
from twilio_rt_cli.live.snapshot import Snapshot
from twilio_rt_cli.machine import state


@pytest.fixture
def admin() -> Iterator[AdminStandIn]:
    with admin_stand_in() as server:
        yield server


def top(*arguments: str, code: int = 0) -> Result:
    result = CliRunner().invoke(app, ["top", *arguments])
    assert result.exit_code == code, result.output
    return result


def test_without_a_terminal_it_prints_once_what_there_is_to_see(admin: AdminStandIn) -> None:
    lines = top(admin.url).stdout.splitlines()
    assert lines[0].startswith(" ● serving  https://ab12-34-56-78.ngrok-free.app")
    assert [line[2:7] for line in lines[4:16]] == [f"…{sid(number)[-4:]}" for number in range(1, 13)]
    assert not any("\x1b" in line for line in lines)


def test_as_json_it_is_the_snapshot(admin: AdminStandIn) -> None:
    result = top(admin.url + "/", "--json")
    assert msgspec.json.decode(result.stdout.encode(), type=Snapshot) == snapshot(12)
    assert result.stdout.count("\n") == 1


def test_the_running_server_is_found(admin: AdminStandIn) -> None:
    announced = state.announce(5001, admin.url)
    try:
        assert "…0001" in top().stdout
    finally:
        state.withdraw(announced)


def test_when_none_runs_it_says_what_to_do() -> None:
    result = top(code=2)
    assert result.stderr == (
        "Error: No server of yours runs here.\nHint: Start one by `twilio-rt serve`, or name its admin port.\n"
    )


def test_a_server_that_does_not_answer_is_exit_5() -> None:
    with admin_stand_in() as gone:
        url = gone.url
    result = top(url, code=5)
    assert f"Error: The server at {url} does not answer: " in result.stderr


@pytest.mark.parametrize("wrong", [b"<html>", b'{"v":1}', b"[" * 9000])
def test_what_is_no_admin_port_of_ours_is_told(wrong: bytes, admin: AdminStandIn) -> None:
    admin.wrong = wrong
    assert f"Error: What {admin.url} tells is not what we read" in top(admin.url, code=1).stderr


@pytest.mark.parametrize("url", ["127.0.0.1:5002", "ftp://127.0.0.1", "http://", "http://[1", "http://x:y"])
def test_what_is_no_address_is_told(url: str) -> None:
    assert "is no address of an admin port" in top(url, code=2).stderr


# On a terminal


class Watching:
    """`top` on a terminal of its own."""

    def __init__(self, url: str, nursery: Nursery, left: ExitStack) -> None:
        self.glass = Glass()
        self.before = self.glass.attributes
        given = {**os.environ, "TERM": "xterm"}
        self.process = left.enter_context(
            nursery.program("twilio_rt_cli", "top", url, environment=given, terminal=self.glass.descriptor, piped=())
        )
        self.glass.wait(lambda seen: "…0001" in seen.text)

    def ended(self) -> int:
        self.glass.wait(lambda seen: seen.clean)
        code = self.process.wait(20)
        assert self.glass.attributes == self.before
        self.glass.close()
        return code


@pytest.fixture
def watch(nursery: Nursery) -> Iterator[Callable[[str], Watching]]:
    """Start it on a server's address; what is left of it at the end is killed."""
    with ExitStack() as left:
        yield lambda url: Watching(url, nursery, left)


def test_it_watches_by_one_connection_shows_transcripts_and_hangs_up(
    admin: AdminStandIn, watch: Callable[[str], Watching]
) -> None:
    watching = watch(admin.url)
    asked = len(admin.asked)
    watching.glass.wait(lambda seen: "q quit" in seen.text and len(admin.asked) > asked + 2)
    watching.glass.press("jt")
    watching.glass.wait(lambda seen: "transcript of …0002" in seen.text and "Tuesday at ten" in seen.text)
    watching.glass.press("hy")
    watching.glass.wait(lambda _: admin.hung_up)
    watching.process.send_signal(signal.SIGINT)
    assert watching.ended() == 0
    assert admin.hung_up == [sid(2)]
    assert admin.connections == 1
    assert "answered" not in watching.glass.raw, "no summary: the server goes on"


def test_a_server_that_comes_back_is_watched_on(watch: Callable[[str], Watching]) -> None:
    with admin_stand_in() as admin:
        watching = watch(admin.url)
        port = admin.server_address[1]
    with admin_stand_in(3, port) as again:
        watching.glass.wait(lambda _: again.asked)
        watching.glass.wait(lambda seen: "calls    3/1000" in seen.text and "●" in seen.text)
        watching.glass.press("q")
        assert watching.ended() == 0

"""A process is known by more than its number, and only that very one is ended."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.machine.processes import stubborn_process
from twilio_rt_cli.machine.process import Process


@pytest.fixture
def child() -> Iterator["subprocess.Popen[bytes]"]:
    """A process that asks for more than a SIGTERM."""
    with stubborn_process() as process:
        yield process


def test_we_are_a_process_that_lives() -> None:
    us = Process.current()
    assert us.pid == os.getpid()
    assert us.alive
    assert us == Process.of(os.getpid())


def test_a_later_process_with_the_same_number_is_another(child: "subprocess.Popen[bytes]") -> None:
    assert Process.of(child.pid).alive
    assert not Process(child.pid, "1").alive


def test_a_process_that_ended_is_not_alive() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as running:
        process = Process.of(running.pid)
        before = process.alive
    assert (before, process.alive) == (True, False)
    assert Process.of(running.pid).started_at == ""


def test_one_that_does_not_want_to_end_is_killed(child: "subprocess.Popen[bytes]") -> None:
    Process.of(child.pid).end(patience_s=0.1)
    assert child.wait(5) == -9


def test_no_other_is_ended(child: "subprocess.Popen[bytes]") -> None:
    for other in (Process(child.pid, "1"), Process(child.pid, "")):
        other.end()
    assert child.poll() is None

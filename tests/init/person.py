"""Somebody at a terminal in which `twilio-rt init` runs."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.live.glass import Glass
from tests.nursery.nursery import Nursery
from tests.nursery.program import Program

FOREIGN = ("TWILIO_", "OPENAI_", "AZURE_", "NGROK_", "REALTIME_", "PUBLIC_URL")


def environment(**given: str) -> dict[str, str]:
    """The tests' environment without settings of ours, and with these."""
    return {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)} | given


class Person:
    """Reads what is asked, and answers."""

    def __init__(self, glass: Glass, program: Program) -> None:
        self.glass = glass
        self.program = program
        self._read = 0

    @property
    def words(self) -> str:
        """Everything that was shown, without its line ends: where lines are cut is not the point."""
        return " ".join(self.glass.raw.split())

    def sees(self, text: str) -> None:
        """Wait for a text behind what was seen before."""
        wanted = " ".join(text.split())
        self.glass.wait(lambda _: wanted in self.words[self._read :])
        self._read = self.words.index(wanted, self._read) + len(wanted)

    def answers(self, name: str, text: str = "", shown: str = "") -> None:
        """Wait for the question, and type."""
        self.sees(f"{name} [{shown}]:" if shown else f"{name}:")
        self.glass.press(text + "\r")

    def ends(self, code: int) -> str:
        """The program has ended; gives all that was shown."""
        assert self.program.wait(20) == code, self.glass.raw
        os.write(self.glass.descriptor, b"<end>")
        self.glass.wait(lambda glass: glass.raw.endswith("<end>"))
        return self.glass.raw.removesuffix("<end>").replace("\r\n", "\n")


@contextmanager
def at_the_terminal(
    nursery: Nursery, folder: Path, *arguments: str, piped: bool = False, **given: str
) -> Iterator[Person]:
    """Init runs in this folder; `piped`: its stdout goes elsewhere."""
    glass = Glass()
    given_environment = environment(**given)
    try:
        with nursery.program(
            "twilio_rt_cli",
            "init",
            *arguments,
            folder=folder,
            environment=given_environment,
            terminal=glass.descriptor,
            piped=[1] if piped else [],
        ) as program:
            yield Person(glass, program)
    finally:
        glass.close()

"""Lines leave in order, and a reader who does not read holds up nobody."""

import io
import os
from collections.abc import Iterator
from contextlib import suppress
from typing import TextIO

import pytest

from twilio_rt_cli.output.backlog import SLOW_LINES
from twilio_rt_cli.output.line_writer import LineWriter


@pytest.fixture
def pipe() -> Iterator[tuple[TextIO, TextIO]]:
    """A pipe: what reads, and what writes."""
    reading, writing = os.pipe()
    with open(reading, encoding="utf-8") as reader, open(writing, "w", encoding="utf-8") as writer:  # noqa: PTH123
        yield reader, writer


def test_lines_arrive_in_order(pipe: tuple[TextIO, TextIO]) -> None:
    reader, stream = pipe
    writer = LineWriter(stream)
    for number in range(100):
        writer.write(f"line {number} é")
    writer.close()
    assert [reader.readline() for _ in range(100)] == [f"line {number} é\n" for number in range(100)]
    assert writer.dropped == 0


def test_a_reader_who_does_not_read_costs_lines_but_no_time(pipe: tuple[TextIO, TextIO]) -> None:
    reader, stream = pipe
    writer = LineWriter(stream, limit=10)
    for _ in range(100):
        writer.write("x" * 65_536)  # one line fills the pipe
    assert writer.dropped >= 88  # ten wait, one is being written, one is in the pipe
    # Reading on lets it go on, and end.
    while "end" not in (line := reader.readline()):
        assert line == "x" * 65_536 + "\n"
        writer.write("end")
    writer.close()


def test_figures_are_the_first_to_go_when_the_reader_is_slow(pipe: tuple[TextIO, TextIO]) -> None:
    reader, stream = pipe
    writer = LineWriter(stream)
    for _ in range(SLOW_LINES + 2):
        writer.write("x" * 65_536)
    writer.write_figures("figures")
    writer.write("a call")
    assert writer.dropped == 1
    while "a call" not in reader.readline():
        pass
    writer.write_figures("figures")
    writer.close()
    assert reader.readline() == "figures\n"
    assert writer.dropped == 1


def test_closing_does_not_wait_for_ever(pipe: tuple[TextIO, TextIO]) -> None:
    reader, stream = pipe
    writer = LineWriter(stream, limit=1)
    for _ in range(5):
        writer.write("x" * 200_000)
    writer.close(timeout_s=0.05)
    reader.close()
    writer.close()  # now it can end


def test_a_reader_who_left_is_no_error(pipe: tuple[TextIO, TextIO]) -> None:
    reader, stream = pipe
    reader.close()
    writer = LineWriter(stream)
    writer.write("one")
    writer.write("two")
    writer.close()
    assert writer.dropped == 2


def test_a_full_pipe_that_does_not_block_is_waited_for(pipe: tuple[TextIO, TextIO]) -> None:
    reader, stream = pipe
    os.set_blocking(stream.fileno(), False)
    filling = 0
    with suppress(BlockingIOError):
        while True:
            filling += os.write(stream.fileno(), b"x")
    writer = LineWriter(stream)
    writer.write("a line")
    writer.close(timeout_s=0.1)  # long enough to find the pipe full
    assert writer.dropped == 0
    assert reader.readline() == "x" * filling + "a line\n"
    writer.close()
    assert writer.dropped == 0


def test_a_stream_in_memory_will_do() -> None:
    stream = io.StringIO()
    writer = LineWriter(stream)
    writer.write("a line")
    writer.close()
    assert stream.getvalue() == "a line\n"

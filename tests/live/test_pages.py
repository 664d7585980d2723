"""A transcript and the help."""

from dataclasses import dataclass

from tests.live.scene import row
from twilio_rt_cli.live.pages import help_lines, transcript_page
from twilio_rt_cli.live.snapshot import CallDetail, TranscriptLine
from twilio_rt_cli.live.text import Line


@dataclass(frozen=True)
class Said:
    """A call of so many numbered utterances."""

    count: int

    def shown(self, height: int, scroll: int) -> list[str]:
        said = tuple(TranscriptLine(1000.0 * number, "agent", f"line {number}") for number in range(1, self.count + 1))
        return texts(transcript_page(CallDetail(row(1), said), 80, height, scroll))


def texts(lines: list[Line]) -> list[str]:
    return ["".join(text for text, _ in line).rstrip() for line in lines]


def test_the_newest_is_at_the_end() -> None:
    assert Said(9).shown(2, 0) == ["    0:08  agent   line 8", "    0:09  agent   line 9"]


def test_scrolling_goes_up_by_what_was_said_until_the_first_page() -> None:
    assert [line[-1] for line in Said(9).shown(3, 2)] == ["5", "6", "7"]
    assert [line[-1] for line in Said(9).shown(3, 8)] == ["1", "2", "3"]
    assert [line[-1] for line in Said(2).shown(9, 1)] == ["1", "2"]


def test_long_lines_wrap_under_the_words_and_figures_follow() -> None:
    said = TranscriptLine(61_000, "agent", "How can I help you on this day?", "12 ms")
    assert texts(transcript_page(CallDetail(row(1), (said,)), 42, 9, 0)) == [
        "    1:01  agent   How can I help you on",
        "                  this day?  12 ms",
    ]
    tight = TranscriptLine(0, "cut", "x" * 22, "1.24 of 3.10 s heard")
    assert texts(transcript_page(CallDetail(row(1), (tight,)), 42, 9, 0))[1] == " " * 18 + "1.24 of 3.10 s heard"


def test_before_anybody_spoke_it_says_so() -> None:
    assert texts(transcript_page(CallDetail(row(1), ()), 80, 9, 0)) == ["", "  Nothing was said yet."]


def test_the_help_fits_on_80_by_24_and_tells_what_leaving_does() -> None:
    for attached, leaving in ((False, "no new calls"), (True, "the server and its calls go on")):
        lines = texts(help_lines(80, attached=attached))
        assert len(lines) <= 21
        assert all(len(line) <= 80 for line in lines)
        assert leaving in "\n".join(lines)

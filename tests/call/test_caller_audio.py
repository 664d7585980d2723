"""Caller audio: what passes, what is missing, what is refused."""

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.playbook import PLAN, STREAM, audio, session_updated
from twilio_rt_cli.call.arrivals import Arrivals
from twilio_rt_cli.call.caller_audio import FLOOD, FLOOD_S, LONGEST_PAYLOAD, CallerAudio
from twilio_rt_cli.call.commands import Command
from twilio_rt_cli.call.events import BadMessage, ModelOpened, ModelPaused, ModelResumed
from twilio_rt_cli.call.figures.end_reason import Ending, EndReason
from twilio_rt_cli.call.figures.statistics import CallStatistics
from twilio_rt_cli.call.model_link import ModelLink
from twilio_rt_cli.call.playout import Playout
from twilio_rt_cli.protocol.realtime import ItemId
from twilio_rt_cli.protocol.realtime_client import AppendAudio
from twilio_rt_cli.protocol.twilio import Media, MediaDetails, StreamSid


class Stream:
    """The caller audio of a call, with what stands around it."""

    def __init__(self, *, up: bool = True) -> None:
        self.now = 100.0
        self.statistics = CallStatistics()
        self.link = ModelLink(replace(PLAN, hold_messages=4), self.statistics, self.now)
        self.playout = Playout(self.now, self.statistics)
        self.audio = CallerAudio(STREAM, self.link, self.playout, Arrivals(self.statistics), self.now)
        self.asked = 0
        self.link.dial()
        if up:
            self.link.socket(ModelOpened())
            self.link.agree(session_updated())

    def clock(self) -> float:
        self.asked += 1
        return self.now

    def passes(self, event: Media) -> bool:
        return self.audio.passes(event, self.clock)

    def take(self, event: Media) -> list[Command] | BadMessage | Ending:
        return self.audio.take(event, self.now)


def frame(number: int, timestamp_ms: int = 0, samples: int = 160, stream: str = STREAM) -> Media:
    return Media(MediaDetails(bytes(samples), timestamp_ms), StreamSid(stream), number)


def test_audio_in_order_passes_and_is_counted() -> None:
    stream = Stream()
    assert all(stream.passes(frame(number, 20 * number)) for number in range(1, 51))
    counted = stream.statistics
    assert (counted.frames_in, counted.bytes_in, counted.media_gaps, stream.link.appended) == (50, 8000, 0, 8000)


def test_the_clock_is_asked_for_one_message_in_eight() -> None:
    stream = Stream()
    for number in range(1, 65):
        assert stream.passes(frame(number, 20 * number))
    assert stream.asked == 8


def test_audio_before_the_session_is_held_and_counted() -> None:
    stream = Stream(up=False)
    assert not stream.passes(frame(1))
    assert stream.take(frame(1)) == []
    assert (stream.statistics.frames_in, stream.link.appended) == (1, 0)


@pytest.mark.parametrize(
    ("numbers", "gaps"), [((1, 2, 3), 0), ((1, 3), 1), ((1, 5, 6), 1), ((0, 0), 0), ((3, 1, 2), 0)]
)
def test_a_hole_in_the_numbers_is_audio_that_was_lost(numbers: tuple[int, ...], gaps: int) -> None:
    stream = Stream()
    for number in numbers:
        stream.take(frame(number))
    assert stream.statistics.media_gaps == gaps


def test_other_messages_of_the_stream_are_numbered_too() -> None:
    stream = Stream()
    assert stream.passes(frame(1))
    assert not stream.audio.follow(2)  # a mark came between
    assert stream.passes(frame(3))
    assert stream.audio.follow(5)
    assert stream.statistics.media_gaps == 1


def test_media_of_another_stream_is_refused_and_not_counted() -> None:
    stream = Stream()
    event = frame(1, stream="MZother")
    assert not stream.passes(event)
    assert stream.take(event) == BadMessage(from_model=False, why="media of another stream")
    assert stream.statistics.frames_in == 0


@pytest.mark.parametrize("samples", [0, LONGEST_PAYLOAD + 1])
def test_a_message_of_no_or_of_too_much_audio_is_refused(samples: int) -> None:
    stream = Stream()
    event = frame(1, samples=samples)
    assert not stream.passes(event)
    assert stream.take(event) == BadMessage(from_model=False, why=f"{samples} samples in one media message")


def test_a_flood_ends_the_call_and_the_same_number_in_time_does_not() -> None:
    flood, stream = Stream(), Stream()
    for number in range(1, FLOOD + 1):
        assert flood.passes(frame(number, 20 * number))
        assert stream.passes(frame(number, 20 * number))
    flood.now += FLOOD_S - 0.1
    stream.now += FLOOD_S + 0.1
    last = frame(FLOOD + 1)
    assert not flood.passes(last)
    assert flood.take(last) == Ending(EndReason.BAD_MESSAGES, "a flood of media", close_code=1008)
    assert stream.take(last) == [AppendAudio(bytes(160))]


@dataclass
class Step:
    """One thing that happens to a stream."""

    kind: str
    number: int = 1
    """after the last one"""
    ms: int = 20
    """after the last timestamp, or of agent audio"""
    samples: int = 160
    stream: str = STREAM
    pause_s: float = field(default=0.02)


FRAMES = st.builds(Step, st.just("media"), pause_s=st.sampled_from([0.0, 0.02, 0.3]))
STEPS = st.one_of(
    FRAMES,
    FRAMES,
    FRAMES,
    st.builds(
        Step,
        st.just("media"),
        number=st.sampled_from([-1, 0, 1, 2]),
        ms=st.sampled_from([-20, 0, 20, 40, 100]),
        samples=st.sampled_from([0, 1, 160, 800, 801, LONGEST_PAYLOAD, LONGEST_PAYLOAD + 1]),
        stream=st.sampled_from([STREAM, STREAM, "MZother", ""]),
    ),
    st.builds(Step, st.sampled_from(["pause", "resume", "clear", "end"])),
    st.builds(Step, st.just("agent"), ms=st.sampled_from([100, 4000])),
)


@given(st.lists(STEPS, min_size=5, max_size=60), st.booleans())
def test_to_let_audio_pass_is_to_take_it_and_nothing_else_passes(steps: list[Step], up: bool) -> None:
    short, long = Stream(up=up), Stream(up=up)
    number, last, timestamp_ms = 0, 0, 0
    for step in steps:
        if step.kind != "media":
            for stream in (short, long):
                happens(stream, step)
            continue
        number, timestamp_ms = max(0, number + step.number), timestamp_ms + step.ms
        event = frame(number, timestamp_ms, step.samples, step.stream)
        short.now = long.now = short.now + step.pause_s
        gaps, looks = long.statistics.media_gaps, bool(long.playout.cuts or long.playout.queue)
        taken = long.take(event)
        if short.passes(event):
            assert taken == [AppendAudio(event.media.payload)]
            assert long.statistics.media_gaps == gaps
        else:
            assert short.take(event) == taken
            usual = taken == [AppendAudio(event.media.payload)] and long.statistics.media_gaps == gaps
            assert not usual or looks or number != last + 1 or step.stream != STREAM
        assert short.statistics == long.statistics
        assert short.link.appended == long.link.appended
        last = number or last  # 0: it has none


def happens(stream: Stream, step: Step) -> None:
    """One step, on one stream."""
    match step.kind:
        case "pause":
            stream.link.socket(ModelPaused())
        case "resume":
            stream.link.socket(ModelResumed())
        case "end":
            stream.link.end()
        case "agent":
            stream.playout.append(ItemId("item_1"), audio(step.ms), stream.now)
        case "clear":
            stream.playout.clear(stream.now)

"""The tape: in simulated time against the truth, and told nonsense."""

import tracemalloc
from collections.abc import Callable, Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.call.recording.taped_line import TapedLine
from twilio_rt_cli.call.commands import SendMark, SendMedia
from twilio_rt_cli.call.playout import Playout
from twilio_rt_cli.call.recording.agent_track import PATIENCE
from twilio_rt_cli.call.recording.tape import AHEAD, HOLD, Piece, Tape
from twilio_rt_cli.protocol.realtime import ItemId

Stamp = Callable[[int], int]
PER_MS = 8
SILENCE = b"\xff"


def off_ms(true: bytes, ours: bytes, every: int = 800) -> float:
    """The largest distance between where a stretch of 5 ms is and where it should be; what is missing is infinite."""
    worst = 0.0
    for at in range(0, len(true) - 40, every):
        sample = true[at : at + 40]
        if 0xFF not in sample:
            begin = max(0, at - 4000)
            place = ours.find(sample, begin, at + 4000)
            worst = max(worst, abs(place - at) / PER_MS if place >= 0 else float("inf"))
    return worst


def sounding(track: bytes) -> int:
    return len(track) - track.count(0xFF)


def on_the_callers_clock(line: TapedLine) -> bytes:
    """The agent's channel, where the caller's lies as it was said."""
    somewhere = 2500 * PER_MS  # the caller speaks
    shift = bytes(line.said).index(line.caller[somewhere : somewhere + 160]) - somewhere
    return line.agent[-shift:] if shift < 0 else bytes(shift) + line.agent


def conversation(line: TapedLine, rounds: int) -> TapedLine:
    """Answers, every other one interrupted."""
    for number in range(rounds):
        line.answer(3000)
        line.run(1.3 + number % 7 / 10)
        if number % 2:
            line.barge_in()
            line.run(1.7)
        else:
            line.run(4)
    return line.hang_up()


def test_on_a_perfect_line_both_channels_are_the_truth() -> None:
    line = conversation(TapedLine(), 4)
    assert line.caller[: len(line.said)] == bytes(line.said)
    assert off_ms(line.heard, line.agent) <= 1
    assert abs(sounding(line.agent) - sounding(line.heard)) <= 4 * PER_MS


@pytest.mark.parametrize("late_ms", [0, 60])
@pytest.mark.parametrize(("way_s", "jitter_s"), [(0.04, 0.0), (0.08, 0.06), (0.15, 0.15)])
def test_delay_jitter_and_a_buffer_that_starts_late_move_nothing_far(
    way_s: float, jitter_s: float, late_ms: int
) -> None:
    line = conversation(TapedLine(way_s=way_s, jitter_s=jitter_s, late_ms=late_ms), 6)
    ours = on_the_callers_clock(line)
    assert off_ms(line.heard, ours) <= (30 if jitter_s else 3)
    assert abs(sounding(ours) - sounding(line.heard)) <= 3 * 40 * PER_MS  # three cuts


def test_a_clock_that_is_faster_than_ours_draws_no_drift_between_the_channels() -> None:
    line = TapedLine(ppm=500, way_s=0.03)
    conversation(line, 60)
    assert len(line.said) - 8000 * line.now > 100 * PER_MS  # the clocks are that far apart
    assert off_ms(line.heard, on_the_callers_clock(line), every=8000) <= 5
    assert line.caller[8000 * 200 :].find(bytes(line.said[8000 * 202 : 8000 * 202 + 160])) >= 0


def test_frames_that_the_line_lost_are_silence_of_their_length() -> None:
    line = TapedLine()
    line.lost = {120, 121, 122, 150}
    line.run(6).hang_up()
    for lost in line.lost:
        line.said[lost * 160 : lost * 160 + 160] = b"\xff" * 160
    assert line.caller.startswith(bytes(line.said[:-160]))


def test_what_a_barge_in_cut_off_is_not_on_the_tape() -> None:
    line = TapedLine(way_s=0.05, jitter_s=0.02)
    line.run(1)
    audio = line.answer(5000)
    line.run(1.5)
    line.barge_in()
    line.run(3)
    line.hang_up()
    assert abs(sounding(line.agent) - sounding(line.heard)) <= 40 * PER_MS
    assert audio[12_500:12_540] not in line.agent
    assert audio[:8000] in line.agent


def test_a_far_end_that_echoes_nothing_is_on_the_tape_by_the_clock() -> None:
    line = TapedLine(echoes=False)
    line.run(3)
    conversation(line, 4)
    assert off_ms(line.heard, line.agent) <= 30
    assert (
        abs(sounding(line.agent) - sounding(line.heard)) <= 8000 * 0.3 * 2
    )  # at a cut, as far as we wait for its mark


def test_a_pause_that_nobody_foresaw_is_a_pause_on_the_tape_and_shifts_nothing_behind_it() -> None:
    line = TapedLine(way_s=0.03)
    line.run(1)
    line.answer(4000, pace=0.8)  # slower than it is heard: Twilio's buffer runs dry again and again
    line.run(8)
    line.answer(1000)
    line.run(4)
    line.hang_up()
    assert off_ms(line.heard, on_the_callers_clock(line)) <= 60
    assert off_ms(line.heard[8000 * 8 :], on_the_callers_clock(line)[8000 * 8 :]) <= 2


def test_a_pause_as_short_as_a_frame_between_two_runs_is_on_the_tape() -> None:
    line = TapedLine()
    line.run(1)
    line.answer(1000)
    line.run(1.025)
    line.answer(1000)
    line.run(3)
    line.hang_up()
    assert off_ms(line.heard, line.agent) <= 3


def test_a_minute_of_talk_keeps_no_more_than_the_last_seconds() -> None:
    line = TapedLine(way_s=0.05, jitter_s=0.03, late_ms=40)
    line.run(1)
    tracemalloc.start()
    most = 0
    for number in range(12):
        line.answer(4000, pace=8)
        line.run(4.5)
        if number % 3 == 2:
            line.barge_in()
        line.run(0.5)
        line.pieces.clear()
        ours = tracemalloc.take_snapshot().filter_traces(
            [tracemalloc.Filter(True, f"*/call/recording/{name}.py") for name in ("tape", "agent_track")]
        )
        most = max(most, sum(one.size for one in ours.statistics("filename")))
    tracemalloc.stop()
    assert 10_000 < most < 200_000


# Nonsense


def tell(tape: Tape, frames: list[tuple[int, int, float]]) -> tuple[int, int]:
    """Frames of timestamp, samples and seconds since the last; samples on the tape, and the most given at a time."""
    now, length, most = 0.0, 0, 0
    for timestamp_ms, samples, after_s in frames:
        now += after_s
        tape.caller(bytes(samples), timestamp_ms, now)
        tape.look(now)
        pieces = tape.take()
        length += samples_of(pieces)
        most = max(most, sum(len(one) for one in pieces if isinstance(one, bytes)))
    return length + samples_of(tape.finish(now)), most


def samples_of(pieces: Sequence[Piece]) -> int:
    return sum(one if isinstance(one, int) else len(one) // 2 for one in pieces)


STAMPS = st.one_of(st.integers(-(2**63), 2**63), st.integers(0, 5000), st.just(0))


@given(st.lists(st.tuples(STAMPS, st.integers(1, 8000), st.floats(0, 30)), max_size=60))
@example([(0, 160, 0.02), (3_600_000 * 24, 160, 0.02), (20, 160, 0.02)])
def test_whatever_timestamps_say_the_tape_is_as_long_as_the_call_and_a_little(
    frames: list[tuple[int, int, float]],
) -> None:
    seconds = sum(after_s for _, _, after_s in frames)
    length, most = tell(Tape(Playout(0.0), 0.0), frames)
    assert length <= 8000 * seconds + AHEAD + 1
    assert length >= 8000 * seconds - PATIENCE - 1
    assert most <= 2 * 8000 * 25


@pytest.mark.parametrize("stamp", [lambda _: 0, lambda n: -n * 20, lambda n: n * 20 + (n > 100) * 86_400_000])
def test_without_timestamps_that_make_sense_frames_follow_each_other_as_they_arrive(stamp: Stamp) -> None:
    tape, said = Tape(Playout(0.0), 0.0), b""
    pieces: list[Piece] = []
    for number in range(400):
        audio = bytes([number % 200]) * 160
        said += audio
        tape.caller(audio, stamp(number), 0.02 * (number + 1) + number % 3 / 1000)
        pieces += tape.take()
    pieces += tape.finish(8.0)
    assert b"".join(one[::2] for one in pieces if isinstance(one, bytes)).startswith(said)


def taped(frames: list[tuple[int, float]]) -> bytes:
    """The caller's channel for numbered frames of 20 ms and when they came."""
    tape, pieces = Tape(Playout(0.0), 0.0), []
    for number, now in frames:
        tape.caller(bytes([number % 200]) * 160, number * 20, now)
        pieces += [*tape.take()]
    pieces += tape.finish(frames[-1][1])
    return b"".join(SILENCE * one if isinstance(one, int) else one[::2] for one in pieces)


def test_what_comes_late_and_all_at_once_lies_where_it_was_said() -> None:
    frames = [(number, 0.02 * (number + 1)) for number in range(100)]
    stalled = [(number, max(12.0, 0.02 * (number + 1))) for number in range(100, 1000)]
    track = taped(frames + stalled)
    assert track == b"".join(bytes([number % 200]) * 160 for number in range(1000))


def test_a_stall_of_minutes_loses_what_came_too_late_and_nothing_after_it() -> None:
    frames = [(number, 0.02 * (number + 1)) for number in range(100)]
    track = taped(frames + [(number, max(60.0, 0.02 * (number + 1))) for number in range(100, 4000)])
    assert len(track) == 4000 * 160
    for number in (0, 99, 2999, 3000, 3999):
        assert track[number * 160 : number * 160 + 160] == bytes([number % 200]) * 160


def test_a_caller_who_falls_behind_for_good_is_recorded_as_he_arrives() -> None:
    frames = [(number, 0.02 * (number + 1) + (15 if number >= 100 else 0)) for number in range(1000)]
    track = taped(frames)
    assert len(track) == pytest.approx((20 + 15) * 8000, abs=PATIENCE + HOLD)
    assert sounding(track) >= 970 * 160  # half a second goes until it is sure


def test_a_phone_that_sends_nothing_for_minutes_makes_silence_that_takes_no_room() -> None:
    tape = Tape(Playout(0.0), 0.0)
    assert tell(tape, [(0, 160, 0.02), (10 * 60_000, 160, 600.0)])[0] == pytest.approx(600.02 * 8000, abs=2)


def test_a_far_end_that_claims_to_have_heard_all_at_once_does_not_fill_the_memory() -> None:
    playout = Playout(0.0)
    tape, now = Tape(playout, 0.0), 0.0
    second = bytes([7]) * 7998
    tracemalloc.start()
    commands: list[object] = [*playout.probe(now)]
    for number in range(500):
        now += 0.04
        commands += playout.append(ItemId("item_1"), second, now)
        while commands:
            command = commands.pop(0)
            if isinstance(command, SendMedia):
                tape.agent(command.payload)
            elif isinstance(command, SendMark):
                commands += playout.echo(command.name, now)[0]
            tape.look(now)
        tape.caller(bytes(320), number * 40, now)
        tape.take()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert playout.current.sent > 300 * 7998  # five minutes in twenty seconds
    assert peak < 3_000_000

"""Playout: position, marks, lead, and where a barge-in cuts."""

from collections.abc import Sequence

import pytest

from tests.call.line_simulation import BargeIn, Line
from twilio_rt_cli.audio.rate import PER_MS
from twilio_rt_cli.call.commands import ClearPlayout, PhoneCommand, SendMark, SendMedia
from twilio_rt_cli.call.figures.statistics import CallStatistics
from twilio_rt_cli.call.generation import Heard
from twilio_rt_cli.call.playout import LEAD, Playout
from twilio_rt_cli.protocol.realtime import ItemId

A, B = ItemId("item_a"), ItemId("item_b")


def audio(ms: float) -> bytes:
    return bytes(int(ms * PER_MS))


def marks(commands: list[PhoneCommand]) -> list[str]:
    return [one.name for one in commands if isinstance(one, SendMark)]


def sent_ms(commands: Sequence[PhoneCommand]) -> float:
    return sum(len(one.payload) for one in commands if isinstance(one, SendMedia)) / PER_MS


def playing(ms: float, now: float = 0.0) -> Playout:
    playout = Playout(now)
    playout.probe(now)
    playout.echo("probe", now)
    playout.append(A, audio(ms), now)
    return playout


def test_nothing_is_heard_before_anything_was_sent() -> None:
    playout = Playout(0.0)
    assert playout.unheard(100.0) == 0


def test_a_delta_passes_unchanged_when_put_together() -> None:
    delta = bytes(range(256)) * 7
    commands = Playout(0.0).append(A, delta, 0.0)
    assert b"".join(one.payload for one in commands if isinstance(one, SendMedia)) == delta


def test_marks_lie_at_20_and_60_ms_of_a_burst_then_every_200() -> None:
    commands = Playout(0.0).append(A, audio(700), 0.0)
    at = [int(name.split(":")[1]) for name in marks(commands)]
    due = [20 * PER_MS, 60 * PER_MS, 200 * PER_MS, 400 * PER_MS, 600 * PER_MS]
    assert at == due


def test_the_end_of_an_item_is_marked() -> None:
    playout = Playout(0.0)
    playout.append(A, audio(30), 0.0)
    assert playout.item_done(A, 0.0) == [SendMark(f"0:{30 * PER_MS}")]


def test_the_clock_runs_between_echoes_but_not_past_the_next_mark() -> None:
    playout = playing(500)
    first = 160  # the first mark: 20 ms
    assert playout.unheard(0.010) == 4000 - 80
    assert playout.unheard(1.0) == 4000 - first
    playout.echo(f"0:{first}", 1.0)
    assert playout.unheard(1.010) == 4000 - first - 80


def test_a_far_end_that_echoes_nothing_is_believed_to_play_by_the_clock() -> None:
    playout = playing(9000)
    for step in range(1, 401):
        playout.media(step * 0.020)
    assert playout.unheard(8.0) == 8000


def test_who_only_looks_sees_the_same_and_concludes_nothing() -> None:
    playout = playing(1000)
    for late_s in (0.0, 0.1, 1.0, 2.019):
        assert playout.current.heard(late_s, looks=True) == playout.current.heard(late_s)
    seen = [(playout.current.heard(2.5, looks=looks), playout.current.echoing) for looks in (True, False)]
    assert seen == [(1000 * PER_MS, True), (1000 * PER_MS, False)]


def test_a_settled_cut_stays_with_its_generation() -> None:
    playout = playing(1000)
    cut = playout.current
    playout.echo("0:480", 0.06)
    playout.clear(0.1)
    settled = [cut.cut_at]
    playout.echo("fence:0", 0.1)
    settled.append(cut.cut_at)
    assert settled == [None, 100 * PER_MS]
    assert playout.current is not cut


def test_at_most_three_seconds_are_unheard_at_twilio() -> None:
    playout = Playout(0.0)
    commands = playout.append(A, audio(10_000), 0.0)
    assert sent_ms(commands) == pytest.approx(LEAD / PER_MS, abs=1)
    released = [sent_ms(playout.media(20 * step / 1000)) for step in range(1, 500)]
    assert sum(released) + sent_ms(commands) == 10_000 or playout.waiting == 0


def test_waiting_audio_is_released_in_few_large_frames() -> None:
    playout = playing(6000)
    for step in range(1, 150):
        now = step * 0.020
        playout.echo(f"0:{int(now * 8000) // 1600 * 1600}", now)
        assert sent_ms(playout.media(now)) in (0.0, pytest.approx(200, abs=25))


def test_a_clear_drops_what_waits_and_starts_a_new_generation() -> None:
    playout = playing(6000)
    assert playout.clear(0.1) == [ClearPlayout(), SendMark("fence:0")]
    assert playout.waiting == 0
    assert playout.unheard(0.1) == 0
    assert marks(playout.append(B, audio(20), 0.2))[0].startswith("1:")


def test_marks_flushed_by_a_clear_were_not_heard() -> None:
    playout = playing(500)
    playout.clear(0.010)
    for name in ("0:160", "0:480", "0:2082", "0:3684"):
        playout.echo(name, 0.011)
    assert playout.echo("fence:0", 0.011)[1] == [Heard(A, 88, 4000, complete=False)]


def test_an_echo_that_a_media_frame_separates_from_the_fence_was_played() -> None:
    playout = playing(500)
    playout.clear(0.010)
    playout.echo("0:160", 0.030)
    playout.media(0.035)
    playout.echo("0:480", 0.036)
    assert playout.echo("fence:0", 0.036)[1] == [Heard(A, 160 + 48, 4000, complete=False)]


def test_echoes_of_a_cut_generation_never_move_the_new_one() -> None:
    playout = playing(500)
    playout.clear(0.010)
    playout.append(B, audio(500), 0.020)
    playout.echo("0:3684", 0.021)
    playout.media(0.022)
    assert playout.unheard(0.020) == 4000


def test_without_the_fence_the_cut_is_where_it_was_sent_not_where_the_wait_ended() -> None:
    playout = playing(500)
    playout.echo("0:160", 0.020)
    playout.clear(0.040)
    assert playout.deadline() == pytest.approx(0.190)
    assert playout.wake(0.300)[1] == [[Heard(A, 160 + 160, 4000, complete=False)]]
    assert playout.echo("fence:0", 0.400)[1] is None


def test_two_clears_in_a_row_each_find_their_own_cut() -> None:
    playout = playing(500)
    playout.clear(0.010)
    playout.append(B, audio(300), 0.012)
    playout.clear(0.020)
    assert playout.echo("fence:0", 0.021)[1] == [Heard(A, 160, 4000, complete=False)]
    found = playout.echo("fence:1", 0.022)[1]
    assert found is not None
    assert [one.item_id for one in found] == [B]


def test_a_late_start_of_the_buffer_is_learnt_from_the_first_mark_of_a_burst() -> None:
    playout = Playout(0.0)
    playout.probe(0.0)
    playout.echo("probe", 0.0)
    playout.append(A, audio(100), 1.0)
    playout.item_done(A, 1.0)
    playout.echo("0:160", 1.120)
    playout.echo("0:480", 1.160)
    playout.echo("0:800", 1.200)
    playout.append(B, audio(500), 2.0)
    assert playout.unheard(2.05) == 4000


def far_away(rtt_s: float) -> Playout:
    """A stream whose far end is so far away; 500 ms of an item were sent at 1 s, and its first 400 ms were echoed."""
    playout = Playout(0.0)
    playout.probe(0.0)
    playout.echo("probe", rtt_s)
    playout.append(A, audio(500), 1.0)
    playout.item_done(A, 1.0)
    for position in (160, 480, 1600, 3200):
        playout.echo(f"0:{position}", 1.0 + rtt_s + position / 8000)
    return playout


def test_a_late_start_teaches_nothing_while_the_round_trip_is_unknown() -> None:
    playout = Playout(0.0)
    playout.probe(0.0)
    playout.append(A, audio(100), 1.0)
    for position, at in ((160, 1.120), (480, 1.160), (800, 1.200)):
        playout.echo(f"0:{position}", at)
    playout.append(B, audio(500), 1.9)
    assert playout.unheard(1.95) == 4000 - 160


def test_audio_that_will_arrive_after_the_buffer_ran_dry_begins_a_run() -> None:
    playout = far_away(0.160)  # the first item is heard from 1.16 to 1.66, what is sent at 1.58 arrives at 1.74
    commands = playout.append(B, audio(500), 1.58)
    assert marks(commands)[0] == f"0:{(500 + 20) * PER_MS}"
    playout.echo("0:4000", 1.66)
    assert playout.unheard(1.73) == 4000
    assert playout.unheard(1.75) == 4000 - 10 * PER_MS


def test_audio_that_arrives_while_the_buffer_still_plays_follows_without_a_pause() -> None:
    playout = far_away(0.160)
    playout.append(B, audio(500), 1.48)  # arrives at 1.64, while the first item is heard
    playout.echo("0:4000", 1.66)
    assert playout.unheard(1.67) == 4000 - 10 * PER_MS
    assert playout.unheard(1.76) == 4000 - 100 * PER_MS


def test_a_buffer_that_played_on_longer_than_thought_teaches_no_late_start() -> None:
    playout = far_away(0.160)
    playout.append(B, audio(500), 1.52)  # arrives at 1.68
    playout.echo("0:4000", 1.80)  # 140 ms late: the second item came while the first still played
    assert playout.unheard(1.81) == 4000 - 10 * PER_MS
    playout.echo("0:4160", 1.82025)
    playout.item_done(B, 1.9)
    playout.echo("0:8000", 2.3)
    playout.append(ItemId("item_c"), audio(500), 5.0)
    assert playout.unheard(5.17) == 4000 - 10 * PER_MS


def test_a_far_end_that_echoes_nothing_is_known_as_such_from_the_first_answer_on() -> None:
    playout = Playout(0.0)
    playout.probe(0.0)
    playout.append(A, audio(3000), 3.0)
    assert playout.unheard(4.2) == 1800 * PER_MS
    playout.clear(4.2)
    assert playout.wake(4.4)[1] == [[Heard(A, 1200 * PER_MS, 3000 * PER_MS, complete=False)]]
    playout.append(B, audio(3000), 5.0)
    assert playout.unheard(5.5) == 2500 * PER_MS


def test_an_echo_at_last_is_believed_again() -> None:
    playout = Playout(0.0)
    playout.probe(0.0)
    playout.append(A, audio(3000), 3.0)
    playout.clear(4.2)
    playout.echo("fence:0", 4.21)
    playout.append(B, audio(3000), 5.0)
    assert playout.unheard(5.5) > 2900 * PER_MS


def test_an_unknown_mark_is_nothing() -> None:
    playout = playing(500)
    for name in ("", "0:" + "9" * 5000, "fence:9", "x", "7:100", "0:", "fence:x", "0:-5"):
        assert playout.echo(name, 0.001) == ((), None)
    assert playout.unheard(0.0) == 4000


def test_audio_behind_a_mark_that_is_overdue_was_not_played_whatever_the_clock_says() -> None:
    playout = playing(200)  # by the clock the buffer ran dry at 0.2 s, but no mark came back
    assert marks(playout.append(A, audio(200), 0.3)) == [f"0:{400 * PER_MS}"]
    for name in ("0:160", "0:480", "0:1600"):
        playout.echo(name, 0.4)
    playout.echo(f"0:{400 * PER_MS}", 0.6)
    assert marks(playout.append(A, audio(200), 0.7)) == [f"0:{ms * PER_MS}" for ms in (420, 460, 600)]


def test_a_mark_beyond_what_was_sent_is_none_of_ours() -> None:
    playout = playing(9000)
    assert playout.echo(f"0:{LEAD + 1}", 0.1) == ((), None)
    assert (playout.at_twilio(0.010), playout.waiting) == (LEAD - 80, 6000 * PER_MS)
    playout.clear(0.1)
    playout.echo(f"0:{LEAD + 1}", 0.1)
    playout.media(0.1)
    assert playout.echo("fence:0", 0.1)[1] == [Heard(A, 160, 9000 * PER_MS, complete=False)]


def test_what_goes_out_is_counted() -> None:
    counted = CallStatistics()
    playout = Playout(0.0, counted)
    out: list[PhoneCommand] = [*playout.probe(0.0), *playout.append(A, audio(5000), 0.0)]
    out += [*playout.append(A, audio(30), 0.1), *playout.item_done(A, 0.1)]
    playout.pause()
    for name in marks(out):
        out += playout.echo(name, 4.0)[0]
    out += [*playout.resume(4.0), *playout.clear(4.5), *playout.append(B, audio(30), 4.6), *playout.item_done(B, 4.6)]
    assert counted.bytes_out == 5060 * PER_MS
    assert counted.frames_out == sum(isinstance(one, SendMedia) for one in out)
    assert counted.marks_sent == len(marks(out)) == len(set(marks(out)))


def _errors_ms(rtt_ms: int, *, count: int, echoes: bool = True, jitter_ms: int = 0) -> list[float]:
    errors = []
    for seed in range(count):
        line = Line(seed, rtt_ms / 1000, late_s=(60 + seed % 41) / 1000, echoes=echoes, jitter_s=jitter_ms / 1000)
        found = line.barge_in(items=1 + seed % 3)
        errors.append(abs(found.decided_position - found.true_position) / PER_MS)
        _right_item(found)
    return sorted(errors)


def _right_item(found: BargeIn) -> None:
    """The item being heard is the true one, unless the truth lies within 45 ms of a boundary."""
    edge = min(abs(found.true_position - edge) for _, start, end in found.items for edge in (start, end))
    if edge <= 45 * PER_MS:
        return
    partly = [one.item_id for one in found.decided if 0 < one.heard < one.received]
    truly = [item for item, start, end in found.items if start < found.true_position < end]
    received = {one.item_id for one in found.decided if one.heard < one.received}
    assert partly == [item for item in truly if item in received]


@pytest.mark.parametrize(("rtt_ms", "p95_ms", "max_ms"), [(0, 1, 21), (80, 6, 21), (160, 6, 21)])
def test_simulated_barge_ins_cut_where_the_caller_was(rtt_ms: int, p95_ms: float, max_ms: float) -> None:
    errors = _errors_ms(rtt_ms, count=400)
    assert errors[int(len(errors) * 0.95)] <= p95_ms
    assert errors[-1] <= max_ms


def test_a_round_trip_cannot_be_measured_behind_audio() -> None:
    playout = Playout(0.0)
    playout.append(A, audio(20), 0.0)
    with pytest.raises(AssertionError, match="behind audio"):
        playout.probe(0.0)

from hypothesis import given
from hypothesis import strategies as st

from twilio_rt_cli.caller.playout import MOST_WAITING_BYTES, Cleared, PlayoutBuffer


def test_audio_is_played_in_real_time_from_its_arrival() -> None:
    buffer = PlayoutBuffer()
    buffer.append(b"a" * 800, 10.0)

    assert [buffer.position(at) for at in (10.0, 10.05, 10.1, 11.0)] == [0, 400, 800, 800]


def test_the_buffer_may_start_late_when_it_was_empty() -> None:
    buffer = PlayoutBuffer(start_delay_ms=60)
    buffer.append(b"a" * 800, 10.0)
    buffer.append(b"b" * 800, 10.0)

    assert [buffer.position(at) for at in (10.05, 10.06, 10.16, 10.26)] == [0, 0, 800, 1600]


def test_a_mark_is_reached_when_everything_before_it_was_played() -> None:
    buffer = PlayoutBuffer()
    buffer.append(b"a" * 800, 10.0)
    assert not buffer.mark("end", 10.0)

    assert buffer.reached(10.0999) == ()
    assert buffer.deadline() == 10.1
    assert buffer.reached(10.1) == ("end",)
    assert buffer.deadline() is None


def test_a_mark_is_reached_at_once_when_nothing_waits() -> None:
    buffer = PlayoutBuffer()

    assert buffer.mark("probe", 10.0)
    buffer.append(b"a" * 80, 10.0)
    assert buffer.mark("late", 10.5)


def test_marks_never_overtake_one_another() -> None:
    buffer = PlayoutBuffer()
    buffer.append(b"a" * 80, 10.0)
    buffer.mark("first", 10.0)

    assert not buffer.mark("second", 10.5)  # the first is due, but was not yet asked for
    assert buffer.reached(10.5) == ("first", "second")


def test_clear_tells_what_was_played_and_reaches_every_mark() -> None:
    buffer = PlayoutBuffer()
    buffer.append(b"a" * 1600, 10.0)
    buffer.mark("one", 10.0)
    buffer.append(b"b" * 800, 10.0)
    buffer.mark("two", 10.0)

    cut, names = buffer.clear(10.25)

    assert cut == Cleared(10.25, 2000, 400)
    assert names == ("one", "two")[0:2]
    assert buffer.position(99.0) == 2000


def test_what_was_cut_is_not_in_the_record_of_what_was_heard() -> None:
    buffer = PlayoutBuffer()
    buffer.append(b"a" * 800, 10.0)
    buffer.clear(10.05)
    buffer.append(b"b" * 80, 12.0)

    assert buffer.runs(13.0) == ((10.0, b"a" * 400), (12.0, b"b" * 80))


def test_the_record_ends_where_playing_ended() -> None:
    buffer = PlayoutBuffer()
    buffer.append(b"a" * 800, 10.0)

    assert buffer.runs(10.02) == ((10.0, b"a" * 160),)


def test_audio_that_arrives_in_time_goes_on_without_a_gap() -> None:
    buffer = PlayoutBuffer()
    buffer.append(b"a" * 160, 10.0)
    buffer.append(b"b" * 160, 10.01)
    buffer.append(b"c" * 160, 10.05)  # ten milliseconds late

    assert buffer.runs(11.0) == ((10.0, b"a" * 160 + b"b" * 160), (10.05, b"c" * 160))


def test_more_than_ten_minutes_do_not_wait() -> None:
    buffer = PlayoutBuffer()

    assert buffer.append(b"a" * (MOST_WAITING_BYTES - 100), 10.0) == 0
    assert buffer.append(b"b" * 300, 10.0) == 200
    assert buffer.append(b"c" * 300, 10.0375) == 0  # 300 were played meanwhile


def test_recent_audio_is_what_was_played_in_the_last_moments() -> None:
    buffer = PlayoutBuffer()
    buffer.append(b"a" * 160 + b"b" * 160, 10.0)

    assert buffer.recent(10.0, 160) == b""
    assert buffer.recent(10.03, 160) == b"a" * 80 + b"b" * 80
    assert buffer.recent(10.05, 160) == b"b" * 80
    assert buffer.recent(10.07, 160) == b""


def test_a_clear_makes_what_was_played_before_it_history() -> None:
    buffer = PlayoutBuffer()
    buffer.append(b"a" * 800, 10.0)
    buffer.clear(10.05)

    assert buffer.recent(10.051, 160) == b""


@given(st.lists(st.tuples(st.sampled_from("amc"), st.integers(0, 4000), st.integers(0, 600))))
def test_position_never_goes_back_and_every_mark_is_reached_once(steps: list[tuple[str, int, int]]) -> None:
    buffer, now, last, placed = PlayoutBuffer(), 0.0, 0, 0
    reached: list[str] = []
    for kind, amount, pause_ms in steps:
        now += pause_ms / 1000
        reached += buffer.reached(now)
        if kind == "a":
            buffer.append(b"x" * amount, now)
        elif kind == "c":
            reached += buffer.clear(now)[1]
        elif buffer.mark(str(placed), now):
            reached.append(str(placed))
        placed += kind == "m"
        assert buffer.position(now) >= last
        last = buffer.position(now)
    reached += buffer.reached(now + 1e6)

    assert reached == [str(number) for number in range(placed)]
    assert sum(len(audio) for _, audio in buffer.runs(now + 1e6)) == buffer.position(now + 1e6)

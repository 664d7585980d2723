from hypothesis import given
from hypothesis import strategies as st

from tests.caller.sounds import tone
from twilio_rt_cli.caller.line import LineQuality, PhoneLine


def test_a_perfect_line_changes_nothing() -> None:
    line = PhoneLine(LineQuality(), seed=1)

    assert not any(line.loses() for _ in range(1000))
    assert [line.arrival(at) for at in (1.0, 1.02)] == [1.0, 1.02]
    assert line.through(tone(100)) == tone(100)


def test_it_loses_about_as_many_frames_as_asked() -> None:
    line = PhoneLine(LineQuality(loss_percent=5), seed=7)

    lost = sum(line.loses() for _ in range(10_000))

    assert 400 <= lost <= 600
    assert line.lost == lost


def test_the_same_seed_gives_the_same_line() -> None:
    quality = LineQuality(loss_percent=20, jitter_ms=80)
    first, second, other = (PhoneLine(quality, seed) for seed in (3, 3, 4))

    assert (
        [first.loses() for _ in range(64)] == [second.loses() for _ in range(64)] != [other.loses() for _ in range(64)]
    )


@given(st.integers(), st.floats(0, 500), st.floats(0, 500))
def test_jitter_delays_but_nothing_overtakes(seed: int, jitter_ms: float, latency_ms: float) -> None:
    line = PhoneLine(LineQuality(jitter_ms=jitter_ms, latency_ms=latency_ms), seed)

    arrivals = [(sent := n * 0.02, line.arrival(sent)) for n in range(50)]

    assert [at for _, at in arrivals] == sorted(at for _, at in arrivals)
    assert all(latency_ms / 1000 <= at - sent + 1e-9 for sent, at in arrivals)
    assert all(at - sent <= (latency_ms + jitter_ms) / 1000 + 1e-9 for sent, at in arrivals)


def test_what_is_sent_in_one_go_arrives_together() -> None:
    line = PhoneLine(LineQuality(jitter_ms=60, latency_ms=20), seed=1)

    clear, fence, later = (line.arrival(at) for at in (1.0, 1.0002, 1.02))

    assert 1.02 <= clear == fence < later


def test_lost_agent_audio_is_heard_as_silence_of_the_same_length() -> None:
    line = PhoneLine(LineQuality(loss_percent=50), seed=1)

    heard = line.through(tone(1010))

    assert len(heard) == 1010 * 8
    assert heard.count(b"\xff" * 160) >= line.lost // 2 > 5

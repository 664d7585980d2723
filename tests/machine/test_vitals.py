"""The figures are those of this process."""

from twilio_rt_cli.machine.vitals import Vitals


def test_memory_grows_by_what_is_kept() -> None:
    vitals = Vitals()
    before = vitals.look().rss_mb
    kept = bytearray(b"x" * 50_000_000)
    after = vitals.look().rss_mb
    assert 40 < after - before < 80
    assert len(kept) == 50_000_000


def test_the_share_of_a_core_is_told_over_half_a_second_at_least() -> None:
    now, cpu = [100.0], [7.0]
    vitals = Vitals(lambda: now[0], lambda: cpu[0])
    now[0], cpu[0] = 102.0, 7.5
    assert vitals.look().cpu_percent == 25.0
    now[0], cpu[0] = 102.4, 7.9
    assert vitals.look().cpu_percent == 25.0
    now[0] = 102.5
    assert vitals.look().cpu_percent == 80.0

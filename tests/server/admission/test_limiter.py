from twilio_rt_cli.server.admission.limiter import RefusalLimiter


def test_an_address_refused_too_often_is_known_until_it_calms_down() -> None:
    limiter = RefusalLimiter(burst=3, per_s=1.0)
    for _ in range(3):
        assert not limiter.exceeded("10.0.0.1", 0.0)
        limiter.count("10.0.0.1", 0.0)
    assert limiter.exceeded("10.0.0.1", 0.0)
    assert not limiter.exceeded("10.0.0.2", 0.0)
    assert not limiter.exceeded("10.0.0.1", 1.5)


def test_a_long_flood_is_forgiven_as_fast_as_a_short_one() -> None:
    limiter = RefusalLimiter(burst=3, per_s=1.0)
    for _ in range(1000):
        limiter.count("10.0.0.1", 0.0)
    assert not limiter.exceeded("10.0.0.1", 2.0)


def test_calm_addresses_are_forgotten() -> None:
    limiter = RefusalLimiter(burst=3, per_s=1.0)
    limiter.count("10.0.0.1", 0.0)
    limiter.count("10.0.0.2", 0.5)
    limiter.sweep(1.0)
    assert len(limiter) == 1


def test_many_addresses_do_not_fill_the_memory() -> None:
    limiter = RefusalLimiter()
    for number in range(5000):
        limiter.count(f"10.0.{number >> 8}.{number & 255}", 0.0)
    assert len(limiter) == 4096

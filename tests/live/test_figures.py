"""Figures in few cells."""

import pytest

from twilio_rt_cli.live.figures import clock, count, dollars, ms, sparkline


def test_what_was_not_observed_is_never_a_zero() -> None:
    assert (ms(None), dollars(None)) == ("–", "n/a")
    assert (ms(0.2), dollars(0.0)) == ("0", "0.000")


@pytest.mark.parametrize(("value", "shown"), [(760.4, "760"), (99_999, "99999"), (100_000, "100s")])
def test_milliseconds(value: float, shown: str) -> None:
    assert ms(value) == shown


@pytest.mark.parametrize(("value", "shown"), [(0.0914, "0.091"), (12.345, "12.35"), (1234.5, "1234")])
def test_dollars(value: float, shown: str) -> None:
    assert dollars(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        *[(0, "0"), (999, "999"), (999.7, "999"), (1000, "1.0k"), (3_140, "3.1k"), (9_960, "10k")],
        *[(412_000, "412k"), (999_999, "999k"), (1_230_000, "1.2M"), (7e9, "7G")],
    ],
)
def test_numbers(value: float, shown: str) -> None:
    assert count(value) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"), [(-1, "0:00"), (92, "1:32"), (8049, "2:14:09"), (359_999, "99:59:59"), (360_000, "4d 04:00")]
)
def test_durations(seconds: float, shown: str) -> None:
    assert clock(seconds) == shown


def test_bars_stand_for_the_last_values_from_zero_on() -> None:
    assert sparkline([9, 0, 1, 4, 8], 4) == "▁▂▅█"
    assert (sparkline([1, 2], 0), sparkline([], 5), sparkline([0, 0], 5)) == ("", "", "––")

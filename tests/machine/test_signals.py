"""What asks us to stop is told to whoever wants to know, and afterwards is as before."""

import asyncio
import os
import signal

import pytest

from twilio_rt_cli.machine.signals import STOP_SIGNALS, on_stop_signals


@pytest.mark.parametrize("number", STOP_SIGNALS)
def test_a_signal_is_told_on_the_loop(number: signal.Signals) -> None:
    async def story() -> None:
        told = asyncio.Event()
        with on_stop_signals(told.set, asyncio.get_running_loop()):
            os.kill(os.getpid(), number)
            async with asyncio.timeout(5):
                await told.wait()

    asyncio.run(story())


@pytest.mark.parametrize("number", STOP_SIGNALS)
def test_without_a_loop_it_is_told_at_once(number: signal.Signals) -> None:
    told: list[int] = []
    with on_stop_signals(lambda: told.append(1)):
        signal.raise_signal(number)
        assert told == [1]
        signal.raise_signal(number)
    assert told == [1, 1]


def test_afterwards_signals_do_what_they_did() -> None:
    def handlers() -> list[object]:
        return [signal.getsignal(number) for number in STOP_SIGNALS]

    async def story() -> None:
        before = handlers()  # asyncio.run has one of its own for SIGINT
        with on_stop_signals(lambda: None, asyncio.get_running_loop()):
            assert handlers() != before
        assert handlers() == before

    before = handlers()
    with on_stop_signals(lambda: None):
        assert handlers() != before
    assert handlers() == before
    asyncio.run(story())
    assert handlers() == before

"""The way to a running server: origins, and what must become of right and wrong signatures."""

import asyncio
import os

import pytest

from tests.server.world import ACCOUNT, TOKEN, serving
from twilio_rt_cli.caller.probe import Probe, Step
from twilio_rt_cli.doctor.finding import State
from twilio_rt_cli.doctor.reach import origin_findings, trip_findings, wrong_finding
from twilio_rt_cli.machine.state import RunningServer
from twilio_rt_cli.settings.groups import TwilioSettings
from twilio_rt_cli.settings.loading import bare_settings

ORIGIN = "https://bridge.example.com"
SERVER = RunningServer(os.getpid(), "", 5001, "http://127.0.0.1:5002")


def settings(**given: object) -> TwilioSettings:
    named = {"realtime_provider": "local", "twilio_auth_token": TOKEN, "twilio_account_sid": ACCOUNT}
    return bare_settings(**(named | given)).twilio


@pytest.mark.parametrize(
    ("origin", "state"), [(None, State.SKIPPED), ("http://127.0.0.1:5001", State.WARNING), (ORIGIN, State.OK)]
)
def test_the_origin(origin: str | None, state: State) -> None:
    [finding] = origin_findings(None, origin, None)
    assert finding.state is state
    assert bool(finding.hint) == (state is not State.OK)


@pytest.mark.parametrize(("of_server", "state"), [(ORIGIN, State.OK), ("http://127.0.0.1:5001", State.FAILED)])
def test_the_server_must_go_by_the_same_origin(of_server: str, state: State) -> None:
    _, finding = origin_findings(ORIGIN, ORIGIN, of_server)
    assert (finding.name, finding.state) == ("public-url", state)


def test_without_a_server_nobody_is_called() -> None:
    for origin, server in ((ORIGIN, None), (None, SERVER)):
        found = asyncio.run(trip_findings(settings(), origin, server))
        assert [one.state for one in found] == [State.SKIPPED, State.SKIPPED]


def test_a_right_signature_passes_and_wrong_ones_do_not() -> None:
    async def story() -> None:
        async with serving(account_sid=ACCOUNT) as world:
            found = await trip_findings(settings(), world.local_url, SERVER)
            assert [one.state for one in found] == [State.OK, State.OK], found
            assert world.server.registry.places == 0
            other = await trip_findings(settings(twilio_auth_token="x" * 32), world.local_url, SERVER)
            assert [(one.state, one.code) for one in other] == [(State.FAILED, 3), (State.SKIPPED, 0)]

    asyncio.run(story())


def test_an_origin_where_nobody_answers_is_exit_5() -> None:
    trip, _ = asyncio.run(trip_findings(settings(), "http://127.0.0.1:1", SERVER))
    assert (trip.state, trip.code) == (State.FAILED, 5)


@pytest.mark.parametrize(
    ("webhook", "stream", "checked", "state"),
    [
        (Probe(ORIGIN), Probe(ORIGIN), True, State.FAILED),
        (Probe(ORIGIN), Probe(ORIGIN), False, State.WARNING),
        (Probe(ORIGIN, "No.", refused=True), Probe(ORIGIN), True, State.FAILED),
        (Probe(ORIGIN, "Gone."), Probe(ORIGIN, "No.", failed=Step.STREAM, refused=True), True, State.FAILED),
        (
            Probe(ORIGIN, "No.", refused=True),
            Probe(ORIGIN, "No.", failed=Step.STREAM, refused=True),
            True,
            State.OK,
        ),
    ],
)
def test_what_became_of_wrong_signatures(webhook: Probe, stream: Probe, checked: bool, state: State) -> None:
    assert wrong_finding(webhook, stream, checked=checked).state is state

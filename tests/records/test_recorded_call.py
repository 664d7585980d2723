"""A recorded call: what is on the recording against what the phone says was true, over real sockets."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.playbook import PLAN, STREAM, audio, created, delta, echo, media, session_updated
from tests.records.recorded_call import Both, Turn, lag_ms, lags_ms, recorded_call, tracks
from tests.scripted_model import Answer, Speech
from twilio_rt_cli.call.call import Call
from twilio_rt_cli.call.commands import SendMedia
from twilio_rt_cli.call.events import Began, Event, ModelOpened
from twilio_rt_cli.caller.line import LineQuality
from twilio_rt_cli.protocol.realtime import AudioDelta, ItemId, ResponseId
from twilio_rt_cli.protocol.twilio import CallSid, Media, MediaDetails, Stop, StreamSid
from twilio_rt_cli.records.audio_files import AudioRecordings
from twilio_rt_cli.records.recorded_call import RecordedCall

GREETING = Answer((Speech(2000),))
TURNS = [
    Turn(600, 200, Answer((Speech(2500),), pace=4)),
    Turn(600, 200, Answer((Speech(300), Speech(300, gap_ms=500)), pace=3, delta_ms=100)),
]
OPENING: tuple[Event, ...] = (Began(), echo("probe"), ModelOpened(), session_updated())
BAD = LineQuality(loss_percent=5, jitter_ms=60, latency_ms=60)


@dataclass(frozen=True)
class Figures:
    """How far a recording is from the truth, in ms; the caller's channel gives the time."""

    caller_spread: float
    caller_missing: int
    agent_off: float
    agent_p95: float
    agent_missing: int
    """windows of 20 ms that were heard, and are not on the recording"""
    agent_invented: int
    """and the other way round"""


def compare(both: Both) -> Figures:
    lag = lag_ms(both.true_caller, both.caller)
    caller = lags_ms(both.true_caller, both.caller, lag)
    agent = lags_ms(both.true_agent, both.agent, lag)
    return Figures(
        caller_spread=max(abs(one) for one in caller if one is not None),
        caller_missing=caller.count(None),
        agent_off=max(abs(one) for one in agent if one is not None),
        agent_p95=float(np.quantile([abs(one) for one in agent if one is not None], 0.95)),
        agent_missing=agent.count(None),
        agent_invented=lags_ms(both.agent, both.true_agent, -lag).count(None),
    )


def test_both_channels_are_what_was_said_and_heard_on_good_lines_and_bad(tmp_path: Path) -> None:
    async def test() -> tuple[Both, ...]:
        return await asyncio.gather(
            recorded_call(tmp_path / "good", GREETING, TURNS),
            recorded_call(tmp_path / "bad", GREETING, TURNS, quality=BAD, buffer_delay_ms=40, seed=5),
        )

    calls = asyncio.run(test())
    for both in calls:
        figures = compare(both)
        assert len(both.report.cuts) == 2
        assert figures.caller_spread <= 20, figures
        assert figures.agent_p95 <= 40, figures
        assert figures.agent_missing <= 2 * 3, figures  # at each cut, the playout itself knows no better
    good, bad = map(compare, calls)
    assert good.caller_missing == 0
    assert good.agent_invented <= 2 * 3
    assert bad.caller_missing < 10  # what the line has lost before it came to the bridge


def told(tmp_path: Path) -> RecordedCall:
    """A recorded call that talks."""
    recordings = AudioRecordings(tmp_path)
    recording = recordings.begin(CallSid("CA1"), STREAM, datetime(2026, 11, 25))
    call = RecordedCall(Call(PLAN, STREAM, 100.0), recording, 100.0)
    for event in OPENING:
        call.receive(event, 100.0)
    return call


def test_a_recorded_call_orders_what_any_call_orders(tmp_path: Path) -> None:
    plain, recorded = Call(PLAN, STREAM, 100.0), told(tmp_path)
    for event in OPENING:
        plain.receive(event, 100.0)
    story: list[Event] = [media(), created(), delta(500), media(), echo("0:160"), delta(500), Stop()]
    for number, event in enumerate(story):
        now = 100.0 + number / 50
        assert recorded.receive(event, now) == plain.receive(event, now)
        assert recorded.deadline() == plain.deadline()
    assert recorded.statistics == plain.statistics


def test_a_bug_of_the_tape_ends_the_recording_and_not_the_call(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    call = told(tmp_path)
    call.receive(created(), 100.0)
    no_bytes: Any = "which a tape cannot take"
    commands = call.receive(AudioDelta(ResponseId("resp_1"), ItemId("item_1"), no_bytes), 100.1)
    assert any(isinstance(one, SendMedia) for one in commands)
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert call.receive(media(), 100.2)
    call.over(100.3)
    assert len(caplog.records) == 1


def test_audio_that_the_call_refuses_is_not_recorded(tmp_path: Path) -> None:
    with AudioRecordings(tmp_path) as recordings:
        recording = recordings.begin(CallSid("CA1"), STREAM, datetime(2026, 11, 25))
        call = RecordedCall(Call(PLAN, STREAM, 100.0), recording, 100.0)
        call.receive(Began(), 100.0)
        call.receive(media(2000), 100.02)
        call.receive(Media(MediaDetails(audio(20)), StreamSid("MZother"), 3), 100.04)
        call.receive(media(20), 100.06)
        call.receive(Stop(), 100.08)
        call.over(100.1)
    caller, agent = tracks(recording.path)
    assert (caller.count(0), len(caller)) == (160, 640)
    assert agent == b"\xff" * 640

"""A call over real sockets that both sides record: the bridge as it runs, and the simulated phone what was true.

Whatever is said is noise, so that each stretch is found again in exactly one place.
"""

import asyncio
import random
import statistics
import wave
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from tests.open_bridge import PLAN, open_bridge
from tests.scripted_model import Answer, Script, scripted_model
from twilio_rt_cli.audio import mulaw
from twilio_rt_cli.bridge.core import Core
from twilio_rt_cli.call.call import Call
from twilio_rt_cli.caller.client import SimulatedCall, place_call
from twilio_rt_cli.caller.events import CallerSpoke, CallEvent
from twilio_rt_cli.caller.line import LineQuality
from twilio_rt_cli.caller.report import CallReport
from twilio_rt_cli.caller.script import HangUp, Pause, Say, Step, Utterance
from twilio_rt_cli.protocol.twilio import Start
from twilio_rt_cli.records.audio_files import AudioRecordings
from twilio_rt_cli.records.recorded_call import RecordedCall

PER_MS = 8
WINDOW = 20 * PER_MS
NEAR = 45 * PER_MS


@dataclass(frozen=True)
class Turn:
    """What the caller says after a pause, and what the model answers to it."""

    pause_ms: int
    says_ms: int
    answer: Answer


@dataclass
class Both:
    """The bridge's recording and the phone's, µ-law."""

    caller: bytes
    agent: bytes
    report: CallReport
    path: Path

    @property
    def true_caller(self) -> bytes:
        return _plain(self.report.caller_track)

    @property
    def true_agent(self) -> bytes:
        return _plain(self.report.agent_track)


async def recorded_call(
    folder: Path,
    greeting: Answer,
    turns: list[Turn],
    *,
    quality: LineQuality | None = None,
    buffer_delay_ms: int = 0,
    seed: int = 0,
) -> Both:
    """Place the call; the caller stays on the line for 1.2 s after the last words."""
    dice = random.Random(seed)
    steps: list[Step] = []
    for number, turn in enumerate(turns):
        steps += [Pause(turn.pause_ms), Say(Utterance(str(number), noise(dice, turn.says_ms)))]
    script = Script([greeting])
    spoken: asyncio.Queue[int] = asyncio.Queue()

    def watch(event: CallEvent) -> None:
        if isinstance(event, CallerSpoke):
            spoken.put_nowait(int(event.text))

    async def answer() -> None:
        connection = await script.connected()
        for _ in turns:
            await connection.speech(answer=turns[await spoken.get()].answer)

    with AudioRecordings(folder) as recordings:
        path, around = recorder(recordings)
        async with scripted_model(script), open_bridge(script.url, plan=PLAN, around=around) as url:
            plan = SimulatedCall(
                url,
                (*steps, Pause(1200), HangUp()),
                quality=quality or LineQuality(),
                seed=seed,
                buffer_delay_ms=buffer_delay_ms,
            )
            async with asyncio.TaskGroup() as group:
                answering = group.create_task(answer())
                report = await place_call(plan, hang_up=asyncio.Event(), watch=watch)
                answering.cancel()
    caller, agent = tracks(path[0])
    return Both(caller, agent, report, path[0])


def recorder(recordings: AudioRecordings) -> tuple[list[Path], Callable[[Call, Start, float], Core]]:
    """What `open_bridge` wants for recorded calls, and the list where their paths will be."""
    paths: list[Path] = []

    def around(call: Call, start: Start, now: float) -> Core:
        recording = recordings.begin(start.start.call_sid, start.stream_sid, datetime.now())
        paths.append(recording.path)
        return RecordedCall(call, recording, now)

    return paths, around


def tracks(path: Path) -> tuple[bytes, bytes]:
    """Caller and agent of a recording, µ-law, as Python's own reader sees them."""
    with wave.open(str(path)) as reader:
        assert (reader.getnchannels(), reader.getframerate(), reader.getsampwidth()) == (2, 8000, 2)
        both = np.frombuffer(reader.readframes(reader.getnframes()), dtype="<i2").reshape(-1, 2)
    return mulaw.encode(both[:, 0].astype(np.int16)), mulaw.encode(both[:, 1].astype(np.int16))


def noise(dice: random.Random, ms: int) -> bytes:
    """Audio that is never silence."""
    return dice.randbytes(ms * PER_MS).replace(b"\xff", b"\x80").replace(b"\x7f", b"\x80")


def lags_ms(true: bytes, ours: bytes, about_ms: float) -> list[float | None]:
    """By how much each 20 ms of the truth lie later in our track than expected; None where we do not have them.

    A model's noise comes again after 100 ms, so only what is near where it should be counts.
    """
    found: list[float | None] = []
    for at in range(0, len(true) - WINDOW, WINDOW):
        window = true[at : at + WINDOW // 2]
        if window.count(0xFF) < 8:
            expected = at + round(about_ms * PER_MS)
            begin = max(0, expected - NEAR)
            place = ours.find(window, begin, expected + NEAR + len(window))
            found.append(None if place < 0 else (place - expected) / PER_MS)
    return found


def lag_ms(true: bytes, ours: bytes) -> float:
    """By how much the most of a track lies later in ours."""
    windows = (true[at : at + WINDOW] for at in range(0, len(true) - WINDOW, WINDOW))
    places = [(ours.find(one) - true.find(one)) / PER_MS for one in windows if one.count(0xFF) < 8 and one in ours]
    return statistics.median(places)


def _plain(track: bytes) -> bytes:
    return track.replace(b"\x7f", b"\xff")  # both are silence, and PCM knows one

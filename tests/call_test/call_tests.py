"""What tests of `call-test` share: its command line with defaults, a voice of tones, and a stand-in in a thread."""

import asyncio
import threading
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tests.caller.sounds import tone
from tests.caller.stand_in import Manners, StandIn, stand_in
from twilio_rt_cli.audio import mulaw
from twilio_rt_cli.call_test.options import CallTestOptions
from twilio_rt_cli.call_test.voice import CallerVoice
from twilio_rt_cli.caller.behaviour import Patience

DEFAULTS = CallTestOptions(patience=Patience(quiet_ms=300))  # the stand-in's tones have no pauses


def options(url: str | None, **changes: object) -> CallTestOptions:
    """The command line with these changes."""
    return replace(DEFAULTS, url=url, **changes)  # type: ignore[arg-type]  # names and types are the caller's


def tone_voice() -> CallerVoice:
    """Speaks a tone whatever the words, and hears how long a sound is."""
    return CallerVoice(speak=lambda _: tone(150), hear=lambda audio: f"a tone of {len(audio) // 8} milliseconds")


def recording(folder: Path, ms: int = 150) -> Path:
    """A WAV file with a tone."""
    path = folder / f"tone-{ms}.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(mulaw.decode(tone(ms)).astype("<i2").tobytes())
    return path


@contextmanager
def stand_in_thread(manners: Manners | None = None) -> Iterator[StandIn]:
    """A stand-in that runs beside a blocking test."""
    running, over = threading.Event(), threading.Event()
    bridges: list[StandIn] = []

    async def serve() -> None:
        async with stand_in(manners) as bridge:
            bridges.append(bridge)
            running.set()
            await asyncio.to_thread(over.wait)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert running.wait(10)
    try:
        yield bridges[0]
    finally:
        over.set()
        thread.join(10)
